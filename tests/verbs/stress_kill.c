// SPDX-License-Identifier: GPL-2.0
/*
 * Description: two processes move data in both directions, and one of them is killed at a random
 * moment; 100 times. The other gets an error and goes on, a third pair notices nothing, nothing
 * is leaked.
 *
 * PINLESS_TEST_SEED repeats a run's random numbers.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "t_leak.h"
#include "t_op.h"
#include "t_options.h"
#include "t_peer.h"

#ifndef MADV_COLD
#define MADV_COLD 20
#endif

#define REGION	(256 * T_PAGE)
#define ROUNDS	100
#define DEPTH	8

struct job {
	struct t_meet *meet;
	int me;
	bool file;
	enum t_kind kind;
	uint64_t seed;
};

static volatile int stop;

/* Memory of a file has faults that take their time. */
static char *memory(bool file)
{
	FILE *f;
	char *m;

	if (!file)
		return t_mmap(REGION);
	f = tmpfile();
	if (!f || ftruncate(fileno(f), REGION))
		t_die("temporary file: %s", strerror(errno));
	m = mmap(NULL, REGION, PROT_READ | PROT_WRITE, MAP_SHARED, fileno(f), 0);
	if (m == MAP_FAILED)
		t_die("mmap of a file: %s", strerror(errno));
	fclose(f);
	return m;
}

static void post_one(struct job *j, struct t_side *s, char *m, struct ibv_mr *mr)
{
	static const enum ibv_wr_opcode ops[] = {
		IBV_WR_RDMA_WRITE, IBV_WR_RDMA_READ, IBV_WR_ATOMIC_FETCH_AND_ADD, IBV_WR_SEND,
	};
	const struct t_remote *to = &j->meet->remote[!j->me];
	enum ibv_wr_opcode op = ops[t_rand(&j->seed) % T_ARRAY_SIZE(ops)];
	size_t len = t_is_atomic(op) ? 8 : t_rand(&j->seed) % (REGION / 2) + 1;
	size_t off = t_rand(&j->seed) % (REGION / 2) & ~7UL;
	struct ibv_sge sge = { (uintptr_t)m + off, len, mr->lkey };
	struct ibv_send_wr *bad, wr = t_send_wr(op, 1, &sge, 1, to->addr + off, to->rkey);
	struct ibv_sge all = { (uintptr_t)m, REGION, mr->lkey };
	struct ibv_recv_wr *bad_recv, recv = { .wr_id = 2, .sg_list = &all, .num_sge = 1 };

	/* The queue is full when the partner sends less than this side does. */
	ibv_post_recv(s->qp, &recv, &bad_recv);
	ibv_post_send(s->qp, &wr, &bad);
}

/* Ends with success at its first error; the process that is to be killed never gets there. */
static int partner(void *arg)
{
	struct job *j = arg;
	struct t_dev d = t_dev_open();
	struct t_attr at = t_attr_default(&d);
	uint64_t last = t_ms();
	struct t_side s;
	struct ibv_mr *mr;
	struct ibv_wc wc;
	unsigned int i;
	char *m;

	at.timeout = 10;
	at.retry_cnt = 2;
	at.min_rnr_timer = 1;
	m = memory(j->file);
	t_side_open(&s, &d, &at);
	mr = t_reg(s.pd, j->kind, m, REGION, T_ACCESS_ALL);
	t_peer_connect(j->meet, j->me, &s, &at, m, mr->rkey);
	for (i = 0; i < DEPTH; i++)
		post_one(j, &s, m, mr);
	j->meet->word[j->me] = 1;
	for (;;) {
		if (ibv_poll_cq(s.scq, 1, &wc) > 0) {
			if (wc.status != IBV_WC_SUCCESS)
				break;
			last = t_ms();
			post_one(j, &s, m, mr);
		}
		if (ibv_poll_cq(s.rcq, 1, &wc) > 0 && wc.status != IBV_WC_SUCCESS)
			break;
		if (j->kind != T_PINNED && t_rand(&j->seed) % 64 == 0)
			madvise(m + (t_rand(&j->seed) % REGION & ~(T_PAGE - 1)), T_PAGE,
				j->file ? MADV_COLD : MADV_DONTNEED);
		/* With the other side's receives used up this side may wait for ever. */
		if (t_ms() - last > t_scale(1000)) {
			t_qp_to(s.qp, IBV_QPS_ERR);
			last = t_ms();
		}
	}
	t_dereg(mr);
	t_side_close(&s);
	t_dev_close(&d);
	return t_failures() ? T_EXIT_FAIL : T_EXIT_PASS;
}

static void one(unsigned int round, uint64_t *seed)
{
	struct t_meet *meet = t_meet_new();
	struct job j[2];
	int victim = t_rand(seed) & 1, st = 0;
	uint64_t end;
	pid_t pid[2];
	int i;

	for (i = 0; i < 2; i++) {
		j[i] = (struct job){
			.meet = meet,
			.me = i,
			.file = round % 4 == 3,
			.kind = round % 4 == 3 ? T_ODP : round % 4 % T_KINDS,
			.seed = t_rand(seed) | 1,
		};
		pid[i] = t_fork(partner, &j[i]);
	}
	end = t_ms() + t_scale(20000);
	while (!meet->word[0] || !meet->word[1]) {
		if (t_ms() > end)
			t_die("the processes have not connected in 20 s");
		t_sleep_ms(1);
	}
	usleep(t_rand(seed) % 30000);
	kill(pid[victim], SIGKILL);
	waitpid(pid[victim], NULL, 0);
	end = t_ms() + t_scale(20000);
	while (!waitpid(pid[!victim], &st, WNOHANG)) {
		if (t_ms() > end) {
			kill(pid[!victim], SIGKILL);
			waitpid(pid[!victim], NULL, 0);
			t_fail("the process whose partner was killed: expected its end in 20 s");
			break;
		}
		t_sleep_ms(1);
	}
	t_check(WIFEXITED(st) && !WEXITSTATUS(st),
		"the process whose partner was killed: expected exit status 0, seen wait status 0x%x",
		st);
	munmap(meet, sizeof(*meet));
}

struct bystander {
	struct t_pair p;
	struct t_buf l, r;
	uint64_t done;
};

static void *bystander(void *arg)
{
	struct bystander *b = arg;
	uint64_t seed = 11;

	while (!stop) {
		struct t_op op = {
			.opcode = b->done & 1 ? IBV_WR_RDMA_READ : IBV_WR_RDMA_WRITE,
			.l = &b->l,
			.loff = t_rand(&seed) % 1000,
			.r = &b->r,
			.roff = t_rand(&seed) % 1000,
			.len = t_rand(&seed) % 20000,
		};

		if (!t_do(&b->p, &op))
			break;
		b->done++;
		t_sleep_ms(1);
	}
	return NULL;
}

int main(void)
{
	uint64_t seed;
	static struct bystander b;
	enum t_kind kind;
	struct t_leak leak;
	unsigned int i;
	pthread_t thread;
	struct t_dev d;

	t_start(280);
	seed = t_seed(0);
	d = t_dev_open();
	if (d.rxe)
		t_skip("processes killed under ODP traffic have crashed the kernel with soft-RoCE");
	kind = t_kind_ok(&d, T_ODP, IBV_WR_RDMA_READ) ? T_ODP : T_PINNED;
	t_pair_open(&b.p, &d, NULL);
	t_buf_open(&b.l, b.p.a.pd, kind, 32 * T_PAGE, T_ACCESS_ALL);
	t_buf_open(&b.r, b.p.b.pd, kind, 32 * T_PAGE, T_ACCESS_ALL);
	t_leak_begin(&leak);
	t_thread(&thread, bystander, &b);
	for (i = 0; i < ROUNDS && !t_failures(); i++) {
		/* The other thread's checks carry this name as well. */
		t_case("seed %llu, round %u", (unsigned long long)seed, i);
		one(i, &seed);
	}
	stop = 1;
	pthread_join(thread, NULL);
	t_check(b.done > 0, "operations of the pair that was not killed: expected some, seen none");
	t_leak_end(&leak);
	t_buf_close(&b.l);
	t_buf_close(&b.r);
	t_pair_close(&b.p);
	t_dev_close(&d);
	return t_finish();
}
