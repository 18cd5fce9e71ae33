// SPDX-License-Identifier: GPL-2.0
/*
 * Description: a process writes random bytes into all of its mapped queues and control words,
 * changes them while they are read, and rings with random words, also for queue pairs of others:
 * it harms only itself.
 *
 * PINLESS_TEST_SEED repeats a run's random numbers.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "pinless-abi.h"
#include "t_leak.h"
#include "t_op.h"
#include "t_options.h"
#include "t_queue.h"

#define PAIRS		2
#define QPS		(2 * PAIRS)
#define SCRATCH		(256 * T_PAGE)
#define SECONDS		4
#define ROUNDS		3

struct vandal {
	struct t_dev d;
	struct t_pair p[PAIRS];
	struct t_buf odp, pinned;
	struct t_areas maps;
	struct t_region region[2];
	uint32_t qpn[QPS];
	/* Index last passed to the driver; only a guess. */
	uint32_t prod[QPS];
};

struct thread_arg {
	struct vandal *v;
	uint64_t seed;
};

/* A queue pair of another process, which only its own context may ring. */
struct job {
	uint32_t foreign_qpn;
	uint64_t seed;
};

static volatile int stop;

/* The mappings that this process inherited are queues of the parent. */
static void drop_inherited(struct vandal *v)
{
	unsigned int i;

	t_areas_find(&v->maps);
	for (i = 0; i < v->maps.n; i++)
		munmap(v->maps.area[i].start, v->maps.area[i].len);
}

static void *scribbler(void *arg)
{
	struct thread_arg *a = arg;
	uint64_t seed = a->seed;

	while (!stop) {
		struct t_area *m = &a->v->maps.area[t_rand(&seed) % a->v->maps.n];
		size_t off = t_rand(&seed) % m->len;
		volatile uint32_t *word = (void *)(m->start + (off & ~3UL));

		switch (t_rand(&seed) % 8) {
		case 0:
			*word = t_rand(&seed);
			break;
		case 1:
			/* Control words: indices, and what is armed. */
			word = (void *)m->start;
			word[t_rand(&seed) % 4] = t_rand(&seed) & 1 ? t_rand(&seed) % 256 :
								      t_rand(&seed);
			break;
		default:
			off = off / 64 * 64;
			if (off + T_ENTRY_BYTES <= m->len)
				t_entry_random(m->start + off, a->v->region, 2, &seed);
			break;
		}
	}
	return NULL;
}

static void *ringer(void *arg)
{
	struct thread_arg *a = arg;
	struct vandal *v = a->v;
	uint64_t seed = a->seed;

	while (!stop) {
		unsigned int i = t_rand(&seed) % QPS;
		uint32_t n = t_rand(&seed) % 8 ? t_rand(&seed) % 16 : t_rand(&seed);
		int rc;

		switch (t_rand(&seed) % 8) {
		case 0:
			t_ring(v->d.ctx, v->qpn[i] | PINLESS_RING_RECV, t_rand(&seed));
			break;
		case 1:
			t_ring(v->d.ctx, t_rand(&seed), t_rand(&seed));
			break;
		default:
			rc = t_ring(v->d.ctx, v->qpn[i], v->prod[i] + n);
			if (!rc)
				v->prod[i] += n;
			else if (t_rand(&seed) % 4 == 0)
				v->prod[i] = t_rand(&seed) % 64;
			break;
		}
	}
	return NULL;
}

/* Errors are expected here, and ignored. */
static void reconnect(struct vandal *v, struct t_side *s, struct t_side *to, unsigned int i)
{
	const struct t_attr *at = &v->p[0].attr;

	t_qp_to(s->qp, IBV_QPS_ERR);
	t_qp_to(s->qp, IBV_QPS_RESET);
	v->prod[i] = 0;
	t_qp_init(s->qp, at);
	t_qp_rtr(s->qp, &v->d, at, to->qp->qp_num, &v->d.gid);
	t_qp_rts(s->qp, at);
}

static int vandalise(void *arg)
{
	static struct vandal vandal;
	struct vandal *v = &vandal;
	struct job *j = arg;
	struct thread_arg a[4];
	struct t_attr at;
	pthread_t thread[4];
	uint64_t end, own;
	unsigned int i;

	drop_inherited(v);
	v->d = t_dev_open();
	at = t_attr_default(&v->d);
	at.timeout = 8;
	at.retry_cnt = 1;
	at.rnr_retry = 2;
	at.min_rnr_timer = 1;
	for (i = 0; i < PAIRS; i++) {
		t_pair_open(&v->p[i], &v->d, &at);
		v->qpn[2 * i] = v->p[i].a.qp->qp_num;
		v->qpn[2 * i + 1] = v->p[i].b.qp->qp_num;
	}
	/* One protection domain, so that some of the keys are good. */
	t_buf_open(&v->odp, v->p[0].a.pd, T_ODP, SCRATCH, T_ACCESS_ALL);
	t_buf_open(&v->pinned, v->p[0].b.pd, T_PINNED, SCRATCH, T_ACCESS_ALL);
	v->region[0] = (struct t_region){ v->odp.iova, SCRATCH, v->odp.mr->lkey };
	v->region[1] = (struct t_region){ v->pinned.iova, SCRATCH, v->pinned.mr->lkey };
	t_areas_find(&v->maps);
	t_check(v->maps.n > 0, "mapped queues: expected some, seen none");
	t_eq("ringing for a queue pair of another process",
	     t_ring(v->d.ctx, j->foreign_qpn, 1), EINVAL);
	t_eq("ringing for its receive queue",
	     t_ring(v->d.ctx, j->foreign_qpn | PINLESS_RING_RECV, 0), EINVAL);
	t_eq("index of more than a queue", t_ring(v->d.ctx, v->qpn[0], 0x80000000), EINVAL);
	t_eq("index that goes back", t_ring(v->d.ctx, v->qpn[0], -1), EINVAL);
	if (t_failures())
		return T_EXIT_FAIL;

	for (i = 0; i < 4; i++) {
		a[i] = (struct thread_arg){ v, j->seed + i };
		t_thread(&thread[i], i < 2 ? scribbler : ringer, &a[i]);
	}
	end = t_ms() + 1000 * SECONDS;
	own = j->seed + 9;
	while (t_ms() < end) {
		i = t_rand(&own) % PAIRS;
		reconnect(v, &v->p[i].a, &v->p[i].b, 2 * i);
		reconnect(v, &v->p[i].b, &v->p[i].a, 2 * i + 1);
		usleep(t_rand(&own) % 5000);
	}
	/* Nothing is torn down: cleaning up is left to the kernel. */
	_exit(T_EXIT_PASS);
}

int main(void)
{
	uint64_t seed;
	struct t_buf l, r;
	struct t_leak leak;
	struct t_pair p;
	struct t_dev d;
	unsigned int i;

	t_start(120);
	seed = t_seed(0);
	d = t_dev_open();
	if (!d.pinless)
		t_skip("writes queues in the format of pinless");
	t_pair_open(&p, &d, NULL);
	t_buf_open(&l, p.a.pd, T_ODP, 32 * T_PAGE, T_ACCESS_ALL);
	t_buf_open(&r, p.b.pd, T_ODP, 32 * T_PAGE, T_ACCESS_ALL);
	t_leak_begin(&leak);
	for (i = 0; i < ROUNDS; i++) {
		struct job j = { p.b.qp->qp_num, seed + 100 * i };
		uint64_t own = 5, done = 0, end;
		pid_t pid;

		t_case("seed %llu, round %u", (unsigned long long)seed, i);
		pid = t_fork(vandalise, &j);
		end = t_ms() + 1000 * SECONDS;
		/* Meanwhile this process notices nothing. */
		while (t_ms() < end && !t_failures()) {
			struct t_op op = {
				.opcode = done & 1 ? IBV_WR_RDMA_READ : IBV_WR_SEND,
				.l = &l, .loff = t_rand(&own) % 1000,
				.r = &r, .roff = t_rand(&own) % 1000,
				.len = t_rand(&own) % 20000,
			};

			t_do(&p, &op);
			done++;
		}
		t_wait(pid, "the process with the garbage");
		t_check(done > 0, "operations of this process: expected some, seen none");
	}
	t_leak_end(&leak);
	t_buf_close(&l);
	t_buf_close(&r);
	t_pair_close(&p);
	t_dev_close(&d);
	return t_finish();
}
