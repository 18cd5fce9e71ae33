// SPDX-License-Identifier: GPL-2.0
/*
 * Description: several queue pairs write and read tagged words without pause while other threads
 * discard, remap, swap, collapse and fork the same memory: no write is lost, stale, torn or
 * stray.
 *
 * Runs for PINLESS_TEST_SECONDS (default 10); PINLESS_TEST_SEED repeats a run's random numbers.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "t_memory.h"
#include "t_options.h"

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

#define WRITERS	3
/* Fewer writes show nothing. */
#define LEAST	10
#define PAGES	1024
#define REGION	(PAGES * T_PAGE)
#define WORDS	64

/* A word: its writer, its page, and the sequence number of the write to that page. */
#define TAG(w, page, seq)	((uint64_t)(w) << 56 | (uint64_t)(page) << 40 | (seq))

struct writer {
	unsigned int id;
	struct t_pair p;
	struct ibv_mr *mr;
	uint64_t seed, done, zero;
	uint64_t seq[PAGES];
};

static struct writer writers[WRITERS];

/* Discards of each page that have begun and that have ended. */
static unsigned int begun[PAGES], ended[PAGES];
static char *mem;
static volatile int stop;
static uint64_t seed0;
static const char *const event_names[] = {
	"MADV_DONTNEED", "mmap over", "MADV_PAGEOUT", "MADV_COLLAPSE", "fork", "mprotect twice",
};
static uint64_t events[T_ARRAY_SIZE(event_names)];

/* The number of discards of a page so far, or -1 while one is under way. */
static long discards(unsigned int page)
{
	unsigned int e = __atomic_load_n(&ended[page], __ATOMIC_ACQUIRE);

	return __atomic_load_n(&begun[page], __ATOMIC_ACQUIRE) == e ? (long)e : -1;
}

/*
 * All words are of write @seq; or zero where the page may have been discarded since @before, the
 * discards() of before the write.
 */
static bool check_words(struct writer *w, const char *how, const uint64_t *seen, unsigned int page,
			uint64_t seq, long before)
{
	bool may_be_zero = before < 0 || discards(page) != before;
	unsigned int i;

	for (i = 0; i < WORDS; i++) {
		uint64_t want = TAG(w->id, page, seq);

		if (!seen[i] && may_be_zero) {
			w->zero++;
			continue;
		}
		if (!t_check(seen[i] == want,
			     "writer %u, page %u, word %u, by %s: expected 0x%llx%s, seen 0x%llx",
			     w->id, page, i, how, (unsigned long long)want,
			     may_be_zero ? " or 0" : "", (unsigned long long)seen[i]))
			return false;
	}
	return true;
}

/* Pages are dealt to the writers in turn, so that each knows what its own may hold. */
static bool write_and_check(struct writer *w, struct t_buf *src, struct t_buf *dst)
{
	unsigned int page = t_rand(&w->seed) % (PAGES / WRITERS) * WRITERS + w->id - 1, i;
	/* One place in each page, so that no word of an older write is left in it. */
	size_t off = page % 7 * 512 + page % 3 * 8;
	uint64_t at = (uintptr_t)mem + page * T_PAGE, words[WORDS];
	struct ibv_sge s = t_sge(src, 0, sizeof(words)), d = t_sge(dst, 0, sizeof(words));
	uint64_t seq = ++w->seq[page];
	long before;
	struct ibv_send_wr wr = t_send_wr(IBV_WR_RDMA_WRITE, seq, &s, 1, at, w->mr->rkey);
	struct ibv_send_wr rd = t_send_wr(IBV_WR_RDMA_READ, seq, &d, 1, at, w->mr->rkey);

	wr.wr.rdma.remote_addr += off;
	rd.wr.rdma.remote_addr += off;
	if (t_rand(&w->seed) & 1) {
		/* So that the page may be there for reading when it is written. */
		t_post(&w->p.a, &rd);
		if (!t_expect_wc("READ", w->p.a.scq, seq, IBV_WC_SUCCESS, NULL))
			return false;
		memcpy(words, dst->addr, sizeof(words));
		if (!check_words(w, "READ before", words, page, seq - 1, -1))
			return false;
	}
	for (i = 0; i < WORDS; i++)
		words[i] = TAG(w->id, page, seq);
	memcpy(src->addr, words, sizeof(words));
	before = discards(page);
	t_post(&w->p.a, &wr);
	if (!t_expect_wc("WRITE", w->p.a.scq, seq, IBV_WC_SUCCESS, NULL))
		return false;
	memcpy(words, mem + page * T_PAGE + off, sizeof(words));
	if (!check_words(w, "the CPU", words, page, seq, before))
		return false;
	t_post(&w->p.a, &rd);
	if (!t_expect_wc("READ", w->p.a.scq, seq, IBV_WC_SUCCESS, NULL))
		return false;
	memcpy(words, dst->addr, sizeof(words));
	w->done++;
	return check_words(w, "READ", words, page, seq, before);
}

static void *writer(void *arg)
{
	struct writer *w = arg;
	struct t_buf src, dst;

	t_buf_open(&src, w->p.a.pd, T_PINNED, T_PAGE, T_ACCESS_ALL);
	t_buf_open(&dst, w->p.a.pd, w->id & 1 ? T_ODP : T_PINNED, T_PAGE, T_ACCESS_ALL);
	while (!stop && write_and_check(w, &src, &dst))
		;
	stop = 1;
	t_buf_close(&src);
	t_buf_close(&dst);
	return NULL;
}

static void fork_and_wait(void)
{
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	if (pid > 0)
		waitpid(pid, NULL, 0);
}

/* Marks the pages of a discard as under way, or as done. */
static void mark(unsigned int *counter, size_t first, size_t n)
{
	while (n--)
		__atomic_fetch_add(&counter[first++], 1, __ATOMIC_SEQ_CST);
}

static void *eventer(void *arg)
{
	uint64_t seed = seed0 ^ (uintptr_t)arg * 0x9e3779b97f4a7c15ULL;

	while (!stop) {
		unsigned int what = t_rand(&seed) % T_ARRAY_SIZE(event_names);
		size_t first = t_rand(&seed) % PAGES, n = 1 + t_rand(&seed) % 64;
		char *at = mem + first * T_PAGE;

		if (t_rand(&seed) % 32 == 0)
			n = PAGES;
		if (first + n > PAGES)
			n = PAGES - first;
		/* Swap, collapse and fork are slow: fewer of them leave room for the rest. */
		if (what >= 2 && what <= 4 && t_rand(&seed) % 8)
			continue;
		if (what < 2)
			mark(begun, first, n);
		switch (what) {
		case 0:
			madvise(at, n * T_PAGE, MADV_DONTNEED);
			break;
		case 1:
			if (mmap(at, n * T_PAGE, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != at)
				t_die("mmap at a fixed place failed");
			break;
		case 2:
			madvise(at, n * T_PAGE, MADV_PAGEOUT);
			break;
		case 3:
			madvise(mem, REGION, MADV_COLLAPSE);
			break;
		case 4:
			fork_and_wait();
			break;
		default:
			/* Read-write memory becomes read-write memory: no access may fail. */
			mprotect(at, n * T_PAGE, PROT_READ | PROT_WRITE | PROT_EXEC);
			mprotect(at, n * T_PAGE, PROT_READ | PROT_WRITE);
			break;
		}
		if (what < 2)
			mark(ended, first, n);
		__atomic_fetch_add(&events[what], 1, __ATOMIC_RELAXED);
		if (t_rand(&seed) % 16 == 0)
			t_sleep_ms(1);
	}
	return NULL;
}

/* Pages that were taken from the region turn up here: a stray write would be seen. */
static void *canary(void *arg)
{
	static unsigned char want[256 * T_PAGE];
	uint64_t rounds = 0;

	(void)arg;
	memset(want, 0xa7, sizeof(want));
	while (!stop) {
		unsigned char *m = t_mmap(sizeof(want));

		memset(m, 0xa7, sizeof(want));
		t_sleep_ms(2);
		if (!t_bytes("memory that was never registered", m, want, sizeof(want)))
			stop = 1;
		munmap(m, sizeof(want));
		rounds++;
	}
	return NULL;
}

static uint64_t writes(void)
{
	uint64_t n = 0;
	unsigned int i;

	for (i = 0; i < WRITERS; i++)
		n += __atomic_load_n(&writers[i].done, __ATOMIC_RELAXED);
	return n;
}

static void run(struct t_dev *d, enum t_kind kind, unsigned int seconds)
{
	struct writer *w = writers;
	pthread_t tw[WRITERS], te[2], tc;
	uint64_t done, zero = 0;
	unsigned int i;

	t_case("%s, seed %llu", t_kind_name(kind), (unsigned long long)seed0);
	memset(writers, 0, sizeof(writers));
	memset(begun, 0, sizeof(begun));
	memset(ended, 0, sizeof(ended));
	stop = 0;
	mem = t_mmap_huge_aligned(REGION);
	for (i = 0; i < WRITERS; i++) {
		w[i].id = i + 1;
		w[i].seed = seed0 + i + 1;
		t_pair_open(&w[i].p, d, NULL);
		w[i].mr = t_reg(w[i].p.b.pd, kind, mem, REGION, T_ACCESS_ALL);
	}
	for (i = 0; i < WRITERS; i++)
		t_thread(&tw[i], writer, &w[i]);
	for (i = 0; i < 2; i++)
		t_thread(&te[i], eventer, (void *)(uintptr_t)(i + 1));
	t_thread(&tc, canary, NULL);
	t_let_run(seconds, &stop, writes, LEAST);
	stop = 1;
	for (i = 0; i < WRITERS; i++)
		pthread_join(tw[i], NULL);
	for (i = 0; i < 2; i++)
		pthread_join(te[i], NULL);
	pthread_join(tc, NULL);
	for (i = 0; i < WRITERS; i++) {
		zero += w[i].zero;
		t_dereg(w[i].mr);
		t_pair_close(&w[i].p);
	}
	munmap(mem, REGION);
	done = writes();
	printf("%s, seed %llu: %llu writes, %llu words met a discard; events:", t_kind_name(kind),
	       (unsigned long long)seed0, (unsigned long long)done, (unsigned long long)zero);
	t_print_counts(event_names, events, T_ARRAY_SIZE(event_names));
	printf("\n");
	t_check(done >= LEAST, "expected %u writes or more, seen %llu", LEAST,
		(unsigned long long)done);
}

int main(void)
{
	unsigned int seconds = t_seconds(10);
	struct t_dev d;

	t_start(seconds + 60);
	seed0 = t_seed(0);
	d = t_dev_open();
	t_need_odp(&d);
	if (d.rxe)
		t_skip("runs on devices without known memory corruption only");
	t_swap_on();
	run(&d, T_ODP, t_kind_ok(&d, T_IMPLICIT, IBV_WR_RDMA_WRITE) ? (seconds + 1) / 2 : seconds);
	if (t_kind_ok(&d, T_IMPLICIT, IBV_WR_RDMA_WRITE))
		run(&d, T_IMPLICIT, (seconds + 1) / 2);
	t_swap_off();
	t_dev_close(&d);
	return t_finish();
}
