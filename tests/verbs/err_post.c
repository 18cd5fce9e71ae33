// SPDX-License-Identifier: GPL-2.0
/*
 * Description: requests that ibv_post_send and ibv_post_recv must refuse (too many elements, too
 * much inline data, unknown opcode, full queue) are refused with bad_wr pointing at them;
 * requests before them in the list are done, the queue pair stays usable.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <string.h>

#include "t_op.h"

#define REGION		(4 * T_PAGE)
#define MANY		300

static struct t_buf l, r;
static struct ibv_qp_cap cap;

static void get_cap(struct t_side *s)
{
	struct ibv_qp_init_attr ia;
	struct ibv_qp_attr a;

	if (ibv_query_qp(s->qp, &a, IBV_QP_CAP, &ia))
		t_die("ibv_query_qp failed");
	cap = a.cap;
}

static void refused(struct t_pair *p, struct ibv_send_wr *second)
{
	struct ibv_sge s = t_sge(&l, 0, 128);
	struct ibv_send_wr third = t_send_wr(IBV_WR_RDMA_WRITE, 3, &s, 1, r.iova + 2048,
					     r.mr->rkey);
	struct ibv_send_wr first = t_send_wr(IBV_WR_RDMA_WRITE, 1, &s, 1, r.iova + 1024,
					     r.mr->rkey);
	struct ibv_send_wr *bad = NULL;
	int rc;

	first.next = second;
	second->next = &third;
	rc = ibv_post_send(p->a.qp, &first, &bad);
	t_check(rc > 0, "ibv_post_send: expected a positive errno, seen %d", rc);
	t_check(bad == second, "bad_wr: expected the second request, seen %s",
		bad == &first ? "the first" : bad == &third ? "the third" : "another pointer");
	t_expect_wc("request before the refused one", p->a.scq, 1, IBV_WC_SUCCESS, NULL);
	t_expect_quiet("requests from the refused one on", p->a.scq);
	memcpy(t_shadow(&r, 1024), t_shadow(&l, 0), 128);
	t_buf_check_all("target side memory", &r);
	t_eq("state of the queue pair", t_qp_state(p->a.qp), IBV_QPS_RTS);
	t_pair_recycle(p);
}

static void bad_sends(struct t_pair *p)
{
	static struct ibv_sge many[MANY];
	static char text[8192];
	struct ibv_send_wr wr;
	struct ibv_sge s = t_sge(&l, 0, 8);
	unsigned int i;

	for (i = 0; i < MANY; i++)
		many[i] = t_sge(&l, i * 8, 8);
	t_case("%u SGEs where the queue pair has %u", cap.max_send_sge + 1, cap.max_send_sge);
	if (cap.max_send_sge < MANY) {
		wr = t_send_wr(IBV_WR_RDMA_WRITE, 2, many, cap.max_send_sge + 1, r.iova,
			       r.mr->rkey);
		refused(p, &wr);
	}
	t_case("-1 SGEs");
	wr = t_send_wr(IBV_WR_RDMA_WRITE, 2, many, -1, r.iova, r.mr->rkey);
	refused(p, &wr);
	t_case("%u bytes inline where the queue pair has %u", cap.max_inline_data + 1,
	       cap.max_inline_data);
	if (cap.max_inline_data < sizeof(text)) {
		s = (struct ibv_sge){ (uintptr_t)text, cap.max_inline_data + 1, 0 };
		wr = t_send_wr(IBV_WR_RDMA_WRITE, 2, &s, 1, r.iova, r.mr->rkey);
		wr.send_flags |= IBV_SEND_INLINE;
		refused(p, &wr);
	}
	t_case("unknown opcode 200");
	s = t_sge(&l, 0, 8);
	wr = t_send_wr(200, 2, &s, 1, r.iova, r.mr->rkey);
	refused(p, &wr);
}

static void no_sge(struct t_pair *p)
{
	struct ibv_send_wr wr = t_send_wr(IBV_WR_RDMA_WRITE, 1, NULL, 0, 0, 0);

	/* Zero bytes need neither address nor key (IBTA C9-88). */
	t_case("WRITE of no elements, address 0, key 0");
	t_post(&p->a, &wr);
	t_expect_wc("WRITE", p->a.scq, 1, IBV_WC_SUCCESS, NULL);
	t_case("READ of no elements, address 0, key 0");
	wr = t_send_wr(IBV_WR_RDMA_READ, 2, NULL, 0, 0, 0);
	t_post(&p->a, &wr);
	t_expect_wc("READ", p->a.scq, 2, IBV_WC_SUCCESS, NULL);
	t_case("SEND of no elements to a receive of no elements");
	wr = t_send_wr(IBV_WR_SEND, 3, NULL, 0, 0, 0);
	t_post_recv(&p->b, 4, NULL, 0);
	t_post(&p->a, &wr);
	t_expect_wc("SEND", p->a.scq, 3, IBV_WC_SUCCESS, NULL);
	t_expect_wc("receive", p->b.rcq, 4, IBV_WC_SUCCESS, NULL);
}

static void bad_recv(struct t_pair *p)
{
	static struct ibv_sge many[MANY];
	struct ibv_recv_wr first = { .wr_id = 1 }, second = { .wr_id = 2 }, *bad = NULL;
	int rc;

	t_case("receive of %u SGEs where the queue pair has %u", cap.max_recv_sge + 1,
	       cap.max_recv_sge);
	first.next = &second;
	second.sg_list = many;
	second.num_sge = cap.max_recv_sge + 1;
	rc = ibv_post_recv(p->b.qp, &first, &bad);
	t_check(rc > 0, "ibv_post_recv: expected a positive errno, seen %d", rc);
	t_check(bad == &second, "bad_wr: expected the second request, seen another");
	t_pair_recycle(p);
}

/* A queue takes as many requests as the queue pair said, and refuses the next. */
static void full(struct t_pair *p)
{
	struct ibv_send_wr *bad, wr = t_send_wr(IBV_WR_SEND, 0, NULL, 0, 0, 0);
	struct ibv_recv_wr *bad_rwr, rwr = { .wr_id = 0 };
	unsigned int n, got;

	t_case("full receive queue of %u", cap.max_recv_wr);
	for (n = 0; n < cap.max_recv_wr + 1; n++, rwr.wr_id++) {
		if (ibv_post_recv(p->a.qp, &rwr, &bad_rwr))
			break;
	}
	t_eq("receives that fit", n, cap.max_recv_wr);
	t_case("full send queue of %u, all waiting for a receive", cap.max_send_wr);
	for (n = 0; n < cap.max_send_wr + 1; n++, wr.wr_id++) {
		if (ibv_post_send(p->a.qp, &wr, &bad))
			break;
	}
	t_eq("sends that fit", n, cap.max_send_wr);
	for (got = 0; got < n; got++) {
		t_post_recv(&p->b, got, NULL, 0);
		t_expect_wc("send", p->a.scq, got, IBV_WC_SUCCESS, NULL);
		t_expect_wc("receive", p->b.rcq, got, IBV_WC_SUCCESS, NULL);
	}
	t_case("send queue that was full and drained");
	t_check(!ibv_post_send(p->a.qp, &wr, &bad), "ibv_post_send: expected success");
}

int main(void)
{
	struct t_attr at;
	struct t_pair p;
	struct t_dev d;

	t_start(60);
	d = t_dev_open();
	at = t_attr_default(&d);
	at.max_inline = 64;
	at.min_rnr_timer = 20;
	t_pair_open(&p, &d, &at);
	t_buf_open(&l, p.a.pd, T_PINNED, REGION, T_ACCESS_ALL);
	t_buf_open(&r, p.b.pd, T_PINNED, REGION, T_ACCESS_ALL);
	get_cap(&p.a);
	bad_sends(&p);
	no_sge(&p);
	bad_recv(&p);
	full(&p);
	t_buf_close(&l);
	t_buf_close(&r);
	t_pair_close(&p);
	t_dev_close(&d);
	return t_finish();
}
