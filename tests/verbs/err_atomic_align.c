// SPDX-License-Identifier: GPL-2.0
/*
 * Description: atomics at addresses that are not a multiple of 8 are refused, at the post or as an
 * invalid request, and change nothing.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <errno.h>
#include <string.h>

#include "t_sweep.h"

/* Some providers look at the address themselves: as good. */
static bool refused_at_post(struct t_pair *p, struct ibv_send_wr *wr)
{
	int rc = t_try_post(&p->a, wr);

	if (!rc) {
		/* Under way: t_expect_error() posts its own. */
		t_pair_recycle(p);
		return false;
	}
	t_check(rc == EINVAL, "ibv_post_send: expected EINVAL, seen %s", strerror(rc));
	t_expect_quiet("refused request", p->a.scq);
	return true;
}

static void kind_fn(struct t_pair *p, enum t_kind kind, void *arg)
{
	enum ibv_wr_opcode op = *(enum ibv_wr_opcode *)arg;
	struct t_buf l, r;
	unsigned int i;

	t_buf_open(&l, p->a.pd, kind, 2 * T_PAGE, T_ACCESS_ALL);
	t_buf_open(&r, p->b.pd, kind, 2 * T_PAGE, T_ACCESS_ALL);
	for (i = 1; i < 8; i++) {
		struct ibv_sge s = t_sge(&l, 0, 8);
		struct ibv_send_wr wr = t_send_wr(op, 1, &s, 1, r.iova + T_PAGE - 8 + i,
						  r.mr->rkey);

		t_case("%s %s at an address %u above a multiple of 8", t_kind_name(kind),
		       t_op_name(op), i);
		wr.wr.atomic.compare_add = 1;
		if (refused_at_post(p, &wr))
			continue;
		t_expect_error(p, &wr, IBV_WC_REM_INV_REQ_ERR, -1, IBV_EVENT_QP_REQ_ERR);
	}
	t_buf_check_all("target side memory", &r);
	t_buf_check_all("initiator side memory", &l);
	t_buf_close(&l);
	t_buf_close(&r);
}

int main(void)
{
	enum ibv_wr_opcode cas = IBV_WR_ATOMIC_CMP_AND_SWP, add = IBV_WR_ATOMIC_FETCH_AND_ADD;

	t_start(60);
	t_each_kind(cas, kind_fn, &cas, NULL);
	t_each_kind(add, kind_fn, &add, NULL);
	return t_finish();
}
