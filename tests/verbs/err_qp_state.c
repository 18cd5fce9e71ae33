// SPDX-License-Identifier: GPL-2.0
/*
 * Description: the queue pair state machine: which transitions and attributes are accepted,
 * posting in each state, and a queue pair that is reset and connected again works.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <errno.h>
#include <string.h>

#include "t_op.h"

static struct t_dev d;
static struct t_attr at;

static int try_send(struct t_side *s)
{
	struct ibv_send_wr *bad, wr = t_send_wr(IBV_WR_SEND, 1, NULL, 0, 0, 0);

	return ibv_post_send(s->qp, &wr, &bad);
}

static int try_recv(struct t_side *s)
{
	struct ibv_recv_wr *bad, wr = { .wr_id = 2 };

	return ibv_post_recv(s->qp, &wr, &bad);
}

static void refuse(const char *what, int rc)
{
	t_check(rc != 0, "%s: expected an error, seen success", what);
}

static void accept(const char *what, int rc)
{
	t_check(!rc, "%s: expected success, seen error %d (%s)", what, rc, strerror(rc));
}

static void expect_state(struct t_side *s, enum ibv_qp_state st)
{
	t_eq("state of the queue pair", t_qp_state(s->qp), st);
}

static void posting(struct t_pair *p)
{
	struct ibv_wc wc;

	t_case("post in RESET");
	expect_state(&p->a, IBV_QPS_RESET);
	refuse("ibv_post_send", try_send(&p->a));
	refuse("ibv_post_recv", try_recv(&p->a));
	t_case("post in INIT");
	accept("RESET to INIT", t_qp_init(p->a.qp, &at));
	expect_state(&p->a, IBV_QPS_INIT);
	refuse("ibv_post_send", try_send(&p->a));
	accept("ibv_post_recv", try_recv(&p->a));
	t_expect_quiet("receive queue in INIT", p->a.rcq);
	t_case("post in RTR");
	accept("INIT to RTR", t_qp_rtr(p->a.qp, &d, &at, p->b.qp->qp_num, &d.gid));
	expect_state(&p->a, IBV_QPS_RTR);
	refuse("ibv_post_send", try_send(&p->a));
	accept("ibv_post_recv", try_recv(&p->a));
	t_case("post in ERR");
	accept("RTR to ERR", t_qp_to(p->a.qp, IBV_QPS_ERR));
	expect_state(&p->a, IBV_QPS_ERR);
	t_expect_wc("receive of INIT", p->a.rcq, 2, IBV_WC_WR_FLUSH_ERR, NULL);
	t_expect_wc("receive of RTR", p->a.rcq, 2, IBV_WC_WR_FLUSH_ERR, NULL);
	accept("ibv_post_send", try_send(&p->a));
	t_expect_wc("SEND in ERR", p->a.scq, 1, IBV_WC_WR_FLUSH_ERR, NULL);
	accept("ibv_post_recv", try_recv(&p->a));
	t_expect_wc("receive in ERR", p->a.rcq, 2, IBV_WC_WR_FLUSH_ERR, NULL);
	t_case("reset");
	accept("ERR to RESET", t_qp_to(p->a.qp, IBV_QPS_RESET));
	expect_state(&p->a, IBV_QPS_RESET);
	t_check(!t_wc(p->a.scq, &wc, 0), "expected no completion after RESET, seen one");
}

static int modify(struct t_side *s, struct ibv_qp_attr a, int mask)
{
	return ibv_modify_qp(s->qp, &a, mask);
}

static void transitions(struct t_pair *p)
{
	struct t_side *s = &p->a;
	struct ibv_qp_attr init = { .qp_state = IBV_QPS_INIT, .port_num = 1 };
	struct ibv_qp_attr rts = { .qp_state = IBV_QPS_RTS };
	const int init_mask = IBV_QP_STATE | IBV_QP_PKEY_INDEX | IBV_QP_PORT | IBV_QP_ACCESS_FLAGS;
	union ibv_gid gid = d.gid;
	struct t_attr bad;
	struct t_dev dev;

	t_case("transitions out of RESET");
	refuse("RESET to RTR", t_qp_rtr(s->qp, &d, &at, 1, &gid));
	refuse("RESET to RTS", t_qp_rts(s->qp, &at));
	refuse("RESET to SQD", t_qp_to(s->qp, IBV_QPS_SQD));
	refuse("RESET to INIT without a port", modify(s, init, init_mask & ~IBV_QP_PORT));
	refuse("RESET to INIT without access flags",
	       modify(s, init, init_mask & ~IBV_QP_ACCESS_FLAGS));
	refuse("RESET to INIT with an RTS attribute", modify(s, init, init_mask | IBV_QP_TIMEOUT));
	init.port_num = 9;
	refuse("RESET to INIT on port 9", modify(s, init, init_mask));
	init.port_num = 1;
	init.pkey_index = 60000;
	refuse("RESET to INIT with pkey index 60000", modify(s, init, init_mask));
	expect_state(s, IBV_QPS_RESET);
	accept("RESET to RESET", t_qp_to(s->qp, IBV_QPS_RESET));

	t_case("transitions out of INIT");
	accept("RESET to INIT", t_qp_init(s->qp, &at));
	accept("INIT to INIT", t_qp_init(s->qp, &at));
	refuse("INIT to RTS", t_qp_rts(s->qp, &at));
	refuse("INIT to RTR with no attributes", t_qp_to(s->qp, IBV_QPS_RTR));
	bad = at;
	bad.rd_atomic = 255;
	if (d.attr.orig_attr.max_qp_rd_atom < 255)
		refuse("INIT to RTR with max_dest_rd_atomic 255",
		       t_qp_rtr(s->qp, &d, &bad, 1, &gid));
	dev = d;
	dev.gid_index = d.port.gid_tbl_len + 5;
	refuse("INIT to RTR with a GID index that does not exist",
	       t_qp_rtr(s->qp, &dev, &at, 1, &gid));
	dev = d;
	dev.port.active_mtu = 7;
	refuse("INIT to RTR with path MTU 7", t_qp_rtr(s->qp, &dev, &at, 1, &gid));
	dev.port.active_mtu = 0;
	refuse("INIT to RTR with path MTU 0", t_qp_rtr(s->qp, &dev, &at, 1, &gid));
	expect_state(s, IBV_QPS_INIT);

	t_case("transitions out of RTR");
	accept("INIT to RTR", t_qp_rtr(s->qp, &d, &at, s->qp->qp_num, &gid));
	refuse("RTR to INIT", t_qp_init(s->qp, &at));
	refuse("RTR to RTR", t_qp_rtr(s->qp, &d, &at, s->qp->qp_num, &gid));
	refuse("RTR to RTS with no attributes", t_qp_to(s->qp, IBV_QPS_RTS));
	if (d.attr.orig_attr.max_qp_init_rd_atom < 255)
		refuse("RTR to RTS with max_rd_atomic 255", t_qp_rts(s->qp, &bad));
	bad = at;
	bad.timeout = 32;
	refuse("RTR to RTS with timeout 32", t_qp_rts(s->qp, &bad));
	bad = at;
	bad.retry_cnt = 8;
	refuse("RTR to RTS with retry_cnt 8", t_qp_rts(s->qp, &bad));
	bad = at;
	bad.rnr_retry = 8;
	refuse("RTR to RTS with rnr_retry 8", t_qp_rts(s->qp, &bad));
	expect_state(s, IBV_QPS_RTR);

	t_case("transitions out of RTS");
	accept("RTR to RTS", t_qp_rts(s->qp, &at));
	expect_state(s, IBV_QPS_RTS);
	refuse("RTS to INIT", t_qp_init(s->qp, &at));
	refuse("RTS to RTR", t_qp_rtr(s->qp, &d, &at, s->qp->qp_num, &gid));
	accept("RTS to RTS", t_qp_to(s->qp, IBV_QPS_RTS));
	rts.cur_qp_state = IBV_QPS_SQD;
	refuse("RTS to RTS, said to come from SQD",
	       modify(s, rts, IBV_QP_STATE | IBV_QP_CUR_STATE));
	rts.cur_qp_state = IBV_QPS_RTS;
	accept("RTS to RTS, said to come from RTS",
	       modify(s, rts, IBV_QP_STATE | IBV_QP_CUR_STATE));
	expect_state(s, IBV_QPS_RTS);

	t_case("transitions out of ERR");
	accept("RTS to ERR", t_qp_to(s->qp, IBV_QPS_ERR));
	accept("ERR to ERR", t_qp_to(s->qp, IBV_QPS_ERR));
	refuse("ERR to RTS", t_qp_rts(s->qp, &at));
	refuse("ERR to INIT", t_qp_init(s->qp, &at));
	accept("ERR to RESET", t_qp_to(s->qp, IBV_QPS_RESET));
}

static void again(struct t_pair *p)
{
	struct t_buf l, r;
	int i;

	t_buf_open(&l, p->a.pd, T_PINNED, T_PAGE, T_ACCESS_ALL);
	t_buf_open(&r, p->b.pd, T_PINNED, T_PAGE, T_ACCESS_ALL);
	for (i = 0; i < 10; i++) {
		struct t_op op = { .opcode = i & 1 ? IBV_WR_SEND : IBV_WR_RDMA_WRITE, .l = &l,
				   .r = &r, .loff = i * 8, .roff = i * 100, .len = 77 };

		t_case("reset and connected again, round %d", i);
		t_qp_connect(p->a.qp, &d, &at, p->b.qp->qp_num, &d.gid);
		t_qp_connect(p->b.qp, &d, &at, p->a.qp->qp_num, &d.gid);
		t_do(p, &op);
		/* From RTS and from ERR in turn, with receives left behind. */
		try_recv(&p->b);
		if (i & 2) {
			accept("RTS to ERR", t_qp_to(p->b.qp, IBV_QPS_ERR));
			t_expect_wc("receive left behind", p->b.rcq, 2, IBV_WC_WR_FLUSH_ERR, NULL);
		}
		accept("to RESET", t_qp_to(p->a.qp, IBV_QPS_RESET));
		accept("to RESET", t_qp_to(p->b.qp, IBV_QPS_RESET));
	}
	t_buf_close(&l);
	t_buf_close(&r);
}

int main(void)
{
	struct t_pair p;

	t_start(60);
	d = t_dev_open();
	at = t_attr_default(&d);
	p.attr = at;
	t_side_open(&p.a, &d, &at);
	t_side_open(&p.b, &d, &at);
	posting(&p);
	transitions(&p);
	again(&p);
	t_pair_close(&p);
	t_dev_close(&d);
	return t_finish();
}
