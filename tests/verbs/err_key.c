// SPDX-License-Identifier: GPL-2.0
/*
 * Description: keys that are wrong (never given out, one bit off, of a deregistered region, of
 * another protection domain) are refused on both sides with the right statuses.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include "t_sweep.h"

#define REGION	(2 * T_PAGE)

static void use_rkey(struct t_pair *p, const char *name, struct t_buf *l, struct t_buf *r,
		     uint32_t rkey)
{
	static const enum ibv_wr_opcode ops[] = {
		IBV_WR_RDMA_WRITE, IBV_WR_RDMA_READ, IBV_WR_ATOMIC_FETCH_AND_ADD,
	};
	unsigned int i;

	for (i = 0; i < T_ARRAY_SIZE(ops); i++) {
		struct ibv_sge s = t_sge(l, 0, 8);
		struct ibv_send_wr wr = t_send_wr(ops[i], 1, &s, 1, r->iova, rkey);

		t_case("%s rkey 0x%x, %s, %s", name, rkey, t_op_name(ops[i]),
		       t_kind_name(r->kind));
		if (t_kind_ok(p->a.d, r->kind, ops[i]))
			t_expect_error(p, &wr, IBV_WC_REM_ACCESS_ERR, -1,
				       IBV_EVENT_QP_ACCESS_ERR);
	}
}

static void use_lkey(struct t_pair *p, const char *name, struct t_buf *l, struct t_buf *r,
		     uint32_t lkey)
{
	static const enum ibv_wr_opcode ops[] = {
		IBV_WR_RDMA_WRITE, IBV_WR_SEND, IBV_WR_RDMA_READ, IBV_WR_ATOMIC_FETCH_AND_ADD,
	};
	struct ibv_sge s = t_sge(l, 0, 8);
	struct ibv_send_wr wr;
	unsigned int i;

	s.lkey = lkey;
	for (i = 0; i < T_ARRAY_SIZE(ops); i++) {
		t_case("%s lkey 0x%x, %s, %s", name, lkey, t_op_name(ops[i]),
		       t_kind_name(l->kind));
		wr = t_send_wr(ops[i], 1, &s, 1, r->iova, r->mr->rkey);
		if (t_kind_ok(p->a.d, l->kind, ops[i]))
			t_expect_error(p, &wr, IBV_WC_LOC_PROT_ERR, -1, -1);
	}
}

static void use_recv_key(struct t_pair *p, const char *name, struct t_buf *l, struct t_buf *r,
			 uint32_t lkey)
{
	struct ibv_sge s = t_sge(l, 0, 8), rs = t_sge(r, 0, 8);
	struct ibv_send_wr wr = t_send_wr(IBV_WR_SEND, 1, &s, 1, 0, 0);

	t_case("%s key 0x%x of a receive, %s", name, lkey, t_kind_name(r->kind));
	rs.lkey = lkey;
	t_post_recv(&p->b, 77, &rs, 1);
	t_expect_error(p, &wr, IBV_WC_REM_OP_ERR, IBV_WC_LOC_PROT_ERR, -1);
}

static void kind_fn(struct t_pair *p, enum t_kind kind, void *arg)
{
	struct ibv_mr *other_a, *other_b, *gone;
	struct t_buf l, r;
	uint32_t stale_l, stale_r;

	(void)arg;
	t_buf_open(&l, p->a.pd, kind, REGION, T_ACCESS_ALL);
	t_buf_open(&r, p->b.pd, kind, REGION, T_ACCESS_ALL);
	use_rkey(p, "zero", &l, &r, 0);
	use_rkey(p, "all ones", &l, &r, ~0u);
	use_rkey(p, "other variant", &l, &r, r.mr->rkey ^ 1);
	use_rkey(p, "other index", &l, &r, r.mr->rkey + 0x10000000);
	use_lkey(p, "zero", &l, &r, 0);
	use_lkey(p, "all ones", &l, &r, ~0u);
	use_lkey(p, "other variant", &l, &r, l.mr->lkey ^ 1);
	use_recv_key(p, "zero", &l, &r, 0);
	use_recv_key(p, "other variant", &l, &r, r.mr->lkey ^ 1);

	/* The same memory, but registered in the other side's protection domain. */
	other_a = t_reg(p->b.pd, kind, l.addr, REGION, T_ACCESS_ALL);
	other_b = t_reg(p->a.pd, kind, r.addr, REGION, T_ACCESS_ALL);
	use_lkey(p, "other PD's", &l, &r, other_a->lkey);
	use_rkey(p, "other PD's", &l, &r, other_b->rkey);
	use_recv_key(p, "other PD's", &l, &r, other_b->lkey);
	t_dereg(other_a);
	t_dereg(other_b);

	gone = t_reg(p->a.pd, kind, l.addr, REGION, T_ACCESS_ALL);
	stale_l = gone->lkey;
	t_dereg(gone);
	gone = t_reg(p->b.pd, kind, r.addr, REGION, T_ACCESS_ALL);
	stale_r = gone->rkey;
	t_dereg(gone);
	use_lkey(p, "deregistered", &l, &r, stale_l);
	use_rkey(p, "deregistered", &l, &r, stale_r);
	use_recv_key(p, "deregistered", &l, &r, stale_r);

	t_case("after all refusals, %s", t_kind_name(kind));
	t_buf_check_all("target side memory", &r);
	t_buf_check_all("initiator side memory", &l);
	t_buf_close(&l);
	t_buf_close(&r);
}

int main(void)
{
	t_start(60);
	t_each_kind(IBV_WR_SEND, kind_fn, NULL, NULL);
	return t_finish();
}
