// SPDX-License-Identifier: GPL-2.0
/*
 * Description: a completion queue that overflows raises the event IBV_EVENT_CQ_ERR, loses
 * nothing of what it had room for, and can be destroyed.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include "t_event.h"
#include "t_op.h"

int main(void)
{
	struct ibv_wc wc;
	struct t_attr at;
	struct t_pair p;
	struct t_dev d;
	int i, size, n;

	t_start(30);
	d = t_dev_open();
	at = t_attr_default(&d);
	at.cqe = 8;
	at.max_send_wr = 4096;
	t_pair_open(&p, &d, &at);
	size = p.a.scq->cqe;
	t_case("queue asked for 8 and given %d", size);
	t_check(size >= 8, "cqe: expected at least 8, seen %d", size);
	if (size > 4000)
		t_skip("the smallest completion queue has %d entries", size);
	for (i = 0; i < size + 1; i++) {
		struct ibv_send_wr wr = t_send_wr(IBV_WR_RDMA_WRITE, i, NULL, 0, 0, 0);

		t_post(&p.a, &wr);
	}
	t_check(t_event_wait(d.ctx, IBV_EVENT_CQ_ERR, p.a.scq, t_scale(3000)),
		"event: expected '%s', seen none in 3 s", ibv_event_type_str(IBV_EVENT_CQ_ERR));
	/* A queue in error may refuse to be polled, but must not answer nonsense. */
	for (i = 0; i < size; i++) {
		n = ibv_poll_cq(p.a.scq, 1, &wc);
		if (n <= 0)
			break;
		t_eq("wr_id", wc.wr_id, i);
		t_eq("status", wc.status, IBV_WC_SUCCESS);
	}
	t_check(i == size || !i, "completions: expected %d or none, seen %d", size, i);
	t_pair_close(&p);
	t_dev_close(&d);
	return t_finish();
}
