// SPDX-License-Identifier: GPL-2.0
/*
 * Description: the kernel takes the translation back again and again, tables and leaves, as it
 * does when memory is short, while requests of several threads go through it: every byte arrives.
 * Of a translation that is not in use nothing stays.
 *
 * PINLESS_TEST_SECONDS (default 4) for each kind; PINLESS_TEST_SEED repeats a run's random numbers.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "t_op.h"
#include "t_options.h"

#define THREADS		2
/* Regions over so many leaves that some are always idle. */
#define REGION		(24 * T_HUGE)
/* More than are taken away without a pause. */
#define MANY		1300
#define SPAN		20000
#define DROP		"/proc/sys/vm/drop_caches"

static volatile int stop;

struct worker {
	struct t_dev *d;
	struct t_pair p;
	struct t_buf l;
	char *mem;
	struct ibv_mr *mr;
	uint64_t seed, done;
	pthread_t thread;
};

static uint64_t counter(const char *name)
{
	unsigned long long n = 0;
	char path[160];
	FILE *f;

	snprintf(path, sizeof(path), "/sys/class/infiniband/%s/ports/1/hw_counters/%s",
		 t_dev_name(), name);
	f = fopen(path, "r");
	if (!f || fscanf(f, "%llu", &n) != 1)
		t_skip("the device has no counter %s", name);
	fclose(f);
	return n;
}

/* Drops slab objects, which runs the shrinkers. */
static bool drop(void)
{
	FILE *f = fopen(DROP, "w");
	bool ok;

	if (!f)
		return false;
	ok = fputs("2", f) >= 0;
	return !fclose(f) && ok;
}

static bool transfer(struct worker *w, enum ibv_wr_opcode op, size_t len, size_t roff)
{
	struct ibv_sge sge = t_sge(&w->l, 0, len);
	struct ibv_send_wr wr = t_send_wr(op, 1, &sge, 1, (uintptr_t)w->mem + roff, w->mr->rkey);

	t_post(&w->p.a, &wr);
	return t_expect_wc(t_op_name(op), w->p.a.scq, 1, IBV_WC_SUCCESS, NULL);
}

/* Far jumps, so that each request finds another leaf. */
static void *work(void *arg)
{
	struct worker *w = arg;

	while (!stop && !t_failures()) {
		size_t len = t_rand(&w->seed) % SPAN + 1;
		size_t roff = t_rand(&w->seed) % (REGION - SPAN);
		uint32_t fill = t_rand(&w->seed);

		t_pattern(w->l.addr, len, fill);
		if (!transfer(w, IBV_WR_RDMA_WRITE, len, roff))
			break;
		t_bytes("target of a WRITE", w->mem + roff, w->l.addr, len);
		t_pattern(w->mem + roff, len, fill + 1);
		if (!transfer(w, IBV_WR_RDMA_READ, len, roff))
			break;
		t_bytes("what a READ brought", w->l.addr, w->mem + roff, len);
		w->done++;
	}
	return NULL;
}

static bool all_at_work(const struct worker *w)
{
	int i;

	for (i = 0; i < THREADS; i++) {
		if (!__atomic_load_n(&w[i].done, __ATOMIC_RELAXED))
			return false;
	}
	return true;
}

static void one(struct t_dev *d, enum t_kind kind, uint64_t seed, unsigned int seconds)
{
	static struct worker w[THREADS];
	uint64_t shrunk = counter("odp_shrunk"), end, limit, drops = 0;
	int i;

	t_case("%s, seed %llu", t_kind_name(kind), (unsigned long long)seed);
	stop = 0;
	for (i = 0; i < THREADS; i++) {
		w[i] = (struct worker){ .d = d, .seed = (seed + i) | 1 };
		t_pair_open(&w[i].p, d, NULL);
		t_buf_open(&w[i].l, w[i].p.a.pd, kind, SPAN, T_ACCESS_ALL);
		w[i].mem = t_mmap_huge_aligned(REGION);
		/* Each of the two sizes of a translation, and pages of both. */
		madvise(w[i].mem, REGION / 2, MADV_NOHUGEPAGE);
		w[i].mr = t_reg(w[i].p.b.pd, kind, w[i].mem, REGION, T_ACCESS_ALL);
		t_thread(&w[i].thread, work, &w[i]);
	}
	end = t_ms() + 1000 * seconds;
	limit = end + t_scale(20000);
	/* A busy machine gets little done in a second. */
	while ((t_ms() < end || !all_at_work(w) || counter("odp_shrunk") == shrunk) &&
	       t_ms() < limit && !t_failures()) {
		if (!drop())
			t_die("%s: cannot write", DROP);
		drops++;
		t_sleep_ms(2);
	}
	stop = 1;
	for (i = 0; i < THREADS; i++) {
		pthread_join(w[i].thread, NULL);
		t_check(w[i].done > 0, "requests of thread %d: expected some, seen none", i);
	}
	shrunk = counter("odp_shrunk") - shrunk;
	t_check(shrunk > 0, "%llu times asked for memory: expected pages of the translation gone",
		(unsigned long long)drops);
	for (i = 0; i < THREADS; i++) {
		t_dereg(w[i].mr);
		t_buf_close(&w[i].l);
		t_pair_close(&w[i].p);
		munmap(w[i].mem, REGION);
	}
}

/* A word in each of very many leaves; @expect: what is there before. */
static void write_words(struct worker *w, uint64_t expect, uint64_t word)
{
	unsigned int i;

	for (i = 0; i < MANY; i++) {
		size_t at = i * T_HUGE + i % 500 * sizeof(word);

		t_bytes("a word whose translation went", w->mem + at, &expect, sizeof(expect));
		memcpy(w->l.addr, &word, sizeof(word));
		if (!transfer(w, IBV_WR_RDMA_WRITE, sizeof(word), at))
			return;
		t_bytes("target of a WRITE", w->mem + at, &word, sizeof(word));
		memset(w->l.addr, 0, sizeof(word));
		if (!transfer(w, IBV_WR_RDMA_READ, sizeof(word), at))
			return;
		t_bytes("what a READ brought", w->l.addr, &word, sizeof(word));
	}
}

/* Without traffic, all of the translation can be reclaimed. */
static void idle(struct t_dev *d, enum t_kind kind)
{
	struct worker w = { .d = d };
	uint64_t before, full, now, limit;

	t_case("%s, %d leaves idle", t_kind_name(kind), MANY);
	t_pair_open(&w.p, d, NULL);
	t_buf_open(&w.l, w.p.a.pd, T_PINNED, SPAN, T_ACCESS_ALL);
	w.mem = mmap(NULL, MANY * T_HUGE, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (w.mem == MAP_FAILED)
		t_die("mmap of %d leaves: %s", MANY, strerror(errno));
	madvise(w.mem, MANY * T_HUGE, MADV_NOHUGEPAGE);
	w.mr = t_reg(w.p.b.pd, kind, w.mem, MANY * T_HUGE, T_ACCESS_ALL);
	before = counter("odp_table_bytes");
	write_words(&w, 0, 0x1122334455667788);
	full = counter("odp_table_bytes");
	t_check(full >= before + MANY * sizeof(uint64_t),
		"translation of %d leaves: %lld bytes more",
		MANY, (long long)(full - before));
	now = full;
	for (limit = t_ms() + t_scale(20000); now > before && t_ms() < limit; t_sleep_ms(2)) {
		if (!drop())
			t_die("%s: cannot write", DROP);
		now = counter("odp_table_bytes");
	}
	t_check(now <= before, "unused translation: %llu bytes before, %llu now of %llu",
		(unsigned long long)before, (unsigned long long)now, (unsigned long long)full);
	if (!t_failures())
		write_words(&w, 0x1122334455667788, 0x99aabbccddeeff00);
	t_dereg(w.mr);
	munmap(w.mem, MANY * T_HUGE);
	t_buf_close(&w.l);
	t_pair_close(&w.p);
}

int main(void)
{
	unsigned int seconds = t_seconds(4);
	uint64_t seed;
	struct t_dev d;
	enum t_kind k;

	t_start(150 + 3 * seconds);
	seed = t_seed(0);
	t_need_root();
	d = t_dev_open();
	t_need_odp(&d);
	if (d.rxe)
		t_skip("soft-RoCE keeps its translation for as long as the region");
	for (k = T_ODP; k <= T_IMPLICIT; k++) {
		if (!t_kind_ok(&d, k, IBV_WR_RDMA_READ))
			continue;
		one(&d, k, seed, seconds);
		idle(&d, k);
	}
	t_dev_close(&d);
	return t_finish();
}
