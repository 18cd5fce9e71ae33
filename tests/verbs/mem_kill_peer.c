// SPDX-License-Identifier: GPL-2.0
/*
 * Description: a process killed in the middle of traffic in both directions: its peer gets its
 * error, the rest of the machine goes on, and the next process is served; 10 times.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "t_op.h"
#include "t_peer.h"

#define REGION	(256 * T_PAGE)
#define ROUNDS	10

struct job {
	struct t_meet *meet;
	enum t_kind kind;
};

/* Until killed: READs and WRITEs on the peer's memory, while its own pages come and go. */
static int victim(void *arg)
{
	struct job *j = arg;
	struct t_dev d = t_dev_open();
	struct t_attr at = t_attr_default(&d);
	char *m = t_mmap(REGION);
	uint64_t seed = 3;
	struct t_side s;
	struct ibv_mr *mr;

	t_side_open(&s, &d, &at);
	mr = t_reg(s.pd, j->kind, m, REGION, T_ACCESS_ALL);
	t_peer_connect(j->meet, 1, &s, &at, m, mr->rkey);
	for (;;) {
		size_t off = t_rand(&seed) % (REGION / 2);
		struct ibv_sge sge = { (uintptr_t)m + off, REGION / 2, mr->lkey };
		struct ibv_send_wr wr = t_send_wr(off & 1 ? IBV_WR_RDMA_READ : IBV_WR_RDMA_WRITE, 1,
						  &sge, 1, j->meet->remote[0].addr,
						  j->meet->remote[0].rkey);
		struct ibv_wc wc;

		t_post(&s, &wr);
		if (j->kind != T_PINNED)
			madvise(m + (off & ~(T_PAGE - 1)), 16 * T_PAGE, MADV_DONTNEED);
		t_wc(s.scq, &wc, t_scale(8000));
	}
	return 0;
}

static void one(struct t_dev *d, enum t_kind kind, unsigned int round)
{
	struct t_attr at = t_attr_default(d);
	struct job j = { t_meet_new(), kind };
	uint64_t end, done = 0;
	struct ibv_wc wc;
	struct t_side s;
	struct t_buf l;
	bool killed = false;
	pid_t pid;

	t_case("%s, round %u", t_kind_name(kind), round);
	/*
	 * A peer that answers from a task of its own may be late on a busy machine; but 7 retries
	 * never end on rxe.
	 */
	at.timeout = d->rxe ? 16 : 12;
	at.retry_cnt = 3;
	pid = t_fork(victim, &j);
	t_side_open(&s, d, &at);
	t_buf_open(&l, s.pd, kind, REGION, T_ACCESS_ALL);
	t_peer_connect(j.meet, 0, &s, &at, l.addr, l.mr->rkey);
	end = t_ms() + 20 + round * 7;
	for (;;) {
		struct ibv_sge sge = t_sge(&l, 0, REGION);
		struct ibv_send_wr wr = t_send_wr(round & 1 ? IBV_WR_RDMA_READ : IBV_WR_RDMA_WRITE,
						  done, &sge, 1, j.meet->remote[1].addr,
						  j.meet->remote[1].rkey);

		t_post(&s, &wr);
		if (!killed && t_ms() >= end) {
			kill(pid, SIGKILL);
			killed = true;
		}
		if (!t_wc(s.scq, &wc, t_scale(8000))) {
			t_fail("request %llu: expected a completion, seen none in 8 s",
			       (unsigned long long)done);
			break;
		}
		done++;
		if (wc.status != IBV_WC_SUCCESS)
			break;
	}
	t_check(killed, "error before the peer was killed: '%s'", ibv_wc_status_str(wc.status));
	t_check(wc.status == IBV_WC_RETRY_EXC_ERR || wc.status == IBV_WC_REM_ACCESS_ERR ||
		wc.status == IBV_WC_REM_OP_ERR,
		"status after the peer was killed: expected retries exceeded or a remote error, seen '%s'",
		ibv_wc_status_str(wc.status));
	waitpid(pid, NULL, 0);
	t_buf_close(&l);
	t_side_close(&s);
}

int main(void)
{
	unsigned int round;
	struct t_dev d;
	int k;

	t_start(60);
	d = t_dev_open();
	for (round = 0; round < ROUNDS; round++) {
		for (k = 0; k < T_KINDS; k++) {
			if (t_kind_ok(&d, k, IBV_WR_RDMA_WRITE))
				one(&d, k, round);
		}
	}
	t_dev_close(&d);
	return t_finish();
}
