// SPDX-License-Identifier: GPL-2.0
/* Copyright (c) 2026 The pinless authors */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "t_crew.h"
#include "t_link.h"
#include "t_op.h"

static const char *const op_names[T_CREW_OPS] = {
	"WRITE", "READ", "SEND", "CMP_SWAP", "FETCH_ADD",
};

/* Words of a chunk: one, a cache line, a page, more than a page, all. */
static const unsigned int lengths[] = { 1, 8, 64, 511, 512, 513, 1024, T_CHUNK_WORDS };

/* A process's own. */
struct local {
	struct t_crew *crew;
	unsigned int me;
	struct t_dev d;
	char *mem;
	/* To the next process, and from the one before. */
	struct t_side out[T_CREW_WORKERS], in[T_CREW_WORKERS];
	struct ibv_mr *mr_out[T_CREW_WORKERS], *mr_in[T_CREW_WORKERS];
	struct t_work work[T_CREW_WORKERS];
	uint64_t seed;
	/* This thread's additions to the counter. */
	uint64_t own;
	volatile int quiet;
};

struct weather {
	struct local *l;
	struct t_storm storm;
};

const char *t_crew_op_name(enum t_crew_op op)
{
	return op_names[op];
}

struct t_crew *t_crew_new(unsigned int processes)
{
	struct t_crew *c = mmap(NULL, sizeof(*c), PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (c == MAP_FAILED)
		t_die("mmap of shared memory: %s", strerror(errno));
	c->processes = processes;
	return c;
}

/* Which sequence of random numbers a thread has: neighbours must not be alike. */
static uint64_t thread_seed(uint64_t seed, unsigned int process, unsigned int thread)
{
	seed += (process * 64ULL + thread + 1) * 0x9e3779b97f4a7c15ULL;
	seed = (seed ^ seed >> 30) * 0xbf58476d1ce4e5b9ULL;
	return (seed ^ seed >> 27) | 1;
}

/* See t_work.c for which worker writes a chunk. */
static void deal(struct t_crew *c, unsigned int me, unsigned int i, uint64_t *seed)
{
	unsigned int slot = i % (2 * T_CREW_WORKERS), j = i / (2 * T_CREW_WORKERS);
	unsigned int from = (me + c->processes - 1) % c->processes;
	struct t_chunk *k = &c->process[me].chunk[i];

	t_chunk_init(k, 1 + from * T_CREW_WORKERS + slot % T_CREW_WORKERS, me * T_CREW_CHUNKS + i);
	k->role = i == T_CREW_CHUNKS - 1 ? T_ROLE_COUNTER :
		  slot >= T_CREW_WORKERS ? T_ROLE_SCRATCH :
		  j < T_CREW_RECVS ? T_ROLE_RECV : j % 6 == 0 ? T_ROLE_ATOMIC : T_ROLE_DATA;
	k->kept = i >= T_CREW_CHUNKS * 2 / 3;
	k->words = 1;
	if (k->role == T_ROLE_DATA || k->role == T_ROLE_RECV)
		k->words = lengths[t_rand(seed) % T_ARRAY_SIZE(lengths)];
	k->first = t_rand(seed) % (T_CHUNK_WORDS - k->words + 1);
	/* The device may write to these at any time. */
	k->users = k->role == T_ROLE_RECV || k->role == T_ROLE_COUNTER;
}

void t_crew_reset(struct t_crew *c, uint64_t seed)
{
	unsigned int i, j;

	c->seed = seed;
	c->stop = 0;
	c->gone = 0;
	c->starving = 0;
	c->working = 0;
	c->victim = -1;
	memset(c->arrived, 0, sizeof(c->arrived));
	memset(c->process, 0, sizeof(c->process));
	for (i = 0; i < c->processes; i++) {
		uint64_t s = thread_seed(seed, i, 63);

		for (j = 0; j < T_CREW_CHUNKS; j++)
			deal(c, i, j, &s);
	}
}

bool t_crew_meet(struct t_crew *c, enum t_crew_step step)
{
	__atomic_fetch_add(&c->arrived[step], 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&c->arrived[step], __ATOMIC_SEQ_CST) < (int)t_crew_alive(c)) {
		if (c->failed)
			return false;
		t_sleep_ms(1);
	}
	return true;
}

static struct ibv_mr *reg(struct local *l, struct t_side *s)
{
	enum t_kind kind = t_rand(&l->seed) & 64 ? T_ODP : T_IMPLICIT;

	if (!t_kind_ok(&l->d, kind, IBV_WR_RDMA_WRITE))
		kind = T_ODP;
	return t_reg(s->pd, kind, l->mem, T_CREW_CHUNKS * T_CHUNK, T_ACCESS_ALL);
}

static void post_recv(struct local *l, unsigned int worker, unsigned int n)
{
	unsigned int i = t_crew_recv_chunk(worker, n);
	const struct t_chunk *c = &l->crew->process[l->me].chunk[i];
	struct ibv_sge sge = { (uintptr_t)l->mem + i * T_CHUNK + 8 * c->first, 8 * c->words,
			       l->mr_in[worker]->lkey };
	struct ibv_recv_wr *bad, wr = { .wr_id = n, .sg_list = &sge, .num_sge = 1 };
	int rc = ibv_post_recv(l->in[worker].qp, &wr, &bad);

	if (rc && !l->crew->gone)
		t_fail("ibv_post_recv: %s", strerror(rc));
}

static void set_up(struct local *l)
{
	struct t_crew_process *p = &l->crew->process[l->me];
	struct t_attr at;
	unsigned int i;

	l->d = l->crew->link ? t_dev_open_name(T_LINK) : t_dev_open();
	at = t_attr_default(&l->d);
	at.min_rnr_timer = 1;
	l->mem = t_storm_map(T_CREW_CHUNKS);
	for (i = 0; i < T_CREW_WORKERS; i++) {
		t_side_open(&l->out[i], &l->d, &at);
		t_side_open(&l->in[i], &l->d, &at);
		l->mr_out[i] = reg(l, &l->out[i]);
		l->mr_in[i] = reg(l, &l->in[i]);
		p->qpn_in[i] = l->in[i].qp->qp_num;
		p->remote[i] = (struct t_remote){ l->out[i].qp->qp_num, l->d.gid,
						  (uintptr_t)l->mem, l->mr_in[i]->rkey };
	}
}

static void connect_all(struct local *l)
{
	struct t_attr at = t_attr_default(&l->d);
	struct t_crew *c = l->crew;
	struct t_crew_process *next = &c->process[t_crew_targets(c, l->me)];
	struct t_crew_process *last = &c->process[(l->me + c->processes - 1) % c->processes];
	unsigned int i, n;

	at.min_rnr_timer = 1;
	for (i = 0; i < T_CREW_WORKERS; i++) {
		t_qp_connect(l->out[i].qp, &l->d, &at, next->qpn_in[i], &l->d.gid);
		t_qp_connect(l->in[i].qp, &l->d, &at, last->remote[i].qpn, &l->d.gid);
		for (n = 0; n < T_CREW_RECVS; n++)
			post_recv(l, i, n);
	}
}

static void look_at(struct local *l, unsigned int i)
{
	struct t_chunk *c = &l->crew->process[l->me].chunk[i];

	if (c->role == T_ROLE_SCRATCH || !t_chunk_use(c))
		return;
	if (!t_chunk_look(c, l->mem + i * T_CHUNK))
		l->crew->failed = 1;
	t_chunk_unuse(c);
	__atomic_fetch_add(&l->crew->looks, 1, __ATOMIC_RELAXED);
}

static uint64_t *counter(struct local *l)
{
	return (uint64_t *)(l->mem + (T_CREW_CHUNKS - 1) * T_CHUNK) +
	       l->crew->process[l->me].chunk[T_CREW_CHUNKS - 1].first;
}

/* The process's main thread: checks what arrives, and reposts receives. */
static void keep(struct local *l)
{
	struct ibv_wc wc;
	unsigned int i;
	int n;

	for (i = 0; i < T_CREW_WORKERS; i++) {
		while ((n = ibv_poll_cq(l->in[i].rcq, 1, &wc)) > 0) {
			if (wc.status == IBV_WC_SUCCESS) {
				post_recv(l, i, wc.wr_id);
				continue;
			}
			/* The queue pair is flushed after the end of its peer only. */
			if (!l->crew->gone && !l->crew->starving && !l->crew->failed &&
			    l->crew->victim < 0)
				t_fail("process %u: receive %u of worker %u: expected success, seen %s",
				       l->me, (unsigned int)wc.wr_id, i,
				       ibv_wc_status_str(wc.status));
		}
	}
	look_at(l, t_rand(&l->seed) % T_CREW_CHUNKS);
	__atomic_fetch_add(counter(l), 1, __ATOMIC_SEQ_CST);
	l->own++;
	/* Leave most of the machine to the threads that post. */
	t_sleep_ms(1);
	if (t_failures())
		l->crew->failed = 1;
}

/* CPUs and devices have added to it concurrently. */
static void check_counter(struct local *l)
{
	struct t_crew_process *p = &l->crew->process[l->me];
	uint64_t v = __atomic_load_n(counter(l), __ATOMIC_SEQ_CST);

	t_check(v >= p->added + l->own && v <= p->adding + l->own,
		"process %u: a word to which all add: expected %llu to %llu, seen %llu", l->me,
		(unsigned long long)(p->added + l->own),
		(unsigned long long)(p->adding + l->own), (unsigned long long)v);
}

static void *weather(void *arg)
{
	struct weather *w = arg;

	while (!w->l->quiet && !w->l->crew->failed) {
		t_storm_one(&w->storm);
		if (t_rand(&w->storm.seed) % 4 == 0)
			t_sleep_ms(1);
		if (t_failures())
			w->l->crew->failed = 1;
	}
	return NULL;
}

/* Until no process posts any more. */
static void run(struct local *l)
{
	struct weather w[T_CREW_STORMS] = {};
	pthread_t worker[T_CREW_WORKERS], thread[T_CREW_STORMS];
	struct t_crew *c = l->crew;
	bool told = false;
	unsigned int i;

	for (i = 0; i < T_CREW_WORKERS; i++) {
		l->work[i] = (struct t_work){ c, l->me, i, &l->out[i], l->mem, l->mr_out[i],
					      thread_seed(c->seed, l->me, i), 0 };
		t_thread(&worker[i], t_work, &l->work[i]);
	}
	for (i = 0; i < T_CREW_STORMS; i++) {
		w[i].l = l;
		w[i].storm = (struct t_storm){ l->mem, c->process[l->me].chunk, T_CREW_CHUNKS,
					       thread_seed(c->seed, l->me, T_CREW_WORKERS + i), i,
					       c->events };
		t_thread(&thread[i], weather, &w[i]);
	}
	while (!c->failed) {
		bool ended = true;

		keep(l);
		for (i = 0; i < T_CREW_WORKERS; i++)
			ended &= c->process[l->me].worker[i].ended;
		if (ended && !told)
			__atomic_fetch_add(&c->arrived[T_CREW_WORKED], 1, __ATOMIC_SEQ_CST);
		told |= ended;
		if (told && __atomic_load_n(&c->arrived[T_CREW_WORKED], __ATOMIC_SEQ_CST) >=
		    (int)t_crew_alive(c))
			break;
	}
	l->quiet = 1;
	for (i = 0; i < T_CREW_WORKERS; i++)
		pthread_join(worker[i], NULL);
	for (i = 0; i < T_CREW_STORMS; i++)
		pthread_join(thread[i], NULL);
}

static void tear_down(struct local *l)
{
	unsigned int i;

	for (i = 0; i < T_CREW_WORKERS; i++) {
		t_dereg(l->mr_out[i]);
		t_dereg(l->mr_in[i]);
		t_side_close(&l->out[i]);
		t_side_close(&l->in[i]);
	}
	t_dev_close(&l->d);
}

int t_crew_process(void *arg)
{
	struct t_crew_job *job = arg;
	static struct local l;
	unsigned int i;

	l.crew = job->crew;
	l.me = job->me;
	l.seed = thread_seed(l.crew->seed, l.me, 62);
	if (l.crew->group)
		t_cgroup_enter(l.crew->group);
	set_up(&l);
	if (t_crew_meet(l.crew, T_CREW_MADE)) {
		connect_all(&l);
		if (t_crew_meet(l.crew, T_CREW_CONNECTED)) {
			l.crew->working = 1;
			run(&l);
		}
	}
	/* The process that failed has reported it. */
	if (l.crew->failed)
		return t_failures() ? T_EXIT_FAIL : T_EXIT_PASS;
	for (i = 0; i < T_CREW_CHUNKS; i++)
		look_at(&l, i);
	check_counter(&l);
	/* The end of the process does the same. */
	if (!l.crew->gone)
		tear_down(&l);
	return t_failures() ? T_EXIT_FAIL : T_EXIT_PASS;
}
