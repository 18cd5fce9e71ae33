// SPDX-License-Identifier: GPL-2.0
/* Copyright (c) 2026 The pinless authors */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "t_dev.h"
#include "t_test.h"

const char *t_kind_name(enum t_kind k)
{
	static const char *const names[] = { "pinned", "odp", "implicit" };

	return names[k];
}

const char *t_op_name(enum ibv_wr_opcode op)
{
	switch (op) {
	case IBV_WR_SEND:			return "SEND";
	case IBV_WR_SEND_WITH_IMM:		return "SEND_IMM";
	case IBV_WR_RDMA_WRITE:			return "WRITE";
	case IBV_WR_RDMA_WRITE_WITH_IMM:	return "WRITE_IMM";
	case IBV_WR_RDMA_READ:			return "READ";
	case IBV_WR_ATOMIC_CMP_AND_SWP:		return "CMP_SWAP";
	case IBV_WR_ATOMIC_FETCH_AND_ADD:	return "FETCH_ADD";
	default:				return "other";
	}
}

const char *t_dev_name(void)
{
	static char name[64];
	const char *want = getenv("PINLESS_TEST_DEVICE");
	struct ibv_device **list;
	int n = 0, i;

	if (name[0])
		return name;
	list = ibv_get_device_list(&n);
	if (!list || !n)
		t_skip("no RDMA device with a loaded provider on this machine");
	if (!want && n > 1)
		t_die("%d RDMA devices: name one with PINLESS_TEST_DEVICE", n);
	for (i = 0; i < n; i++) {
		if (!want || !strcmp(want, ibv_get_device_name(list[i])))
			snprintf(name, sizeof(name), "%s", ibv_get_device_name(list[i]));
	}
	if (!name[0])
		t_die("no RDMA device named '%s' (PINLESS_TEST_DEVICE)", want);
	ibv_free_device_list(list);
	return name;
}

static void node_desc(const char *dev, char *out, size_t len)
{
	char path[256];
	FILE *f;

	out[0] = '\0';
	snprintf(path, sizeof(path), "/sys/class/infiniband/%s/node_desc", dev);
	f = fopen(path, "r");
	if (!f)
		return;
	if (!fgets(out, len, f))
		out[0] = '\0';
	fclose(f);
}

static bool is_driver(const char *dev, const char *driver)
{
	char desc[80];

	node_desc(dev, desc, sizeof(desc));
	return !strncmp(desc, driver, strlen(driver)) ||
	       !strncmp(dev, driver, strlen(driver));
}

static bool gid_is_v4(const union ibv_gid *g)
{
	static const uint8_t v4[12] = { [10] = 0xff, [11] = 0xff };

	return !memcmp(g->raw, v4, sizeof(v4));
}

static bool gid_link_local(const union ibv_gid *g)
{
	return g->raw[0] == 0xfe && (g->raw[1] & 0xc0) == 0x80;
}

static void choose_gid(struct t_dev *d)
{
	const char *want = getenv("PINLESS_TEST_GID");
	struct ibv_gid_entry e;
	int best = -1, score = 0, i;

	if (want) {
		d->gid_index = atoi(want);
	} else {
		for (i = 0; i < d->port.gid_tbl_len; i++) {
			int s = 1;

			if (ibv_query_gid_ex(d->ctx, 1, i, &e, 0))
				continue;
			if (e.gid_type == IBV_GID_TYPE_ROCE_V2)
				s += 4;
			if (gid_is_v4(&e.gid))
				s += 2;
			else if (!gid_link_local(&e.gid))
				s += 1;
			if (s > score) {
				score = s;
				best = i;
			}
		}
		d->gid_index = best < 0 ? 0 : best;
	}
	if (ibv_query_gid(d->ctx, 1, d->gid_index, &d->gid))
		t_die("ibv_query_gid(port 1, index %d): %s", d->gid_index, strerror(errno));
}

/* libibverbs takes a file that may not be opened for one that is not there yet, and waits. */
static void need_access(const char *file)
{
	char path[256];

	snprintf(path, sizeof(path), "/dev/infiniband/%s", file);
	if (access(path, R_OK | W_OK) && errno == EACCES)
		t_die("%s: %s: run as root, or let this user read and write it", path,
		      strerror(errno));
}

static bool try_open(const char *name, struct t_dev *d)
{
	struct ibv_device **list;
	int n = 0, i;

	memset(d, 0, sizeof(*d));
	list = ibv_get_device_list(&n);
	for (i = 0; list && i < n; i++) {
		if (!strcmp(name, ibv_get_device_name(list[i]))) {
			need_access(list[i]->dev_name);
			d->ctx = ibv_open_device(list[i]);
		}
	}
	if (list)
		ibv_free_device_list(list);
	return d->ctx;
}

struct t_dev t_dev_open_name(const char *name)
{
	uint64_t end = t_ms() + t_scale(5000);
	struct t_dev d;

	/* A device that was made a moment ago may not have its file yet. */
	while (!try_open(name, &d)) {
		if (t_ms() > end)
			t_die("ibv_open_device(%s): %s", name, strerror(errno));
		t_sleep_ms(20);
	}
	if (ibv_query_device_ex(d.ctx, NULL, &d.attr))
		t_die("ibv_query_device_ex(%s): %s", name, strerror(errno));
	for (;;) {
		if (ibv_query_port(d.ctx, 1, &d.port))
			t_die("ibv_query_port(%s, 1): %s", name, strerror(errno));
		if (d.port.state == IBV_PORT_ACTIVE)
			break;
		if (t_ms() > end)
			t_die("port 1 of %s: expected state ACTIVE, seen %s: is its network device up?", name,
			      ibv_port_state_str(d.port.state));
		t_sleep_ms(20);
	}
	choose_gid(&d);
	d.rxe = is_driver(name, "rxe");
	d.pinless = !d.rxe && is_driver(name, "pinless");
	return d;
}

struct t_dev t_dev_open(void)
{
	return t_dev_open_name(t_dev_name());
}

void t_dev_close(struct t_dev *d)
{
	if (d->ctx && ibv_close_device(d->ctx))
		t_fail("ibv_close_device: %s", strerror(errno));
	d->ctx = NULL;
}

static uint32_t odp_cap(enum ibv_wr_opcode op)
{
	switch (op) {
	case IBV_WR_SEND:
	case IBV_WR_SEND_WITH_IMM:
		return IBV_ODP_SUPPORT_SEND | IBV_ODP_SUPPORT_RECV;
	case IBV_WR_RDMA_WRITE:
	case IBV_WR_RDMA_WRITE_WITH_IMM:
		return IBV_ODP_SUPPORT_WRITE;
	case IBV_WR_RDMA_READ:
		return IBV_ODP_SUPPORT_READ;
	default:
		return IBV_ODP_SUPPORT_ATOMIC;
	}
}

bool t_kind_ok(const struct t_dev *d, enum t_kind k, enum ibv_wr_opcode op)
{
	const struct ibv_odp_caps *c = &d->attr.odp_caps;
	bool atomic = op == IBV_WR_ATOMIC_CMP_AND_SWP || op == IBV_WR_ATOMIC_FETCH_AND_ADD;
	uint32_t need = odp_cap(op);

	if (atomic && d->attr.orig_attr.atomic_cap == IBV_ATOMIC_NONE)
		return false;
	if (k == T_PINNED)
		return true;
	if (!(c->general_caps & IBV_ODP_SUPPORT) ||
	    (c->per_transport_caps.rc_odp_caps & need) != need)
		return false;
	return k == T_ODP || (c->general_caps & IBV_ODP_SUPPORT_IMPLICIT);
}

void t_need_odp(const struct t_dev *d)
{
	if (!t_kind_ok(d, T_ODP, IBV_WR_RDMA_WRITE))
		t_skip("%s has no on-demand paging for RC", ibv_get_device_name(d->ctx->device));
}

int t_max_rd_atomic(const struct t_dev *d)
{
	int n = d->attr.orig_attr.max_qp_rd_atom;

	if (d->attr.orig_attr.max_qp_init_rd_atom < n)
		n = d->attr.orig_attr.max_qp_init_rd_atom;
	return n > 16 ? 16 : n < 1 ? 1 : n;
}
