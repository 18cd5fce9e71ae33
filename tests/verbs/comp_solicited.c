// SPDX-License-Identifier: GPL-2.0
/*
 * Description: a queue armed for solicited completions raises its event for a SEND or WRITE_IMM
 * with the solicited flag and for errors, and for nothing else.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <poll.h>

#include "t_op.h"

static struct t_pair p;
static struct t_buf l, r;

static bool event(struct ibv_comp_channel *chan, int ms)
{
	struct pollfd f = { .fd = chan->fd, .events = POLLIN };
	struct ibv_cq *cq;
	void *ctx;

	if (poll(&f, 1, ms) <= 0)
		return false;
	if (ibv_get_cq_event(chan, &cq, &ctx))
		t_die("ibv_get_cq_event failed");
	ibv_ack_cq_events(cq, 1);
	return true;
}

static void message(enum ibv_wr_opcode op, unsigned int flags, bool expected)
{
	struct ibv_sge s = t_sge(&l, 0, 8), rs = t_sge(&r, 0, 8);
	struct ibv_send_wr wr = t_send_wr(op, 1, &s, 1, r.iova, r.mr->rkey);
	bool seen;

	t_case("%s, %ssolicited", t_op_name(op), flags ? "" : "not ");
	wr.send_flags |= flags;
	t_post_recv(&p.b, 2, &rs, 1);
	t_post(&p.a, &wr);
	t_expect_wc("initiator", p.a.scq, 1, IBV_WC_SUCCESS, NULL);
	seen = event(p.b.chan, expected ? t_scale(3000) : T_QUIET_MS);
	t_check(seen == expected, "event: expected %s, seen %s", expected ? "one" : "none",
		seen ? "one" : "none");
	t_expect_wc("receive", p.b.rcq, 2, IBV_WC_SUCCESS, NULL);
}

/* No completion of a send queue is solicited, except for errors. */
static void send_queue(void)
{
	struct ibv_sge s = t_sge(&l, 0, 8);
	struct ibv_send_wr good = t_send_wr(IBV_WR_RDMA_WRITE, 4, &s, 1, r.iova, r.mr->rkey);
	struct ibv_send_wr bad = t_send_wr(IBV_WR_RDMA_WRITE, 5, &s, 1, r.iova, ~r.mr->rkey);

	t_pair_recycle(&p);
	t_case("the send queue's own, success");
	ibv_req_notify_cq(p.a.scq, 1);
	t_post(&p.a, &good);
	t_expect_wc("WRITE", p.a.scq, 4, IBV_WC_SUCCESS, NULL);
	t_check(!event(p.a.chan, T_QUIET_MS), "event: expected none, seen one");
	t_case("the send queue's own, error");
	t_post(&p.a, &bad);
	t_check(event(p.a.chan, t_scale(3000)), "event: expected one, seen none in 3 s");
	t_expect_wc("WRITE", p.a.scq, 5, IBV_WC_REM_ACCESS_ERR, NULL);
	t_bytes("target", r.addr, l.addr, 8);
}

int main(void)
{
	struct t_dev d;

	t_start(30);
	d = t_dev_open();
	t_pair_open(&p, &d, NULL);
	t_buf_open(&l, p.a.pd, T_PINNED, T_PAGE, T_ACCESS_ALL);
	t_buf_open(&r, p.b.pd, T_PINNED, T_PAGE, T_ACCESS_ALL);
	ibv_req_notify_cq(p.b.rcq, 1);
	message(IBV_WR_SEND, 0, false);
	message(IBV_WR_RDMA_WRITE_WITH_IMM, 0, false);
	message(IBV_WR_SEND, IBV_SEND_SOLICITED, true);
	ibv_req_notify_cq(p.b.rcq, 1);
	message(IBV_WR_SEND_WITH_IMM, 0, false);
	message(IBV_WR_RDMA_WRITE_WITH_IMM, IBV_SEND_SOLICITED, true);

	t_case("armed for all completions, not solicited");
	ibv_req_notify_cq(p.b.rcq, 0);
	message(IBV_WR_SEND, 0, true);
	t_case("armed for all, then for solicited: all stays");
	ibv_req_notify_cq(p.b.rcq, 0);
	ibv_req_notify_cq(p.b.rcq, 1);
	message(IBV_WR_SEND, 0, true);

	ibv_req_notify_cq(p.b.rcq, 1);
	t_post_recv(&p.b, 3, NULL, 0);
	t_qp_to(p.b.qp, IBV_QPS_ERR);
	t_case("an error completion counts as solicited");
	t_check(event(p.b.chan, t_scale(3000)), "event: expected one, seen none in 3 s");
	t_expect_wc("receive", p.b.rcq, 3, IBV_WC_WR_FLUSH_ERR, NULL);
	send_queue();
	t_buf_close(&l);
	t_buf_close(&r);
	t_pair_close(&p);
	t_dev_close(&d);
	return t_finish();
}
