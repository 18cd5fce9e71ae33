// SPDX-License-Identifier: GPL-2.0
/*
 * Description: a region deregistered while requests that use it are under way: each of them ends
 * in success or in the right error, no memory is written after ibv_dereg_mr has returned.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <stdio.h>
#include <string.h>

#include "t_sweep.h"

#define N	60
#define LEN	65536
#define ROUNDS	30

static void kind_fn(struct t_pair *p, enum t_kind kind, void *arg)
{
	unsigned int round, i, good = 0, bad = 0;
	struct ibv_send_wr wr[N];
	struct ibv_sge sge[N];
	struct t_buf l, r;
	struct ibv_wc wc;

	(void)arg;
	t_buf_open(&l, p->a.pd, T_PINNED, LEN, T_ACCESS_ALL);
	for (round = 0; round < ROUNDS; round++) {
		bool at_target = round & 1;
		struct t_buf *b = at_target ? &r : &l;
		int expected = at_target ? IBV_WC_REM_ACCESS_ERR : IBV_WC_LOC_PROT_ERR;

		t_case("%s, %s region, round %u", t_kind_name(kind),
		       at_target ? "target's" : "initiator's", round);
		t_dereg(l.mr);
		t_buf_reg(&l, p->a.pd, kind, T_ACCESS_ALL);
		t_buf_open(&r, p->b.pd, kind, LEN, T_ACCESS_ALL);
		/* One list, longer than a device runs before ibv_post_send returns. */
		for (i = 0; i < N; i++) {
			sge[i] = t_sge(&l, 0, LEN);
			wr[i] = t_send_wr(i & 2 ? IBV_WR_RDMA_READ : IBV_WR_RDMA_WRITE, i, &sge[i],
					  1, r.iova, r.mr->rkey);
			wr[i].next = i + 1 < N ? &wr[i + 1] : NULL;
		}
		t_post(&p->a, wr);
		t_dereg(b->mr);
		b->mr = NULL;
		if (at_target)
			memset(r.addr, 0x77, LEN);
		for (i = 0; i < N; i++) {
			if (!t_wc(p->a.scq, &wc, t_scale(T_WC_MS))) {
				t_fail("expected completion %u of %u, seen none in 4 s", i, N);
				break;
			}
			t_eq("wr_id", wc.wr_id, i);
			if (wc.status == IBV_WC_SUCCESS)
				good++;
			else
				bad++;
			t_check(wc.status == IBV_WC_SUCCESS || (int)wc.status == expected ||
				wc.status == IBV_WC_WR_FLUSH_ERR,
				"status: expected success, '%s' or flush, seen '%s'",
				ibv_wc_status_str(expected), ibv_wc_status_str(wc.status));
		}
		if (at_target)
			t_all_bytes("memory after ibv_dereg_mr returned", r.addr, 0x77, LEN);
		t_pair_recycle(p);
		if (!b->mr)
			t_buf_reg(b, b == &l ? p->a.pd : p->b.pd, kind, T_ACCESS_ALL);
		t_buf_close(&r);
	}
	printf("%s: %u requests succeeded, %u failed as they must\n", t_kind_name(kind), good, bad);
	t_buf_close(&l);
}

int main(void)
{
	t_start(60);
	t_each_kind(IBV_WR_RDMA_WRITE, kind_fn, NULL, NULL);
	return t_finish();
}
