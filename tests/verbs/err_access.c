// SPDX-License-Identifier: GPL-2.0
/*
 * Description: each verb is refused where the region, or the queue pair, lacks the right for it,
 * and works where it has just that right.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include "t_sweep.h"

#define REGION	(2 * T_PAGE)

struct right {
	enum ibv_wr_opcode op;
	int need;
};

static const struct right rights[] = {
	{ IBV_WR_RDMA_WRITE, IBV_ACCESS_REMOTE_WRITE },
	{ IBV_WR_RDMA_WRITE_WITH_IMM, IBV_ACCESS_REMOTE_WRITE },
	{ IBV_WR_RDMA_READ, IBV_ACCESS_REMOTE_READ },
	{ IBV_WR_ATOMIC_FETCH_AND_ADD, IBV_ACCESS_REMOTE_ATOMIC },
	{ IBV_WR_ATOMIC_CMP_AND_SWP, IBV_ACCESS_REMOTE_ATOMIC },
};

#define ALL_REMOTE (IBV_ACCESS_REMOTE_WRITE | IBV_ACCESS_REMOTE_READ | IBV_ACCESS_REMOTE_ATOMIC)

static void remote(struct t_pair *p, struct t_buf *l, enum t_kind kind, const struct right *g)
{
	int subset, access;
	struct t_buf r;

	for (subset = 0; subset < 8; subset++) {
		struct t_op op = { .opcode = g->op, .l = l, .r = &r, .loff = 64, .roff = 512,
				   .len = 8 };
		struct ibv_send_wr wr;
		struct ibv_sge s;

		access = IBV_ACCESS_LOCAL_WRITE | (subset & 1 ? IBV_ACCESS_REMOTE_WRITE : 0) |
			 (subset & 2 ? IBV_ACCESS_REMOTE_READ : 0) |
			 (subset & 4 ? IBV_ACCESS_REMOTE_ATOMIC : 0);
		t_case("%s %s on a region with access 0x%x", t_kind_name(kind), t_op_name(g->op),
		       access);
		t_buf_open(&r, p->b.pd, kind, REGION, access);
		if (access & g->need) {
			t_do(p, &op);
		} else {
			s = t_sge(l, 64, 8);
			wr = t_send_wr(g->op, 1, &s, 1, r.iova + 512, r.mr->rkey);
			if (t_is_atomic(g->op))
				wr.wr.atomic.compare_add = 5;
			if (t_needs_recv(g->op))
				t_post_recv(&p->b, 77, NULL, 0);
			t_expect_error(p, &wr, IBV_WC_REM_ACCESS_ERR, -1, IBV_EVENT_QP_ACCESS_ERR);
		}
		t_buf_check_all("target side memory", &r);
		t_buf_close(&r);
	}
}

/* The initiator's memory must be writable for what READ and atomics bring, a receive's too. */
static void local(struct t_pair *p, enum t_kind kind, struct t_buf *r)
{
	static const enum ibv_wr_opcode ops[] = {
		IBV_WR_RDMA_READ, IBV_WR_ATOMIC_FETCH_AND_ADD, IBV_WR_ATOMIC_CMP_AND_SWP,
	};
	struct ibv_send_wr wr;
	struct ibv_sge s;
	struct t_buf l;
	unsigned int i;

	t_buf_open(&l, p->a.pd, kind, REGION, 0);
	s = t_sge(&l, 0, 8);
	for (i = 0; i < T_ARRAY_SIZE(ops); i++) {
		if (!t_kind_ok(p->a.d, kind, ops[i]))
			continue;
		t_case("%s %s into a local region without LOCAL_WRITE", t_kind_name(kind),
		       t_op_name(ops[i]));
		wr = t_send_wr(ops[i], 1, &s, 1, r->iova, r->mr->rkey);
		t_expect_error(p, &wr, IBV_WC_LOC_PROT_ERR, -1, -1);
	}
	t_case("%s local region without LOCAL_WRITE", t_kind_name(kind));
	t_buf_check_all("initiator side memory", &l);
	t_buf_close(&l);
}

static void recv_right(struct t_pair *p, enum t_kind kind, struct t_buf *l)
{
	struct ibv_sge s = t_sge(l, 0, 8), rs;
	struct ibv_send_wr wr = t_send_wr(IBV_WR_SEND, 1, &s, 1, 0, 0);
	struct t_buf r;

	t_case("%s SEND to a receive without LOCAL_WRITE", t_kind_name(kind));
	t_buf_open(&r, p->b.pd, kind, REGION, 0);
	rs = t_sge(&r, 0, 8);
	t_post_recv(&p->b, 77, &rs, 1);
	t_expect_error(p, &wr, IBV_WC_REM_OP_ERR, IBV_WC_LOC_PROT_ERR, -1);
	t_buf_check_all("target side memory", &r);
	t_buf_close(&r);
}

static void kind_fn(struct t_pair *p, enum t_kind kind, void *arg)
{
	struct t_buf l, r;
	unsigned int i;

	(void)arg;
	t_buf_open(&l, p->a.pd, kind, REGION, IBV_ACCESS_LOCAL_WRITE);
	t_buf_open(&r, p->b.pd, kind, REGION, T_ACCESS_ALL);
	for (i = 0; i < T_ARRAY_SIZE(rights); i++) {
		if (t_kind_ok(p->a.d, kind, rights[i].op))
			remote(p, &l, kind, &rights[i]);
	}
	local(p, kind, &r);
	recv_right(p, kind, &l);
	t_buf_close(&l);
	t_buf_close(&r);
}

/* The queue pair's own rights: IBTA answers NAK invalid request. */
static void qp_rights(void)
{
	struct t_dev d = t_dev_open();
	struct t_attr at = t_attr_default(&d);
	struct t_buf l, r;
	struct t_pair p;
	unsigned int i;

	t_pair_open(&p, &d, NULL);
	t_buf_open(&l, p.a.pd, T_PINNED, REGION, T_ACCESS_ALL);
	t_buf_open(&r, p.b.pd, T_PINNED, REGION, T_ACCESS_ALL);
	for (i = 0; i < T_ARRAY_SIZE(rights); i++) {
		struct ibv_sge s = t_sge(&l, 0, 8);
		struct ibv_send_wr wr = t_send_wr(rights[i].op, 1, &s, 1, r.iova, r.mr->rkey);

		t_case("%s to a queue pair without the right 0x%x", t_op_name(rights[i].op),
		       rights[i].need);
		if (!t_kind_ok(&d, T_PINNED, rights[i].op))
			continue;
		p.attr.qp_access = ALL_REMOTE & ~rights[i].need;
		t_pair_recycle(&p);
		if (rights[i].op == IBV_WR_RDMA_WRITE_WITH_IMM)
			t_post_recv(&p.b, 77, NULL, 0);
		t_expect_error(&p, &wr, IBV_WC_REM_INV_REQ_ERR, -1, IBV_EVENT_QP_REQ_ERR);
		t_buf_check_all("target side memory", &r);
	}
	p.attr = at;
	t_buf_close(&l);
	t_buf_close(&r);
	t_pair_close(&p);
	t_dev_close(&d);
}

int main(void)
{
	t_start(60);
	t_each_kind(IBV_WR_SEND, kind_fn, NULL, NULL);
	qp_rights();
	return t_finish();
}
