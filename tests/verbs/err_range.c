// SPDX-License-Identifier: GPL-2.0
/*
 * Description: addresses outside a region (one byte below, one above, far away, sums that wrap)
 * are refused on both sides for every verb, with the right status at both ends, and no byte
 * outside the region changes.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <string.h>

#include "t_sweep.h"

#define REGION	((int64_t)(3 * T_PAGE + 512))

struct range {
	const char *name;
	/* Offset from the start of the region, and length. */
	int64_t off;
	uint32_t len;
	bool wraps;
};

static const struct range ranges[] = {
	{ "one byte below", -1, 8, false },
	{ "one page below", -4096, 16, false },
	{ "one byte above", REGION - 7, 8, false },
	{ "begins at the end", REGION, 1, false },
	{ "one page above", REGION + 4096, 16, false },
	{ "longer than the region", 0, REGION + 1, false },
	{ "1 GiB above", 1 << 30, 64, false },
	{ "sum of address and length wraps", 0, 64, true },
};

static uint64_t address(const struct t_buf *b, const struct range *g)
{
	return g->wraps ? -(uint64_t)(g->len / 2) : b->iova + g->off;
}

/* What arrives may fill the part inside the region before the refusal: its bytes are undefined. */
static void accept_inside(struct t_buf *b, const struct range *g)
{
	if (!g->wraps && g->off >= 0 && g->off < REGION)
		memcpy(t_shadow(b, 0), b->addr, b->len);
}

static void remote(struct t_pair *p, struct t_buf *l, struct t_buf *r, const struct range *g,
		   enum ibv_wr_opcode op)
{
	struct ibv_sge s = t_sge(l, 0, t_is_atomic(op) ? 8 : g->len);
	struct ibv_send_wr wr = t_send_wr(op, 5, &s, 1, address(r, g), r->mr->rkey);

	if (t_is_atomic(op)) {
		wr.wr.atomic.remote_addr &= ~7ULL;
		/* Aligned, these two lie inside the region. */
		if (g->len > 64 || g->off == REGION - 7)
			return;
	}
	if (op == IBV_WR_RDMA_WRITE_WITH_IMM)
		t_post_recv(&p->b, 77, NULL, 0);
	t_expect_error(p, &wr, IBV_WC_REM_ACCESS_ERR, -1, IBV_EVENT_QP_ACCESS_ERR);
}

static void local(struct t_pair *p, struct t_buf *l, struct t_buf *r, const struct range *g,
		  enum ibv_wr_opcode op)
{
	struct ibv_sge s = { address(l, g), t_is_atomic(op) ? 8 : g->len, l->mr->lkey };
	struct ibv_send_wr wr = t_send_wr(op, 6, &s, 1, r->iova, r->mr->rkey);

	if (t_is_atomic(op) && g->len > 64)
		return;
	t_expect_error(p, &wr, IBV_WC_LOC_PROT_ERR, -1, -1);
	accept_inside(l, g);
}

static void recv(struct t_pair *p, struct t_buf *l, struct t_buf *r, const struct range *g)
{
	struct ibv_sge s = t_sge(l, 0, g->len), rs = { address(r, g), g->len, r->mr->lkey };
	struct ibv_send_wr wr = t_send_wr(IBV_WR_SEND, 7, &s, 1, 0, 0);

	t_post_recv(&p->b, 77, &rs, 1);
	t_expect_error(p, &wr, IBV_WC_REM_OP_ERR, IBV_WC_LOC_PROT_ERR, -1);
	accept_inside(r, g);
}

static void kind_fn(struct t_pair *p, enum t_kind kind, void *arg)
{
	static const enum ibv_wr_opcode ops[] = {
		IBV_WR_RDMA_WRITE, IBV_WR_RDMA_WRITE_WITH_IMM, IBV_WR_RDMA_READ,
		IBV_WR_ATOMIC_FETCH_AND_ADD, IBV_WR_ATOMIC_CMP_AND_SWP,
	};
	struct t_buf l, r, big;
	unsigned int i, j;

	(void)arg;
	if (kind == T_IMPLICIT) {
		t_skip_case("an implicit region has no end: see err_unmapped");
		return;
	}
	t_buf_open(&l, p->a.pd, kind, REGION, T_ACCESS_ALL);
	t_buf_open(&r, p->b.pd, kind, REGION, T_ACCESS_ALL);
	t_buf_open(&big, p->a.pd, T_PINNED, 4 * REGION, T_ACCESS_ALL);
	for (i = 0; i < T_ARRAY_SIZE(ranges); i++) {
		const struct range *g = &ranges[i];

		for (j = 0; j < T_ARRAY_SIZE(ops); j++) {
			if (!t_kind_ok(p->a.d, kind, ops[j]))
				continue;
			t_case("%s remote %s, %s", t_kind_name(kind), t_op_name(ops[j]), g->name);
			remote(p, &big, &r, g, ops[j]);
			t_case("%s local %s, %s", t_kind_name(kind), t_op_name(ops[j]), g->name);
			local(p, &l, &r, g, ops[j]);
		}
		t_case("%s local SEND, %s", t_kind_name(kind), g->name);
		local(p, &l, &r, g, IBV_WR_SEND);
		t_case("%s receive, %s", t_kind_name(kind), g->name);
		recv(p, &big, &r, g);
	}
	t_case("%s, after all refusals", t_kind_name(kind));
	t_buf_check_all("target side memory", &r);
	t_buf_check_all("initiator side memory", &l);
	t_buf_check_all("other initiator memory", &big);
	t_buf_close(&l);
	t_buf_close(&r);
	t_buf_close(&big);
}

int main(void)
{
	t_start(120);
	t_each_kind(IBV_WR_SEND, kind_fn, NULL, NULL);
	return t_finish();
}
