// SPDX-License-Identifier: GPL-2.0
/*
 * Description: the limits that the device states can be reached, and what lies beyond them is
 * refused: SGEs, queue depths, completion queue size, inline, read and atomic depth; the port's
 * attributes fit together.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <errno.h>
#include <string.h>

#include "t_op.h"

static struct t_dev d;
static struct t_side s;

/* With the field of @at at the limit a queue pair is made; one above it is not. */
static void qp_limit(const char *what, struct t_attr *at, unsigned int *field,
		     unsigned int limit)
{
	unsigned int was = *field;
	struct ibv_qp *qp;

	t_case("%s of the stated %u", what, limit);
	*field = limit;
	qp = t_side_new_qp(&s, at);
	t_check(qp != NULL, "ibv_create_qp: expected success, seen %s", strerror(errno));
	if (qp)
		ibv_destroy_qp(qp);
	t_case("%s of the stated %u and one more", what, limit);
	*field = limit + 1;
	qp = t_side_new_qp(&s, at);
	t_check(!qp, "ibv_create_qp: expected an error, seen success");
	if (qp)
		ibv_destroy_qp(qp);
	*field = was;
}

static void queue_pairs(void)
{
	const struct ibv_device_attr *a = &d.attr.orig_attr;
	struct t_attr at = t_attr_default(&d);

	at.max_send_wr = 4;
	at.max_recv_wr = 4;
	at.max_send_sge = 1;
	at.max_recv_sge = 1;
	qp_limit("max_send_sge", &at, &at.max_send_sge, a->max_sge);
	qp_limit("max_recv_sge", &at, &at.max_recv_sge, a->max_sge);
	qp_limit("max_send_wr", &at, &at.max_send_wr, a->max_qp_wr);
	qp_limit("max_recv_wr", &at, &at.max_recv_wr, a->max_qp_wr);
}

static void completion_queues(void)
{
	int max = d.attr.orig_attr.max_cqe;
	struct ibv_cq *cq;

	t_case("completion queue of 0");
	cq = ibv_create_cq(d.ctx, 0, NULL, NULL, 0);
	t_check(!cq, "expected an error, seen success");
	if (cq)
		ibv_destroy_cq(cq);
	t_case("completion queue of the stated %d", max);
	cq = ibv_create_cq(d.ctx, max, NULL, NULL, 0);
	t_check(cq && cq->cqe >= max, "expected success, seen %s", strerror(errno));
	if (cq)
		ibv_destroy_cq(cq);
	t_case("completion queue of the stated %d and one more", max);
	cq = ibv_create_cq(d.ctx, max + 1, NULL, NULL, 0);
	t_check(!cq, "expected an error, seen success");
	if (cq)
		ibv_destroy_cq(cq);
	t_case("completion vector that does not exist");
	cq = ibv_create_cq(d.ctx, 16, NULL, NULL, d.ctx->num_comp_vectors);
	t_check(!cq, "expected an error, seen success");
	if (cq)
		ibv_destroy_cq(cq);
}

static void ports(void)
{
	const struct ibv_device_attr *a = &d.attr.orig_attr;
	struct ibv_port_attr port;
	union ibv_gid gid;
	uint16_t pkey;

	t_case("device");
	t_check(a->phys_port_cnt >= 1, "phys_port_cnt: expected 1 or more, seen %u",
		a->phys_port_cnt);
	t_check(a->max_qp > 0 && a->max_cq > 0 && a->max_mr > 0 && a->max_pd > 0,
		"max_qp %d, max_cq %d, max_mr %d, max_pd %d: expected all above 0", a->max_qp,
		a->max_cq, a->max_mr, a->max_pd);
	t_check(a->node_guid != 0, "node_guid: expected not 0");
	t_check(a->max_qp_rd_atom > 0 && a->max_qp_init_rd_atom > 0,
		"read and atomic depth: expected above 0, seen %d and %d", a->max_qp_rd_atom,
		a->max_qp_init_rd_atom);
	t_check(a->page_size_cap & 4096, "page_size_cap: expected 4096 among them, seen 0x%llx",
		(unsigned long long)a->page_size_cap);
	t_case("port");
	t_check(ibv_query_port(d.ctx, a->phys_port_cnt + 1, &port) != 0,
		"ibv_query_port of port %u: expected an error", a->phys_port_cnt + 1);
	t_check(d.port.active_mtu <= d.port.max_mtu, "active_mtu %d above max_mtu %d",
		d.port.active_mtu, d.port.max_mtu);
	t_check(d.port.max_msg_sz >= 1 << 20, "max_msg_sz: expected 1 MiB or more, seen %u",
		d.port.max_msg_sz);
	t_check(d.port.gid_tbl_len > 0, "gid_tbl_len: expected above 0");
	t_check(d.port.link_layer != IBV_LINK_LAYER_UNSPECIFIED, "link_layer: expected not 0");
	t_eq("ibv_query_pkey", ibv_query_pkey(d.ctx, 1, 0, &pkey), 0);
	t_eq("pkey 0", pkey, 0xffff);
	t_check(ibv_query_gid(d.ctx, 1, d.port.gid_tbl_len, &gid) != 0,
		"GID past the table: expected an error");
}

int main(void)
{
	struct t_attr at;

	t_start(30);
	d = t_dev_open();
	at = t_attr_default(&d);
	t_side_open(&s, &d, &at);
	queue_pairs();
	completion_queues();
	ports();
	t_side_close(&s);
	t_dev_close(&d);
	return t_finish();
}
