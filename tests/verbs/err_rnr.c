// SPDX-License-Identifier: GPL-2.0
/*
 * Description: a SEND or WRITE_IMM without a posted receive ends with RNR retries exceeded after
 * rnr_retry tries, and completes when a receive is posted in time; rnr_retry 7 waits for ever.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <string.h>

#include "t_op.h"

#define REGION	T_PAGE

/* Encoding 14 of min_rnr_timer is 1 ms, 20 is 10 ms (IBTA, RNR NAK timer field). */
static const struct { uint8_t rnr_retry, timer; unsigned int min_ms, max_ms; } runs[] = {
	{ 0, 14, 0, 1000 },
	{ 1, 20, 10, 2000 },
	{ 3, 20, 30, 2000 },
	{ 6, 14, 6, 2000 },
};

static const enum ibv_wr_opcode ops[] = { IBV_WR_SEND, IBV_WR_RDMA_WRITE_WITH_IMM };

/* How many ms the error took. */
static unsigned int time_to_error(struct t_pair *p, struct ibv_send_wr *wr)
{
	uint64_t t0;

	t_pair_recycle(p);
	t0 = t_ms();
	t_post(&p->a, wr);
	t_expect_wc(t_op_name(wr->opcode), p->a.scq, 1, IBV_WC_RNR_RETRY_EXC_ERR, NULL);
	return t_ms() - t0;
}

static void exceeded(struct t_pair *p, struct t_buf *l, struct t_buf *r)
{
	unsigned int i, j, ms, tries;

	for (i = 0; i < T_ARRAY_SIZE(runs); i++) {
		for (j = 0; j < T_ARRAY_SIZE(ops); j++) {
			struct ibv_sge s = t_sge(l, 0, 100);
			struct ibv_send_wr wr = t_send_wr(ops[j], 1, &s, 1, r->iova, r->mr->rkey);

			t_case("%s, rnr_retry %u, min_rnr_timer %u", t_op_name(ops[j]),
			       runs[i].rnr_retry, runs[i].timer);
			p->attr.rnr_retry = runs[i].rnr_retry;
			p->attr.min_rnr_timer = runs[i].timer;
			/*
			 * A timer armed on the stale tick of a CPU that has stood still fires
			 * early: that may happen once, but not in every try.
			 */
			tries = 0;
			do
				ms = time_to_error(p, &wr);
			while (ms + 1 < runs[i].min_ms && ++tries < 5);
			t_check(ms + 1 >= runs[i].min_ms && ms <= t_scale(runs[i].max_ms),
				"time to the error: expected %u to %u ms, seen %u ms",
				runs[i].min_ms, runs[i].max_ms, ms);
			t_check(t_in_error(&p->a), "state of the initiator: expected %d, seen %d",
				IBV_QPS_ERR, t_qp_state(p->a.qp));
			t_eq("state of the target", t_qp_state(p->b.qp), IBV_QPS_RTS);
		}
	}
}

static void late_receive(struct t_pair *p, struct t_buf *l, struct t_buf *r)
{
	unsigned int i, j;

	p->attr.rnr_retry = 7;
	p->attr.min_rnr_timer = 14;
	t_pair_recycle(p);
	for (i = 0; i < 4; i++) {
		for (j = 0; j < T_ARRAY_SIZE(ops); j++) {
			struct ibv_sge s = t_sge(l, i * 16, 300), rs = t_sge(r, 64, 300);
			struct ibv_send_wr wr = t_send_wr(ops[j], i, &s, 1, r->iova + 64,
							  r->mr->rkey);

			t_case("%s, receive posted after %u ms", t_op_name(ops[j]), i * 60);
			t_post(&p->a, &wr);
			t_sleep_ms(i * 60);
			if (i)
				t_expect_quiet("initiator before the receive", p->a.scq);
			t_post_recv(&p->b, 9, j ? NULL : &rs, 1);
			t_expect_wc("initiator", p->a.scq, i, IBV_WC_SUCCESS, NULL);
			t_expect_wc("receive", p->b.rcq, 9, IBV_WC_SUCCESS, NULL);
			t_bytes("data", r->addr + 64, l->addr + i * 16, 300);
		}
	}
}

/* Several requests wait behind the one without a receive, and none overtakes. */
static void queue_behind(struct t_pair *p, struct t_buf *l, struct t_buf *r)
{
	struct ibv_sge s = t_sge(l, 0, 8), one = t_sge(l, 8, 8), rs = t_sge(r, 0, 8);
	struct ibv_send_wr send = t_send_wr(IBV_WR_SEND, 1, &s, 1, 0, 0);
	struct ibv_send_wr write = t_send_wr(IBV_WR_RDMA_WRITE, 2, &one, 1, r->iova + 1024,
					     r->mr->rkey);

	t_case("WRITE behind a SEND that waits for its receive");
	t_pattern(r->addr, REGION, 99);
	send.next = &write;
	t_post(&p->a, &send);
	t_expect_quiet("initiator before the receive", p->a.scq);
	t_check(memcmp(r->addr + 1024, l->addr + 8, 8),
		"the WRITE behind a waiting SEND: expected not done yet, seen done");
	t_post_recv(&p->b, 3, &rs, 1);
	t_expect_wc("SEND", p->a.scq, 1, IBV_WC_SUCCESS, NULL);
	t_expect_wc("WRITE", p->a.scq, 2, IBV_WC_SUCCESS, NULL);
	t_bytes("WRITE behind", r->addr + 1024, l->addr + 8, 8);
}

int main(void)
{
	struct t_buf l, r;
	struct t_pair p;
	struct t_dev d;

	t_start(60);
	d = t_dev_open();
	t_pair_open(&p, &d, NULL);
	t_buf_open(&l, p.a.pd, T_PINNED, REGION, T_ACCESS_ALL);
	t_buf_open(&r, p.b.pd, T_PINNED, REGION, T_ACCESS_ALL);
	exceeded(&p, &l, &r);
	late_receive(&p, &l, &r);
	queue_behind(&p, &l, &r);
	t_buf_close(&l);
	t_buf_close(&r);
	t_pair_close(&p);
	t_dev_close(&d);
	return t_finish();
}
