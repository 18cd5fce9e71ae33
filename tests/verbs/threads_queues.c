// SPDX-License-Identifier: GPL-2.0
/*
 * Description: several threads post to one send queue and several poll one completion queue,
 * while queue pairs that share it come and go: every request completes exactly once, every byte
 * arrives, and no completion comes from a queue pair that has been destroyed.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>

#include "t_op.h"

#define POSTERS		4
#define POLLERS		2
#define REQUESTS	400	/* of each poster */
#define CHURN		(1ULL << 63)

static struct t_dev d;
static struct t_attr at;
static struct t_pair p;
static struct t_buf l, r;

static atomic_int seen[POSTERS][REQUESTS];
static atomic_uint completed, destroyed, late, failed;
static atomic_bool stop;

/* Word @i of poster @n, on both sides. */
static size_t word(unsigned int n, unsigned int i)
{
	return (n * REQUESTS + i) * sizeof(uint64_t);
}

static void *post(void *arg)
{
	unsigned int n = (uintptr_t)arg, i;

	for (i = 0; i < REQUESTS; i++) {
		struct ibv_sge sge = t_sge(&l, word(n, i), sizeof(uint64_t));
		struct ibv_send_wr wr = t_send_wr(IBV_WR_RDMA_WRITE, (uint64_t)n << 32 | i, &sge, 1,
						  r.iova + word(n, i), r.mr->rkey);
		int rc;

		while ((rc = t_try_post(&p.a, &wr)) == ENOMEM && !stop)
			sched_yield();
		if (rc) {
			atomic_fetch_add(&failed, 1);
			return NULL;
		}
	}
	return NULL;
}

static void take(const struct ibv_wc *wc, unsigned int gone)
{
	unsigned int n = wc->wr_id >> 32, i = (uint32_t)wc->wr_id;

	if (wc->wr_id & CHURN) {
		if (i < gone)
			atomic_fetch_add(&late, 1);
		return;
	}
	if (wc->status || n >= POSTERS || i >= REQUESTS) {
		atomic_fetch_add(&failed, 1);
		return;
	}
	atomic_fetch_add(&seen[n][i], 1);
	atomic_fetch_add(&completed, 1);
}

static void *poll(void *arg)
{
	struct ibv_wc wc[8];

	(void)arg;
	while (!stop) {
		unsigned int gone = atomic_load(&destroyed);
		int i, n = ibv_poll_cq(p.a.scq, 8, wc);

		if (n < 0) {
			atomic_fetch_add(&failed, 1);
			return NULL;
		}
		for (i = 0; i < n; i++)
			take(&wc[i], gone);
		if (!n)
			sched_yield();
	}
	return NULL;
}

/* Each leaves flushed requests in the shared queue, and is destroyed at once. */
static void *churn(void *arg)
{
	unsigned int round;
	int i;

	(void)arg;
	for (round = 0; !stop; round++) {
		struct ibv_send_wr *bad;
		struct ibv_send_wr wr = t_send_wr(IBV_WR_SEND, CHURN | round, NULL, 0, 0, 0);
		struct ibv_qp *qp = t_side_new_qp(&p.a, &at);

		if (!qp || t_qp_init(qp, &at) || t_qp_to(qp, IBV_QPS_ERR)) {
			atomic_fetch_add(&failed, 1);
			return NULL;
		}
		for (i = 0; i < 3; i++) {
			if (ibv_post_send(qp, &wr, &bad))
				atomic_fetch_add(&failed, 1);
		}
		if (round & 1)
			sched_yield();
		if (ibv_destroy_qp(qp)) {
			atomic_fetch_add(&failed, 1);
			return NULL;
		}
		atomic_store(&destroyed, round + 1);
	}
	return NULL;
}

static void threads(void)
{
	pthread_t poster[POSTERS], poller[POLLERS], churner;
	uint64_t last = t_ms();
	unsigned int before = 0;
	uintptr_t i;

	for (i = 0; i < POLLERS; i++)
		t_thread(&poller[i], poll, NULL);
	t_thread(&churner, churn, NULL);
	for (i = 0; i < POSTERS; i++)
		t_thread(&poster[i], post, (void *)i);

	while (completed < POSTERS * REQUESTS && !failed && t_ms() - last < t_scale(T_WC_MS)) {
		if (completed != before) {
			before = completed;
			last = t_ms();
		}
		t_sleep_ms(5);
	}
	t_sleep_ms(T_QUIET_MS);
	stop = true;
	for (i = 0; i < POSTERS; i++)
		pthread_join(poster[i], NULL);
	for (i = 0; i < POLLERS; i++)
		pthread_join(poller[i], NULL);
	pthread_join(churner, NULL);
}

static void run(unsigned int depth)
{
	unsigned int n, i;

	t_case("%d threads post to a queue of %u, %d poll, one makes and destroys queue pairs",
	       POSTERS, depth, POLLERS);
	memset(seen, 0, sizeof(seen));
	completed = 0;
	destroyed = 0;
	late = 0;
	failed = 0;
	stop = false;

	at = t_attr_default(&d);
	at.max_send_wr = depth;
	at.cqe = 4096;
	t_pair_open(&p, &d, &at);
	t_buf_open(&l, p.a.pd, T_PINNED, POSTERS * REQUESTS * sizeof(uint64_t), T_ACCESS_ALL);
	t_buf_open(&r, p.b.pd, T_PINNED, POSTERS * REQUESTS * sizeof(uint64_t), T_ACCESS_ALL);
	threads();

	t_eq("calls that failed", failed, 0);
	t_eq("completions of queue pairs that were destroyed before", late, 0);
	t_check(destroyed > 0, "expected some queue pairs to come and go, seen none");
	for (n = 0; n < POSTERS; n++) {
		for (i = 0; i < REQUESTS; i++) {
			if (seen[n][i] != 1)
				t_fail("request %u of thread %u: expected 1 completion, seen %d", i, n,
				       seen[n][i]);
		}
	}
	t_bytes("target", r.addr, l.addr, POSTERS * REQUESTS * sizeof(uint64_t));

	t_buf_close(&l);
	t_buf_close(&r);
	t_pair_close(&p);
}

int main(void)
{
	t_start(120);
	d = t_dev_open();
	run(64);
	run(4);
	t_dev_close(&d);
	return t_finish();
}
