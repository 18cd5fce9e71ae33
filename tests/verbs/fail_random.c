// SPDX-License-Identifier: GPL-2.0
/*
 * Description: 3 threads make queue pairs and regions, and move data over memory that the driver
 * has not seen yet, while one in fifty of the driver's allocations fails, its workers' as well.
 * Each call ends, each posted request completes, nothing is left behind, and afterwards all works.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "t_inject.h"
#include "t_leak.h"
#include "t_op.h"
#include "t_options.h"

#define THREADS	3
#define ROUNDS	150
#define LEN	(24 * T_PAGE)

struct job {
	struct t_dev *d;
	uint64_t seed;
	unsigned int done, failed, refused;
};

static char *memory(bool file)
{
	FILE *f;
	char *m;

	if (!file)
		return t_mmap(LEN);
	f = tmpfile();
	if (!f || ftruncate(fileno(f), LEN))
		t_die("temporary file: %s", strerror(errno));
	m = mmap(NULL, LEN, PROT_READ | PROT_WRITE, MAP_SHARED, fileno(f), 0);
	if (m == MAP_FAILED)
		t_die("mmap of a file: %s", strerror(errno));
	fclose(f);
	return m;
}

static struct ibv_qp *qp_new(struct job *j, struct ibv_pd *pd, struct ibv_cq *cq)
{
	struct t_attr at = t_attr_default(j->d);
	struct ibv_qp_init_attr ia = {
		.send_cq = cq,
		.recv_cq = cq,
		.cap = { .max_send_wr = 16, .max_recv_wr = 16, .max_send_sge = 1,
			 .max_recv_sge = 1 },
		.qp_type = IBV_QPT_RC,
	};
	struct ibv_qp *qp = ibv_create_qp(pd, &ia);

	/* Connected to itself: initiator and target in one. */
	if (qp && (t_qp_init(qp, &at) ||
		   t_qp_rtr(qp, j->d, &at, qp->qp_num, &j->d->gid) || t_qp_rts(qp, &at))) {
		ibv_destroy_qp(qp);
		qp = NULL;
	}
	return qp;
}

/* One request on new memory; returns whether it was done, and right. */
static bool transfer(struct job *j, struct ibv_pd *pd, struct ibv_cq *cq, struct ibv_qp *qp)
{
	enum t_kind kind = t_rand(&j->seed) % T_KINDS;
	bool write = t_rand(&j->seed) & 1, file = t_rand(&j->seed) % 4 == 0;
	uint32_t flags = t_rand(&j->seed) & 1 ? IBV_ADVISE_MR_FLAG_FLUSH : 0;
	char *l = memory(file), *r = memory(file);
	struct ibv_send_wr wr, *bad;
	struct ibv_wc wc = {};
	struct ibv_mr *lmr, *rmr;
	struct ibv_sge s;
	bool ok = false;

	t_pattern(write ? l : r, LEN, j->seed);
	lmr = t_try_reg(pd, kind, l, LEN, T_ACCESS_ALL);
	rmr = t_try_reg(pd, kind, r, LEN, T_ACCESS_ALL);
	if (lmr && rmr) {
		s = (struct ibv_sge){ (uintptr_t)l, LEN, lmr->lkey };
		if (t_rand(&j->seed) % 4 == 0)
			ibv_advise_mr(pd, IBV_ADVISE_MR_ADVICE_PREFETCH, flags, &s, 1);
		wr = t_send_wr(write ? IBV_WR_RDMA_WRITE : IBV_WR_RDMA_READ, 1, &s, 1,
			       (uintptr_t)r, rmr->rkey);
		if (!ibv_post_send(qp, &wr, &bad)) {
			if (!t_wc(cq, &wc, t_scale(20000)))
				t_fail("a posted request: expected a completion, seen none");
			else
				ok = wc.status == IBV_WC_SUCCESS;
			if (ok)
				t_bytes("data", r, l, LEN);
		}
	}
	if (lmr)
		t_dereg(lmr);
	if (rmr)
		t_dereg(rmr);
	munmap(l, LEN);
	munmap(r, LEN);
	return ok;
}

static void round_of(struct job *j)
{
	struct ibv_pd *pd = ibv_alloc_pd(j->d->ctx);
	struct ibv_cq *cq = ibv_create_cq(j->d->ctx, 64, NULL, NULL, 0);
	struct ibv_qp *qp = pd && cq ? qp_new(j, pd, cq) : NULL;

	if (!qp)
		j->refused++;
	else if (transfer(j, pd, cq, qp))
		j->done++;
	else
		j->failed++;
	if (qp)
		t_check(!ibv_destroy_qp(qp), "ibv_destroy_qp: %s", strerror(errno));
	if (cq)
		t_check(!ibv_destroy_cq(cq), "ibv_destroy_cq: %s", strerror(errno));
	if (pd)
		t_check(!ibv_dealloc_pd(pd), "ibv_dealloc_pd: %s", strerror(errno));
}

static void *thread(void *arg)
{
	struct job *j = arg;
	unsigned int i;

	for (i = 0; i < ROUNDS && !t_failures(); i++)
		round_of(j);
	return NULL;
}

/* In a process of its own: however it ends, the failures are switched off. */
static int work(void *arg)
{
	struct job job[THREADS] = {};
	struct t_dev d = t_dev_open();
	pthread_t id[THREADS];
	unsigned int i, done = 0, failed = 0, refused = 0;

	for (i = 0; i < THREADS; i++) {
		job[i].d = &d;
		job[i].seed = *(uint64_t *)arg + 2 * i;
		t_thread(&id[i], thread, &job[i]);
	}
	for (i = 0; i < THREADS; i++) {
		pthread_join(id[i], NULL);
		done += job[i].done;
		failed += job[i].failed;
		refused += job[i].refused;
	}
	t_dev_close(&d);
	printf("%u transfers done, %u failed, %u queue pairs refused\n", done, failed, refused);
	t_check(failed + refused > 0, "expected calls that fail, seen none");
	return t_finish();
}

int main(void)
{
	uint64_t seed;
	struct t_leak leak;
	struct job after = {};
	struct t_dev d;
	pid_t pid;

	t_start(200);
	seed = t_seed(0);
	t_inject_need();
	d = t_dev_open();
	t_need_odp(&d);
	t_leak_begin(&leak);
	t_case("seed %llu", (unsigned long long)seed);
	t_inject_random(2);
	pid = t_fork(work, &seed);
	t_wait(pid, "the process with the failures");
	t_inject_random(0);
	t_case("afterwards");
	after.d = &d;
	after.seed = seed;
	round_of(&after);
	t_check(after.done == 1, "a transfer: expected success, seen an error");
	t_leak_end(&leak);
	t_dev_close(&d);
	return t_finish();
}
