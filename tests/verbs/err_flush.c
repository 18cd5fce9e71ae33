// SPDX-License-Identifier: GPL-2.0
/*
 * Description: when a queue pair goes to the error state, by an error or by ibv_modify_qp, every
 * outstanding send and receive completes with a flush error, in order, exactly once, signaled or
 * not.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include "t_op.h"

#define N	40
#define REGION	T_PAGE

static struct t_buf l, r;
static struct ibv_sge sge;

static void post_recvs(struct t_side *s, unsigned int n)
{
	struct ibv_sge rs = t_sge(&r, 0, 64);
	unsigned int i;

	for (i = 0; i < n; i++)
		t_post_recv(s, 1000 + i, &rs, 1);
}

static void expect_run(const char *what, struct ibv_cq *cq, uint64_t first, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		if (!t_expect_wc(what, cq, first + i, IBV_WC_WR_FLUSH_ERR, NULL))
			return;
	}
	t_expect_quiet("after the last flushed request", cq);
}

static void by_modify(struct t_pair *p)
{
	struct ibv_send_wr wr;
	unsigned int i;

	t_case("receives flushed by ibv_modify_qp");
	post_recvs(&p->b, N);
	t_check(!t_qp_to(p->b.qp, IBV_QPS_ERR), "modify to ERR failed");
	expect_run("receive", p->b.rcq, 1000, N);
	t_pair_recycle(p);

	t_case("sends that wait for a receive flushed by ibv_modify_qp");
	for (i = 0; i < N; i++) {
		wr = t_send_wr(IBV_WR_SEND, i, &sge, 1, 0, 0);
		/* An unsignaled request that fails completes nevertheless. */
		if (i & 1)
			wr.send_flags = 0;
		t_post(&p->a, &wr);
	}
	t_check(!t_qp_to(p->a.qp, IBV_QPS_ERR), "modify to ERR failed");
	expect_run("send", p->a.scq, 0, N);
	t_pair_recycle(p);
}

static void by_error(struct t_pair *p)
{
	struct ibv_send_wr wr[N], *bad;
	unsigned int i;
	int rc;

	t_case("both ends flushed by a remote access error in the middle of a list");
	post_recvs(&p->a, 7);
	post_recvs(&p->b, 9);
	for (i = 0; i < N; i++) {
		wr[i] = t_send_wr(IBV_WR_RDMA_WRITE, i, &sge, 1, r.iova,
				  i == N / 2 ? r.mr->rkey ^ 0x5 : r.mr->rkey);
		wr[i].next = i + 1 < N ? &wr[i + 1] : NULL;
	}
	rc = ibv_post_send(p->a.qp, wr, &bad);
	t_eq("ibv_post_send", rc, 0);
	for (i = 0; i < N / 2; i++)
		t_expect_wc("WRITE before the bad one", p->a.scq, i, IBV_WC_SUCCESS, NULL);
	t_expect_wc("the bad WRITE", p->a.scq, N / 2, IBV_WC_REM_ACCESS_ERR, NULL);
	expect_run("WRITE after the bad one", p->a.scq, N / 2 + 1, N - N / 2 - 1);
	expect_run("receive of the initiator", p->a.rcq, 1000, 7);
	expect_run("receive of the target", p->b.rcq, 1000, 9);
	t_eq("state of the target", t_qp_state(p->b.qp), IBV_QPS_ERR);
	t_pair_recycle(p);

	t_case("unsignaled requests before the bad one stay silent, the ones behind are flushed");
	for (i = 0; i < N; i++)
		wr[i].send_flags = 0;
	rc = ibv_post_send(p->a.qp, wr, &bad);
	t_eq("ibv_post_send", rc, 0);
	t_expect_wc("the bad WRITE", p->a.scq, N / 2, IBV_WC_REM_ACCESS_ERR, NULL);
	expect_run("WRITE after the bad one", p->a.scq, N / 2 + 1, N - N / 2 - 1);
	t_pair_recycle(p);
}

/* A queue pair that dies with requests under way leaves no completion of it behind. */
static void destroyed(struct t_pair *p)
{
	unsigned int i;
	struct ibv_send_wr wr;

	t_case("queue pair destroyed with requests outstanding");
	for (i = 0; i < 20; i++) {
		wr = t_send_wr(IBV_WR_SEND, 1, &sge, 1, 0, 0);
		t_post(&p->a, &wr);
		post_recvs(&p->a, 3);
		t_pair_recycle(p);
		t_expect_quiet("send queue", p->a.scq);
		t_expect_quiet("receive queue", p->a.rcq);
	}
}

int main(void)
{
	struct t_attr at;
	struct t_pair p;
	struct t_dev d;

	t_start(60);
	d = t_dev_open();
	at = t_attr_default(&d);
	at.min_rnr_timer = 20;
	t_pair_open(&p, &d, &at);
	t_buf_open(&l, p.a.pd, T_PINNED, REGION, T_ACCESS_ALL);
	t_buf_open(&r, p.b.pd, T_PINNED, REGION, T_ACCESS_ALL);
	sge = t_sge(&l, 0, 64);
	by_modify(&p);
	by_error(&p);
	destroyed(&p);
	t_buf_close(&l);
	t_buf_close(&r);
	t_pair_close(&p);
	t_dev_close(&d);
	return t_finish();
}
