// SPDX-License-Identifier: GPL-2.0
/*
 * Description: the first request that arrives in RTR raises IBV_EVENT_COMM_EST at the target, and
 * no other does, until the queue pair has been reset; in RTS there is none.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include "t_event.h"
#include "t_op.h"

static struct t_dev d;
static struct t_pair p;
static struct t_buf l, r;

/* A request that needs @established to be raised at the target, or not. */
static void request(const char *what, enum ibv_wr_opcode op, bool established)
{
	bool seen;

	t_case("%s", what);
	t_do(&p, &(struct t_op){ .opcode = op, .l = &l, .r = &r, .loff = 16, .len = 100 });
	seen = t_event_wait(d.ctx, IBV_EVENT_COMM_EST, p.b.qp,
			    established ? t_scale(3000) : T_QUIET_MS);
	t_check(seen == established, "IBV_EVENT_COMM_EST: expected %s, seen %s",
		established ? "one" : "none", seen ? "one" : "none");
	t_check(!t_event_wait(d.ctx, IBV_EVENT_COMM_EST, NULL, 0),
		"IBV_EVENT_COMM_EST: expected no other, seen one");
}

static void target_to_rtr(void)
{
	t_eq("to RESET", t_qp_to(p.b.qp, IBV_QPS_RESET), 0);
	t_eq("to INIT", t_qp_init(p.b.qp, &p.attr), 0);
	t_eq("to RTR", t_qp_rtr(p.b.qp, &d, &p.attr, p.a.qp->qp_num, &d.gid), 0);
	t_events_drop(d.ctx);
}

static void initiator_again(void)
{
	t_eq("to RESET", t_qp_to(p.a.qp, IBV_QPS_RESET), 0);
	t_qp_connect(p.a.qp, &d, &p.attr, p.b.qp->qp_num, &d.gid);
}

int main(void)
{
	t_start(60);
	d = t_dev_open();
	t_pair_open(&p, &d, NULL);
	t_buf_open(&l, p.a.pd, T_PINNED, T_PAGE, T_ACCESS_ALL);
	t_buf_open(&r, p.b.pd, T_PINNED, T_PAGE, T_ACCESS_ALL);
	request("WRITE in RTS", IBV_WR_RDMA_WRITE, false);
	target_to_rtr();
	initiator_again();
	request("first WRITE in RTR", IBV_WR_RDMA_WRITE, true);
	request("second WRITE in RTR", IBV_WR_RDMA_WRITE, false);
	request("SEND in RTR", IBV_WR_SEND, false);
	t_eq("to RTS", t_qp_rts(p.b.qp, &p.attr), 0);
	request("WRITE in RTS after that", IBV_WR_RDMA_WRITE, false);
	target_to_rtr();
	initiator_again();
	request("first SEND after a reset", IBV_WR_SEND, true);
	request("READ after it", IBV_WR_RDMA_READ, false);
	t_buf_close(&l);
	t_buf_close(&r);
	t_pair_close(&p);
	t_dev_close(&d);
	return t_finish();
}
