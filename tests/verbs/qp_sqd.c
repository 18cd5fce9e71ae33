// SPDX-License-Identifier: GPL-2.0
/*
 * Description: in SQD a send queue begins nothing that is posted, whether the event was asked for
 * or not, and goes on in RTS; IBV_EVENT_SQ_DRAINED is raised once, when it was asked for and what
 * was begun is done. A target in SQD answers.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <string.h>

#include "t_event.h"
#include "t_op.h"

static struct t_dev d;
static struct t_pair p;
static struct t_buf l, r;

static void to_sqd(bool notify)
{
	struct ibv_qp_attr a = { .qp_state = IBV_QPS_SQD, .en_sqd_async_notify = notify };
	int rc = ibv_modify_qp(p.a.qp, &a, IBV_QP_STATE | IBV_QP_EN_SQD_ASYNC_NOTIFY);

	t_check(!rc, "RTS to SQD: expected success, seen error %d (%s)", rc, strerror(rc));
}

static void to_rts(void)
{
	int rc = t_qp_to(p.a.qp, IBV_QPS_RTS);

	t_check(!rc, "SQD to RTS: expected success, seen error %d (%s)", rc, strerror(rc));
}

static bool drained(unsigned int ms)
{
	return t_event_wait(d.ctx, IBV_EVENT_SQ_DRAINED, p.a.qp, ms);
}

static void post_write(uint64_t wr_id)
{
	struct ibv_sge s = t_sge(&l, 0, 100);
	struct ibv_send_wr wr = t_send_wr(IBV_WR_RDMA_WRITE, wr_id, &s, 1, r.iova, r.mr->rkey);

	t_post(&p.a, &wr);
}

static void idle(bool notify)
{
	t_pair_recycle(&p);
	t_buf_fill(&r, 1 + notify);
	t_case("idle queue, event %sasked for", notify ? "" : "not ");
	to_sqd(notify);
	t_eq("state", t_qp_state(p.a.qp), IBV_QPS_SQD);
	t_check(drained(notify ? t_scale(3000) : T_QUIET_MS) == notify,
		"IBV_EVENT_SQ_DRAINED: expected %s, seen the other", notify ? "one" : "none");
	post_write(1);
	t_expect_quiet("WRITE posted in SQD", p.a.scq);
	t_buf_check_all("target while the initiator is in SQD", &r);
	t_check(!drained(0), "IBV_EVENT_SQ_DRAINED: expected no other, seen one");
	to_rts();
	t_expect_wc("WRITE", p.a.scq, 1, IBV_WC_SUCCESS, NULL);
	memcpy(t_shadow(&r, 0), l.addr, 100);
	t_buf_check_all("target after it", &r);
	t_check(!drained(T_QUIET_MS), "IBV_EVENT_SQ_DRAINED in RTS: expected none, seen one");
}

/* A SEND that was begun waits for its receive. */
static void busy(void)
{
	struct ibv_sge s = t_sge(&l, 200, 100), rs = t_sge(&r, 200, 100);
	struct ibv_send_wr wr = t_send_wr(IBV_WR_SEND, 3, &s, 1, 0, 0);

	t_pair_recycle(&p);
	t_buf_fill(&r, 5);
	t_case("a request under way");
	t_post(&p.a, &wr);
	t_expect_quiet("SEND without a receive", p.a.scq);
	to_sqd(true);
	post_write(4);
	t_check(!drained(T_QUIET_MS),
		"IBV_EVENT_SQ_DRAINED before the SEND is done: expected none, seen one");
	t_post_recv(&p.b, 5, &rs, 1);
	t_expect_wc("SEND", p.a.scq, 3, IBV_WC_SUCCESS, NULL);
	t_expect_wc("receive", p.b.rcq, 5, IBV_WC_SUCCESS, NULL);
	t_check(drained(t_scale(3000)), "IBV_EVENT_SQ_DRAINED: expected one, seen none in 3 s");
	memcpy(t_shadow(&r, 200), l.addr + 200, 100);
	t_expect_quiet("WRITE posted in SQD", p.a.scq);
	t_buf_check_all("target while the initiator is in SQD", &r);
	to_rts();
	t_expect_wc("WRITE", p.a.scq, 4, IBV_WC_SUCCESS, NULL);
	memcpy(t_shadow(&r, 0), l.addr, 100);
	t_buf_check_all("target after it", &r);
}

static void target_in_sqd(void)
{
	static const enum ibv_wr_opcode ops[] = { IBV_WR_RDMA_WRITE, IBV_WR_RDMA_READ,
						  IBV_WR_SEND };
	unsigned int i;

	t_pair_recycle(&p);
	t_eq("RTS to SQD", t_qp_to(p.b.qp, IBV_QPS_SQD), 0);
	for (i = 0; i < T_ARRAY_SIZE(ops); i++) {
		t_case("%s, target in SQD", t_op_name(ops[i]));
		t_do(&p, &(struct t_op){ .opcode = ops[i], .l = &l, .r = &r, .loff = 8,
					 .roff = 400, .len = 100 });
	}
}

int main(void)
{
	t_start(60);
	d = t_dev_open();
	t_pair_open(&p, &d, NULL);
	t_buf_open(&l, p.a.pd, T_PINNED, T_PAGE, T_ACCESS_ALL);
	t_buf_open(&r, p.b.pd, T_PINNED, T_PAGE, T_ACCESS_ALL);
	idle(false);
	idle(true);
	busy();
	target_in_sqd();
	t_buf_close(&l);
	t_buf_close(&r);
	t_pair_close(&p);
	t_dev_close(&d);
	return t_finish();
}
