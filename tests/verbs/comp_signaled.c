// SPDX-License-Identifier: GPL-2.0
/*
 * Description: with sq_sig_all 0 only signaled requests complete, in order; with sq_sig_all 1
 * all do; a queue of unsignaled requests is reclaimed by each signaled one; a request without a
 * signal that fails completes in error.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <string.h>

#include "t_op.h"

#define TOTAL	600

static void run(struct t_dev *d, int sig_all, unsigned int every)
{
	struct t_attr at = t_attr_default(d);
	struct t_buf l, r;
	struct t_pair p;
	unsigned int i, expected = 0;
	uint64_t v = 0;

	at.sq_sig_all = sig_all;
	t_pair_open(&p, d, &at);
	t_buf_open(&l, p.a.pd, T_PINNED, T_PAGE, T_ACCESS_ALL);
	t_buf_open(&r, p.b.pd, T_PINNED, T_PAGE, T_ACCESS_ALL);
	for (i = 1; i <= TOTAL; i++) {
		struct ibv_sge s = t_sge(&l, 0, 8);
		struct ibv_send_wr wr = t_send_wr(IBV_WR_RDMA_WRITE, i, &s, 1, r.iova, r.mr->rkey);
		bool signaled = i % every == 0;

		wr.send_flags = signaled ? IBV_SEND_SIGNALED : 0;
		if (sig_all || signaled) {
			v = i;
			memcpy(l.addr, &v, 8);
		}
		t_post(&p.a, &wr);
		if (!sig_all && !signaled)
			continue;
		expected++;
		if (!t_expect_wc("signaled request", p.a.scq, i, IBV_WC_SUCCESS, NULL))
			break;
		t_bytes("data of the signaled request", r.addr, l.addr, 8);
	}
	t_expect_quiet("after the last signaled request", p.a.scq);
	t_eq("completions", expected, sig_all ? TOTAL : TOTAL / every);
	t_buf_close(&l);
	t_buf_close(&r);
	t_pair_close(&p);
}

/* What ends in error is told, whether it asked for a completion or not. */
static void fails(struct t_dev *d)
{
	struct t_buf l, r;
	struct t_pair p;
	struct ibv_send_wr wr;
	struct ibv_sge s;

	t_pair_open(&p, d, NULL);
	t_buf_open(&l, p.a.pd, T_PINNED, T_PAGE, T_ACCESS_ALL);
	t_buf_open(&r, p.b.pd, T_PINNED, T_PAGE, T_ACCESS_ALL);
	s = t_sge(&l, 0, 8);
	wr = t_send_wr(IBV_WR_RDMA_WRITE, 5, &s, 1, r.iova, r.mr->rkey ^ 1);
	wr.send_flags = 0;
	t_expect_error(&p, &wr, IBV_WC_REM_ACCESS_ERR, -1, -1);
	t_expect_quiet("after the flush", p.a.scq);
	t_buf_close(&l);
	t_buf_close(&r);
	t_pair_close(&p);
}

int main(void)
{
	static const unsigned int every[] = { 1, 2, 7, 60 };
	struct t_dev d;
	unsigned int i;

	t_start(30);
	d = t_dev_open();
	for (i = 0; i < T_ARRAY_SIZE(every); i++) {
		t_case("every %u signaled, sq_sig_all 0", every[i]);
		run(&d, 0, every[i]);
	}
	t_case("sq_sig_all 1, no request signaled");
	run(&d, 1, TOTAL);
	t_case("a request without a signal that fails");
	fails(&d);
	t_dev_close(&d);
	return t_finish();
}
