// SPDX-License-Identifier: GPL-2.0
/*
 * Description: requests of one queue pair take effect in the order of posting: READ after WRITE
 * sees it, a SEND arrives after the WRITEs before it, a fenced WRITE uses what a READ brought,
 * and completions come in order across a full queue.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <string.h>

#include "t_sweep.h"

#define ROUNDS	40
#define DEPTH	60
#define REGION	(64 * T_PAGE)

static void read_after_write(struct t_pair *p, struct t_buf *l, struct t_buf *r)
{
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		struct ibv_sge from = t_sge(l, i * 100, 5000), to = t_sge(l, 40000, 5000);
		struct ibv_send_wr rd = t_send_wr(IBV_WR_RDMA_READ, 2, &to, 1,
						  r->iova + 777, r->mr->rkey);
		struct ibv_send_wr wr = t_send_wr(IBV_WR_RDMA_WRITE, 1, &from, 1,
						  r->iova + 777, r->mr->rkey);

		wr.next = &rd;
		t_post(&p->a, &wr);
		t_expect_wc("WRITE", p->a.scq, 1, IBV_WC_SUCCESS, NULL);
		t_expect_wc("READ", p->a.scq, 2, IBV_WC_SUCCESS, NULL);
		if (!t_bytes("READ after WRITE", l->addr + 40000, l->addr + i * 100, 5000))
			return;
	}
}

static void send_after_write(struct t_pair *p, struct t_buf *l, struct t_buf *r)
{
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		struct ibv_sge big = t_sge(l, i * 8, 30000), small = t_sge(l, 0, 8);
		struct ibv_sge rs = t_sge(r, 100, 8);
		struct ibv_send_wr sd = t_send_wr(IBV_WR_SEND, 2, &small, 1, 0, 0);
		struct ibv_send_wr wr = t_send_wr(IBV_WR_RDMA_WRITE, 1, &big, 1,
						  r->iova + 4000, r->mr->rkey);

		wr.next = &sd;
		wr.send_flags = 0;
		t_post_recv(&p->b, 3, &rs, 1);
		t_post(&p->a, &wr);
		t_expect_wc("receive", p->b.rcq, 3, IBV_WC_SUCCESS, NULL);
		if (!t_bytes("WRITE before the SEND that arrived", r->addr + 4000,
			     l->addr + i * 8, 30000))
			return;
		t_expect_wc("SEND", p->a.scq, 2, IBV_WC_SUCCESS, NULL);
	}
}

/* READ into the buffer that the fenced WRITE sends on. */
static void fence(struct t_pair *p, struct t_buf *l, struct t_buf *r)
{
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		struct ibv_sge buf = t_sge(l, 50000, 20000);
		struct ibv_send_wr rd = t_send_wr(IBV_WR_RDMA_READ, 1, &buf, 1,
						  r->iova + i * 16, r->mr->rkey);
		struct ibv_send_wr wr = t_send_wr(IBV_WR_RDMA_WRITE, 2, &buf, 1,
						  r->iova + 100000, r->mr->rkey);

		rd.next = &wr;
		wr.send_flags |= IBV_SEND_FENCE;
		memset(l->addr + 50000, 0x5a, 20000);
		t_post(&p->a, &rd);
		t_expect_wc("READ", p->a.scq, 1, IBV_WC_SUCCESS, NULL);
		t_expect_wc("fenced WRITE", p->a.scq, 2, IBV_WC_SUCCESS, NULL);
		if (!t_bytes("WRITE fenced behind READ", r->addr + 100000, r->addr + i * 16, 20000))
			return;
	}
}

static void full_queue(struct t_pair *p, struct t_buf *l, struct t_buf *r)
{
	struct ibv_send_wr wr[DEPTH];
	struct ibv_sge sge[DEPTH];
	unsigned int i, round;

	for (round = 0; round < 20; round++) {
		for (i = 0; i < DEPTH; i++) {
			sge[i] = t_sge(l, (i + round) * 64, 64 + i);
			wr[i] = t_send_wr(i % 7 == 2 ? IBV_WR_RDMA_READ : IBV_WR_RDMA_WRITE, i,
					  &sge[i], 1, r->iova + 8192, r->mr->rkey);
			if (i % 7 == 2)
				sge[i].addr = l->iova + 60000 + i * 256;
			wr[i].next = i + 1 < DEPTH ? &wr[i + 1] : NULL;
		}
		t_post(&p->a, &wr[0]);
		for (i = 0; i < DEPTH; i++) {
			if (!t_expect_wc("request of a full queue", p->a.scq, i, IBV_WC_SUCCESS,
					 NULL))
				return;
		}
		t_bytes("last WRITE", r->addr + 8192, l->addr + (DEPTH - 1 + round) * 64,
			64 + DEPTH - 1);
	}
}

static void kind_fn(struct t_pair *p, enum t_kind kind, void *arg)
{
	struct t_buf l, r;

	(void)arg;
	t_buf_open(&l, p->a.pd, kind, REGION, T_ACCESS_ALL);
	t_buf_open(&r, p->b.pd, kind, REGION, T_ACCESS_ALL);
	t_case("%s, READ after WRITE", t_kind_name(kind));
	read_after_write(p, &l, &r);
	t_case("%s, SEND after WRITE", t_kind_name(kind));
	send_after_write(p, &l, &r);
	t_pair_recycle(p);
	t_case("%s, fence", t_kind_name(kind));
	fence(p, &l, &r);
	t_case("%s, full queue", t_kind_name(kind));
	full_queue(p, &l, &r);
	t_buf_close(&l);
	t_buf_close(&r);
	t_pair_recycle(p);
}

int main(void)
{
	t_start(60);
	t_each_kind(IBV_WR_SEND, kind_fn, NULL, NULL);
	return t_finish();
}
