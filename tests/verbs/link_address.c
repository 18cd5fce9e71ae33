// SPDX-License-Identifier: GPL-2.0
/*
 * Description: addresses of the network device come and go as GIDs, with the GID change event;
 * connections over each IPv4 and IPv6 address work.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <arpa/inet.h>
#include <string.h>

#include "t_event.h"
#include "t_link.h"
#include "t_op.h"

static int find_gid(struct t_dev *d, const char *address)
{
	union ibv_gid want = {}, seen;
	struct ibv_gid_entry e;
	int i;

	if (inet_pton(AF_INET6, address, want.raw) != 1) {
		want.raw[10] = 0xff;
		want.raw[11] = 0xff;
		inet_pton(AF_INET, address, want.raw + 12);
	}
	for (i = 0; i < d->port.gid_tbl_len && i < 256; i++) {
		if (ibv_query_gid_ex(d->ctx, 1, i, &e, 0))
			continue;
		seen = e.gid;
		if (e.gid_type == IBV_GID_TYPE_ROCE_V2 && !memcmp(&seen, &want, sizeof(seen)))
			return i;
	}
	return -1;
}

static int wait_gid(struct t_dev *d, const char *address, bool there)
{
	uint64_t end = t_ms() + t_scale(4000);
	int i;

	do {
		i = find_gid(d, address);
		if ((i >= 0) == there)
			return i;
		t_sleep_ms(10);
	} while (t_ms() < end);
	t_check(false, "GID of %s: expected %s, seen %s after 4 s", address,
		there ? "one" : "none", there ? "none" : "one");
	return i;
}

static void use(struct t_dev *d, const char *address)
{
	struct t_buf l, r;
	struct t_pair p;
	int i = wait_gid(d, address, true);

	t_case("data over %s", address);
	if (i < 0)
		return;
	d->gid_index = i;
	ibv_query_gid(d->ctx, 1, i, &d->gid);
	t_pair_open(&p, d, NULL);
	t_buf_open(&l, p.a.pd, T_ODP, T_PAGE, T_ACCESS_ALL);
	t_buf_open(&r, p.b.pd, T_ODP, T_PAGE, T_ACCESS_ALL);
	t_do(&p, &(struct t_op){ .opcode = IBV_WR_RDMA_WRITE, .l = &l, .r = &r, .len = 100 });
	t_buf_close(&l);
	t_buf_close(&r);
	t_pair_close(&p);
}

int main(void)
{
	static const char *const addr[] = { "10.78.9.3", "fd78:9::3", "10.78.10.4" };
	struct t_dev d;
	unsigned int i;

	t_start(60);
	t_link_need();
	t_link_add();
	d = t_dev_open_name(T_LINK);
	use(&d, "10.78.7.1");
	for (i = 0; i < T_ARRAY_SIZE(addr); i++) {
		bool six = strchr(addr[i], ':');

		t_case("address %s comes", addr[i]);
		t_events_drop(d.ctx);
		t_check(!t_run("ip addr add %s/%d dev %s %s", addr[i], six ? 64 : 24, T_LINK_NETDEV,
			       six ? "nodad" : ""), "ip addr add failed");
		wait_gid(&d, addr[i], true);
		t_check(t_event_wait(d.ctx, IBV_EVENT_GID_CHANGE, NULL, t_scale(3000)),
			"event: expected '%s', seen none in 3 s",
			ibv_event_type_str(IBV_EVENT_GID_CHANGE));
		use(&d, addr[i]);
		t_case("address %s goes", addr[i]);
		t_events_drop(d.ctx);
		t_check(!t_run("ip addr del %s/%d dev %s", addr[i], six ? 64 : 24, T_LINK_NETDEV),
			"ip addr del failed");
		wait_gid(&d, addr[i], false);
		t_check(t_event_wait(d.ctx, IBV_EVENT_GID_CHANGE, NULL, t_scale(3000)),
			"event: expected '%s', seen none in 3 s",
			ibv_event_type_str(IBV_EVENT_GID_CHANGE));
	}
	t_dev_close(&d);
	t_link_clean();
	return t_finish();
}
