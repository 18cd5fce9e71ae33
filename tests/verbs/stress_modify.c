// SPDX-License-Identifier: GPL-2.0
/*
 * Description: queue pairs are taken to ERR and RESET, and destroyed, at random moments of their
 * traffic, from either end: every request completes once and in order, none completes after a
 * RESET, and the next connection works.
 *
 * Runs for PINLESS_TEST_SECONDS (default 15); PINLESS_TEST_SEED repeats a run's random numbers.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "t_event.h"
#include "t_leak.h"
#include "t_op.h"
#include "t_options.h"

#define PAIRS	3
#define REGION	(128 * T_PAGE)
#define DEPTH	64

enum hit { NONE, ERR_A, ERR_B, RESET_A, RESET_B, HITS };

static const char *const hit_names[] = {
	"nothing", "initiator to ERR", "target to ERR", "initiator to RESET", "target to RESET",
};

struct load {
	struct t_pair p;
	struct t_buf l, r;
	uint64_t seed, hit_seed;
	/* Requests posted, and completed, in this connection. */
	uint64_t posted, done;
	uint64_t rounds[HITS];
	/* Held while the queue pairs are hit, and while they are renewed. */
	pthread_mutex_t lock;
	volatile enum hit hit;
};

static volatile int stop;
/* Events of all queue pairs come through one file, which t_pair_recycle() empties. */
static pthread_mutex_t recycle_lock = PTHREAD_MUTEX_INITIALIZER;

/* False when the queue is full, or takes nothing in its state. */
static bool post_one(struct load *w)
{
	static const enum ibv_wr_opcode ops[] = {
		IBV_WR_RDMA_WRITE, IBV_WR_RDMA_READ, IBV_WR_ATOMIC_FETCH_AND_ADD, IBV_WR_SEND,
	};
	enum ibv_wr_opcode op = ops[t_rand(&w->seed) % T_ARRAY_SIZE(ops)];
	size_t max = t_rand(&w->seed) & 1 ? REGION / 2 : 64;
	size_t len = t_is_atomic(op) ? 8 : t_rand(&w->seed) % max + 1;
	size_t off = t_rand(&w->seed) % (REGION / 2) & ~7UL;
	struct ibv_sge sge = t_sge(&w->l, off, len), all = t_sge(&w->r, 0, REGION);
	struct ibv_send_wr *bad, wr = t_send_wr(op, w->posted, &sge, 1, w->r.iova + off,
						w->r.mr->rkey);
	struct ibv_recv_wr *bad_recv, recv = { .wr_id = 7, .sg_list = &all, .num_sge = 1 };

	if (w->posted - w->done >= DEPTH)
		return false;
	if (op == IBV_WR_SEND && ibv_post_recv(w->p.b.qp, &recv, &bad_recv))
		return false;
	if (ibv_post_send(w->p.a.qp, &wr, &bad))
		return false;
	w->posted++;
	return true;
}

/* Takes what has completed; @failed tells whether the connection has. */
static bool reap(struct load *w, bool *failed)
{
	struct ibv_wc wc;
	bool any = false;

	while (ibv_poll_cq(w->p.a.scq, 1, &wc) > 0) {
		any = true;
		t_check(wc.wr_id == w->done && w->done < w->posted,
			"completion: expected wr_id %llu of %llu posted, seen %llu '%s'",
			(unsigned long long)w->done, (unsigned long long)w->posted,
			(unsigned long long)wc.wr_id, ibv_wc_status_str(wc.status));
		t_check(!*failed || wc.status == IBV_WC_WR_FLUSH_ERR,
			"completion after the first error: expected '%s', seen '%s'",
			ibv_wc_status_str(IBV_WC_WR_FLUSH_ERR), ibv_wc_status_str(wc.status));
		if (wc.status != IBV_WC_SUCCESS)
			*failed = true;
		w->done = wc.wr_id + 1;
	}
	while (ibv_poll_cq(w->p.b.rcq, 1, &wc) > 0)
		any = true;
	return any;
}

static void renew(struct load *w)
{
	struct t_attr *at = &w->p.attr;
	struct ibv_wc wc;

	if (t_rand(&w->seed) & 1) {
		pthread_mutex_lock(&recycle_lock);
		t_pair_recycle(&w->p);
		pthread_mutex_unlock(&recycle_lock);
	} else {
		t_check(!t_qp_to(w->p.a.qp, IBV_QPS_RESET), "modify to RESET failed");
		t_check(!t_qp_to(w->p.b.qp, IBV_QPS_RESET), "modify to RESET failed");
		while (ibv_poll_cq(w->p.a.scq, 1, &wc) > 0 || ibv_poll_cq(w->p.b.rcq, 1, &wc) > 0)
			t_fail("completion of a queue pair in RESET: expected none, seen wr_id %llu '%s'",
			       (unsigned long long)wc.wr_id, ibv_wc_status_str(wc.status));
		t_qp_connect(w->p.a.qp, w->p.a.d, at, w->p.b.qp->qp_num, &w->p.b.d->gid);
		t_qp_connect(w->p.b.qp, w->p.b.d, at, w->p.a.qp->qp_num, &w->p.a.d->gid);
	}
	w->posted = 0;
	w->done = 0;
}

static void connection(struct load *w)
{
	uint64_t last = t_ms();
	bool failed = false;
	enum hit hit;

	while (!stop || w->hit) {
		while (!failed && post_one(w))
			;
		if (reap(w, &failed))
			last = t_ms();
		hit = w->hit;
		/* After a RESET nothing is left to come; else everything must. */
		if (hit == RESET_A || (hit && failed && w->done == w->posted))
			break;
		if (failed && !hit)
			t_fail("request %llu failed with nothing done to its queue pairs",
			       (unsigned long long)w->done - 1);
		if (t_ms() - last > t_scale(8000)) {
			t_fail("after '%s': expected a completion, seen none in 8 s; %llu posted, %llu completed",
			       hit_names[hit], (unsigned long long)w->posted,
			       (unsigned long long)w->done);
			break;
		}
		if (t_failures())
			break;
		if (w->r.kind != T_PINNED && t_rand(&w->seed) % 8 == 0)
			madvise(w->r.addr, REGION, MADV_DONTNEED);
	}
	w->rounds[w->hit]++;
}

static void *loader(void *arg)
{
	struct load *w = arg;

	while (!stop && !t_failures()) {
		connection(w);
		pthread_mutex_lock(&w->lock);
		if (!t_failures())
			renew(w);
		w->hit = NONE;
		pthread_mutex_unlock(&w->lock);
	}
	return NULL;
}

static void *hitter(void *arg)
{
	struct load *w = arg;

	while (!stop && !t_failures()) {
		enum hit hit = 1 + t_rand(&w->hit_seed) % (HITS - 1);
		bool at_a = hit == ERR_A || hit == RESET_A;
		bool reset = hit == RESET_A || hit == RESET_B;

		usleep(t_rand(&w->hit_seed) % 8000);
		pthread_mutex_lock(&w->lock);
		if (!w->hit) {
			/* Set first: its consequences may be seen before the call returns. */
			w->hit = hit;
			t_check(!t_qp_to(at_a ? w->p.a.qp : w->p.b.qp,
					 reset ? IBV_QPS_RESET : IBV_QPS_ERR),
				"%s: modify failed", hit_names[hit]);
		}
		pthread_mutex_unlock(&w->lock);
	}
	return NULL;
}

/* Has everything been done to every pair? */
static bool all_hit(const struct load *w)
{
	unsigned int i;
	enum hit h;

	for (i = 0; i < PAIRS; i++) {
		for (h = ERR_A; h < HITS; h++) {
			if (!__atomic_load_n(&w[i].rounds[h], __ATOMIC_RELAXED))
				return false;
		}
	}
	return true;
}

int main(void)
{
	unsigned int i, seconds = t_seconds(15);
	uint64_t seed;
	static struct load w[PAIRS];
	pthread_t thread[2 * PAIRS];
	struct t_attr at;
	uint64_t end;
	struct t_leak leak;
	struct t_dev d;

	t_start(seconds + 60);
	seed = t_seed(0);
	d = t_dev_open();
	if (d.rxe)
		t_skip("soft-RoCE with ODP has crashed the kernel under such traffic");
	t_case("seed %llu", (unsigned long long)seed);
	at = t_attr_default(&d);
	at.max_send_wr = DEPTH;
	at.max_recv_wr = 2 * DEPTH;
	at.timeout = 10;
	at.retry_cnt = 2;
	at.min_rnr_timer = 1;
	t_leak_begin(&leak);
	for (i = 0; i < PAIRS; i++) {
		enum t_kind kind = t_kind_ok(&d, T_ODP, IBV_WR_RDMA_READ) && i ? T_ODP : T_PINNED;

		t_pair_open(&w[i].p, &d, &at);
		t_buf_open(&w[i].l, w[i].p.a.pd, kind, REGION, T_ACCESS_ALL);
		t_buf_open(&w[i].r, w[i].p.b.pd, kind, REGION, T_ACCESS_ALL);
		w[i].seed = seed + 2 * i + 1;
		w[i].hit_seed = seed * 31 + 2 * i + 1;
		pthread_mutex_init(&w[i].lock, NULL);
	}
	for (i = 0; i < PAIRS; i++) {
		t_thread(&thread[2 * i], loader, &w[i]);
		t_thread(&thread[2 * i + 1], hitter, &w[i]);
	}
	/* A busy machine gets little done in a second. */
	end = t_ms() + 1000 * seconds;
	while ((t_ms() < end || !all_hit(w)) && t_ms() < end + t_scale(20000) && !t_failures())
		t_sleep_ms(100);
	stop = 1;
	for (i = 0; i < 2 * PAIRS; i++)
		pthread_join(thread[i], NULL);
	for (i = 0; i < PAIRS; i++) {
		struct t_op op = {
			.opcode = IBV_WR_RDMA_WRITE, .l = &w[i].l, .r = &w[i].r, .len = 10000,
		};
		enum hit h;

		for (h = ERR_A; h < HITS; h++)
			t_check(w[i].rounds[h] > 0, "pair %u, '%s': expected some rounds, seen none",
				i, hit_names[h]);
		t_pair_recycle(&w[i].p);
		t_buf_fill(&w[i].l, 5);
		t_buf_fill(&w[i].r, 6);
		t_do(&w[i].p, &op);
		t_buf_close(&w[i].l);
		t_buf_close(&w[i].r);
		t_pair_close(&w[i].p);
	}
	t_leak_end(&leak);
	t_dev_close(&d);
	return t_finish();
}
