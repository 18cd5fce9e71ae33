// SPDX-License-Identifier: GPL-2.0
/*
 * Description: a target that has no room for READs and atomics (max_dest_rd_atomic 0) refuses them
 * as invalid requests, with an event, and does not change a byte; WRITE and SEND succeed. With
 * max_rd_atomic 0 pinless does not send them.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include "t_op.h"

#define LEN	64

static struct t_pair p;
static struct t_buf l, r;

static void refused(const struct t_attr *a, const struct t_attr *b, enum ibv_wr_opcode op)
{
	struct ibv_sge s = t_sge(&l, 0, t_is_atomic(op) ? 8 : LEN);
	struct ibv_send_wr wr = t_send_wr(op, 1, &s, 1, r.iova, r.mr->rkey);

	t_case("%s, max_dest_rd_atomic 0", t_op_name(op));
	if (t_is_atomic(op))
		wr.wr.atomic.compare_add = 3;
	t_pair_recycle_as(&p, a, b);
	t_expect_error(&p, &wr, IBV_WC_REM_INV_REQ_ERR, -1, IBV_EVENT_QP_REQ_ERR);
	t_buf_check_all("target side memory", &r);
	t_buf_check_all("initiator side memory", &l);
}

static void allowed(const struct t_attr *a, const struct t_attr *b, enum ibv_wr_opcode op)
{
	t_case("%s, max_dest_rd_atomic 0", t_op_name(op));
	t_pair_recycle_as(&p, a, b);
	t_do(&p, &(struct t_op){ .opcode = op, .l = &l, .r = &r, .loff = 8, .roff = 72,
				 .len = LEN });
}

/* Nothing leaves the initiator. */
static void not_sent(const struct t_attr *a, const struct t_attr *b, enum ibv_wr_opcode op)
{
	struct ibv_sge s = t_sge(&l, 0, t_is_atomic(op) ? 8 : LEN);
	struct ibv_send_wr wr = t_send_wr(op, 1, &s, 1, r.iova, r.mr->rkey);

	t_case("%s, max_rd_atomic 0", t_op_name(op));
	t_pair_recycle_as(&p, a, b);
	t_expect_error(&p, &wr, IBV_WC_LOC_QP_OP_ERR, -1, -1);
	t_buf_check_all("target side memory", &r);
	t_buf_check_all("initiator side memory", &l);
}

int main(void)
{
	struct t_attr a, b;
	struct t_dev d;

	t_start(60);
	d = t_dev_open();
	t_pair_open(&p, &d, NULL);
	t_buf_open(&l, p.a.pd, T_PINNED, T_PAGE, T_ACCESS_ALL);
	t_buf_open(&r, p.b.pd, T_PINNED, T_PAGE, T_ACCESS_ALL);
	a = p.attr;
	b = p.attr;
	b.rd_atomic = 0;
	refused(&a, &b, IBV_WR_RDMA_READ);
	refused(&a, &b, IBV_WR_ATOMIC_CMP_AND_SWP);
	refused(&a, &b, IBV_WR_ATOMIC_FETCH_AND_ADD);
	if (d.pinless) {
		not_sent(&b, &a, IBV_WR_RDMA_READ);
		not_sent(&b, &a, IBV_WR_ATOMIC_FETCH_AND_ADD);
	}
	allowed(&a, &b, IBV_WR_RDMA_WRITE);
	allowed(&a, &b, IBV_WR_SEND);
	allowed(&a, &b, IBV_WR_RDMA_WRITE_WITH_IMM);
	t_buf_close(&l);
	t_buf_close(&r);
	t_pair_close(&p);
	t_dev_close(&d);
	return t_finish();
}
