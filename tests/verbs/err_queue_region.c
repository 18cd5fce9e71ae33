// SPDX-License-Identifier: GPL-2.0
/*
 * Description: a process registers its own mapped queues as memory and has the device read and
 * write them: an entry that a request overwrites counts as it is when its turn comes, the queue
 * pair may go while its queue is registered, and others notice nothing.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <string.h>

#include "pinless-abi.h"
#include "t_leak.h"
#include "t_op.h"
#include "t_queue.h"

#define SQ_ENTRIES	16
#define SQ_BYTES	(PINLESS_CTL_BYTES + SQ_ENTRIES * 128)
#define REGION		(64 * T_PAGE)

/* One request of side a, on memory of side b's domain. */
static void move(struct t_pair *p, struct t_buf *l, enum ibv_wr_opcode op, char *to, size_t len,
		 struct ibv_mr *mr, enum ibv_wc_status status)
{
	struct ibv_sge s = t_sge(l, 0, len);
	struct ibv_send_wr wr = t_send_wr(op, 3, &s, 1, (uintptr_t)to, mr->rkey);

	t_post(&p->a, &wr);
	t_expect_wc(t_op_name(op), p->a.scq, 3, status, NULL);
}

/* The first of two requests makes the second, which is posted already, one that is refused. */
static void overwrite_next(struct t_dev *d, struct t_attr *at, enum t_kind kind)
{
	struct pinless_send_wqe *fake;
	struct ibv_send_wr wr[2];
	struct ibv_sge s[2];
	struct t_areas old;
	struct t_area sq;
	struct ibv_mr *mr;
	struct t_pair p;
	struct t_buf l;
	struct ibv_wc wc;

	t_case("%s, an entry overwritten by the request before it", t_kind_name(kind));
	p.attr = *at;
	t_areas_find(&old);
	t_side_open(&p.a, d, at);
	sq = t_area_of(&old, SQ_BYTES);
	t_side_open(&p.b, d, at);
	t_qp_connect(p.a.qp, d, at, p.b.qp->qp_num, &d->gid);
	t_qp_connect(p.b.qp, d, at, p.a.qp->qp_num, &d->gid);
	t_buf_open(&l, p.a.pd, T_ODP, T_PAGE, T_ACCESS_ALL);
	mr = t_reg(p.b.pd, kind, sq.start, sq.len, T_ACCESS_ALL);
	fake = (void *)l.addr;
	memset(fake, 0, sizeof(*fake));
	fake->wr_id = 99;
	fake->opcode = 200;
	s[0] = t_sge(&l, 0, sizeof(*fake));
	s[1] = t_sge(&l, 0, 1);
	wr[0] = t_send_wr(IBV_WR_RDMA_WRITE, 1, &s[0], 1,
			  (uintptr_t)sq.start + PINLESS_CTL_BYTES + 128, mr->rkey);
	wr[1] = t_send_wr(IBV_WR_RDMA_WRITE, 2, &s[1], 1, (uintptr_t)sq.start, mr->rkey);
	wr[0].next = &wr[1];
	t_post(&p.a, wr);
	t_expect_wc("first request", p.a.scq, 1, IBV_WC_SUCCESS, NULL);
	if (t_expect_wc("second request", p.a.scq, 99, IBV_WC_LOC_QP_OP_ERR, &wc))
		t_eq("vendor_err", wc.vendor_err, PINLESS_VERR_OPCODE);
	t_dereg(mr);
	t_buf_close(&l);
	t_pair_close(&p);
}

static void one_queue(struct t_pair *p, struct t_buf *l, struct t_area *q, struct ibv_mr *mr,
		      uint64_t *seed)
{
	size_t len = q->len < REGION ? q->len : REGION;
	size_t i;

	for (i = 0; i < len; i++)
		l->addr[i] = t_rand(seed);
	move(p, l, IBV_WR_RDMA_WRITE, q->start, len, mr, IBV_WC_SUCCESS);
	t_bytes("queue that the device has written", q->start, l->addr, len);
	memset(l->addr, 0, len);
	move(p, l, IBV_WR_RDMA_READ, q->start, len, mr, IBV_WC_SUCCESS);
	t_bytes("what the device has read of a queue", l->addr, q->start, len);
}

/* Garbage into all queues of a pair, which is then used and destroyed. */
static void all_queues(struct t_dev *d, struct t_attr *at, enum t_kind kind)
{
	struct ibv_mr *mr[T_MAX_AREAS];
	struct t_pair writer, victim;
	struct t_areas all, old;
	uint64_t seed = 77;
	struct t_buf l;
	unsigned int i, k, n = 0;

	t_case("%s, garbage into all queues", t_kind_name(kind));
	t_pair_open(&writer, d, NULL);
	t_buf_open(&l, writer.a.pd, T_ODP, REGION, T_ACCESS_ALL);
	t_areas_find(&old);
	t_pair_open(&victim, d, at);
	t_areas_find(&all);
	for (i = 0; i < all.n; i++) {
		for (k = 0; k < old.n && old.area[k].start != all.area[i].start; k++)
			;
		if (k == old.n)
			all.area[n++] = all.area[i];
	}
	t_eq("queues of two sides", n, 8);
	for (i = 0; i < n; i++) {
		mr[i] = t_reg(writer.b.pd, kind, all.area[i].start, all.area[i].len, T_ACCESS_ALL);
		one_queue(&writer, &l, &all.area[i], mr[i], &seed);
	}
	for (i = 0; i < 2; i++) {
		struct ibv_qp *qp = i ? victim.b.qp : victim.a.qp;

		for (k = 1; k <= SQ_ENTRIES; k++)
			t_ring(d->ctx, qp->qp_num, k);
		t_ring(d->ctx, qp->qp_num | PINLESS_RING_RECV, 0);
		t_qp_to(qp, IBV_QPS_ERR);
	}
	/* Unmaps the queues too: pinned pages can still be written, others are refused. */
	t_pair_close(&victim);
	for (i = 0; i < n; i++) {
		t_case("%s, queue %u after its end", t_kind_name(kind), i);
		move(&writer, &l, IBV_WR_RDMA_WRITE, all.area[i].start, 64, mr[i],
		     kind == T_PINNED ? IBV_WC_SUCCESS : IBV_WC_REM_ACCESS_ERR);
		if (kind != T_PINNED)
			t_pair_recycle(&writer);
	}
	for (i = 0; i < n; i++)
		t_dereg(mr[i]);
	t_buf_close(&l);
	t_pair_close(&writer);
}

int main(void)
{
	struct t_buf l, r;
	struct t_leak leak;
	struct t_attr at;
	struct t_pair p;
	struct t_dev d;
	enum t_kind k;

	t_start(60);
	d = t_dev_open();
	if (!d.pinless)
		t_skip("writes queues in the format of pinless");
	at = t_attr_default(&d);
	at.max_send_wr = SQ_ENTRIES;
	at.max_recv_wr = 512;
	at.timeout = 8;
	at.retry_cnt = 1;
	at.rnr_retry = 2;
	t_pair_open(&p, &d, NULL);
	t_buf_open(&l, p.a.pd, T_ODP, REGION, T_ACCESS_ALL);
	t_buf_open(&r, p.b.pd, T_ODP, REGION, T_ACCESS_ALL);
	t_leak_begin(&leak);
	for (k = T_PINNED; k <= T_ODP; k++) {
		overwrite_next(&d, &at, k);
		all_queues(&d, &at, k);
		t_case("%s, another pair", t_kind_name(k));
		t_do(&p, &(struct t_op){ .opcode = IBV_WR_SEND, .l = &l, .r = &r, .len = 100000 });
	}
	t_leak_end(&leak);
	t_buf_close(&l);
	t_buf_close(&r);
	t_pair_close(&p);
	t_dev_close(&d);
	return t_finish();
}
