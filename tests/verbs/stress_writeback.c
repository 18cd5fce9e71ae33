// SPDX-License-Identifier: GPL-2.0
/*
 * Description: the device and the CPU write words to shared mappings of a file and of tmpfs while
 * other threads write the pages back, unmap them, swap them out and drop them from the page cache:
 * no write of either is lost, although pages that count as clean are dropped.
 *
 * Runs for PINLESS_TEST_SECONDS (default 6); PINLESS_TEST_SEED repeats a run's random numbers.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "t_file.h"
#include "t_memory.h"
#include "t_options.h"

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

#define WRITERS	2
/* Fewer writes show nothing. */
#define LEAST	10
#define PAGES	512
#define REGION	(PAGES * T_PAGE)
/* Words of a page that the device writes in one go; one before them is the CPU's. */
#define WORDS	32
#define PLACE	512

struct writer {
	unsigned int id;
	struct t_pair p;
	struct ibv_mr *mr;
	uint64_t seed, done;
};

static struct writer writers[WRITERS];

/* The last word that was written to each page, by the device and by the CPU; 0: none yet. */
static uint64_t by_device[PAGES], by_cpu[PAGES];
static char *mem;
static int file;
static volatile int stop;
static uint64_t seed0;
static const char *const event_names[] = {
	"fsync", "MADV_DONTNEED", "drop from cache", "MADV_PAGEOUT", "MADV_COLLAPSE",
};
static uint64_t events[T_ARRAY_SIZE(event_names)];

static bool check_page(const char *how, unsigned int page, const uint64_t *cpu,
		       const uint64_t *device)
{
	unsigned int i;

	if (!t_check(*cpu == by_cpu[page],
		     "page %u, by %s, written by the CPU: expected 0x%llx, seen 0x%llx", page, how,
		     (unsigned long long)by_cpu[page], (unsigned long long)*cpu))
		return false;
	for (i = 0; i < WORDS; i++) {
		if (!t_check(device[i] == by_device[page],
			     "page %u, word %u, by %s, written by the device: expected 0x%llx, seen 0x%llx",
			     page, i, how, (unsigned long long)by_device[page],
			     (unsigned long long)device[i]))
			return false;
	}
	return true;
}

/*
 * Pages are dealt to the writers in turn. Each write first checks the previous one, long after it
 * was made: the page may have been reclaimed and brought back since.
 */
static bool one_write(struct writer *w, struct t_buf *src)
{
	unsigned int page = t_rand(&w->seed) % (PAGES / WRITERS) * WRITERS + w->id, i;
	volatile uint64_t *words = (uint64_t *)(mem + page * T_PAGE + PLACE);
	uint64_t word = t_rand(&w->seed) | 1, copy[WORDS + 1], *from = (uint64_t *)src->addr;
	struct ibv_sge s = t_sge(src, 0, WORDS * sizeof(word));
	struct ibv_send_wr wr = t_send_wr(IBV_WR_RDMA_WRITE, word, &s, 1, (uintptr_t)(words + 1),
					  w->mr->rkey);

	/* Not always: a page that only the device uses has no dirty entry of the CPU. */
	if (t_rand(&w->seed) % 4 == 0) {
		for (i = 0; i <= WORDS; i++)
			copy[i] = words[i];
		if (!check_page("the CPU", page, copy, copy + 1))
			return false;
	}
	if (t_rand(&w->seed) % 4 == 0) {
		*words = word;
		by_cpu[page] = word;
	}
	for (i = 0; i < WORDS; i++)
		from[i] = word;
	t_post(&w->p.a, &wr);
	if (!t_expect_wc("WRITE", w->p.a.scq, word, IBV_WC_SUCCESS, NULL))
		return false;
	by_device[page] = word;
	w->done++;
	return true;
}

static void *writer(void *arg)
{
	struct writer *w = arg;
	struct t_buf src;

	t_buf_open(&src, w->p.a.pd, T_PINNED, T_PAGE, T_ACCESS_ALL);
	while (!stop && one_write(w, &src))
		;
	stop = 1;
	t_buf_close(&src);
	return NULL;
}

static void *eventer(void *arg)
{
	uint64_t seed = seed0 ^ (uintptr_t)arg * 0x9e3779b97f4a7c15ULL;

	while (!stop) {
		unsigned int what = t_rand(&seed) % T_ARRAY_SIZE(event_names);
		size_t first = t_rand(&seed) % PAGES, n = 1 + t_rand(&seed) % 128;
		char *at = mem + first * T_PAGE;

		if (first + n > PAGES)
			n = PAGES - first;
		switch (what) {
		case 0:
			/* Makes dirty pages clean, and their mappings read-only. */
			fsync(file);
			break;
		case 1:
			/* The pages stay in the file: this unmaps them, no more. */
			madvise(at, n * T_PAGE, MADV_DONTNEED);
			break;
		case 2:
			madvise(at, n * T_PAGE, MADV_DONTNEED);
			posix_fadvise(file, first * T_PAGE, n * T_PAGE, POSIX_FADV_DONTNEED);
			break;
		case 3:
			madvise(at, n * T_PAGE, MADV_PAGEOUT);
			break;
		default:
			/* Slow, where the kernel can do it at all. */
			if (t_rand(&seed) % 8)
				continue;
			madvise(mem, REGION, MADV_COLLAPSE);
			break;
		}
		__atomic_fetch_add(&events[what], 1, __ATOMIC_RELAXED);
		if (t_rand(&seed) % 8 == 0)
			t_sleep_ms(1);
	}
	return NULL;
}

/* Aligned to 2 MiB, of the same file offset, so that it can be collapsed. */
static void map_file(const char *dir)
{
	file = t_file_open(dir, REGION);
	mem = t_mmap_huge_aligned(REGION);
	if (mmap(mem, REGION, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, file, 0) != mem)
		t_die("mmap of a file: %s", strerror(errno));
}

/* What the file holds when nothing of it is in memory any more. */
static void check_file(void)
{
	uint64_t copy[WORDS + 1];
	unsigned int page;

	fsync(file);
	munmap(mem, REGION);
	posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
	for (page = 0; page < PAGES; page++) {
		if (pread(file, copy, sizeof(copy), page * T_PAGE + PLACE) != sizeof(copy))
			t_die("pread: %s", strerror(errno));
		if (!check_page("pread() in the end", page, copy, copy + 1))
			break;
	}
	close(file);
}

static uint64_t writes(void)
{
	uint64_t n = 0;
	unsigned int i;

	for (i = 0; i < WRITERS; i++)
		n += __atomic_load_n(&writers[i].done, __ATOMIC_RELAXED);
	return n;
}

static void run(struct t_dev *d, const char *dir, unsigned int seconds)
{
	struct writer *w = writers;
	pthread_t tw[WRITERS], te[2];
	uint64_t done;
	unsigned int i;

	t_case("file in %s, seed %llu", dir, (unsigned long long)seed0);
	memset(writers, 0, sizeof(writers));
	memset(by_device, 0, sizeof(by_device));
	memset(by_cpu, 0, sizeof(by_cpu));
	memset(events, 0, sizeof(events));
	stop = 0;
	map_file(dir);
	for (i = 0; i < WRITERS; i++) {
		w[i].id = i;
		w[i].seed = seed0 + i + 1;
		t_pair_open(&w[i].p, d, NULL);
		w[i].mr = t_reg(w[i].p.b.pd, T_ODP, mem, REGION, T_ACCESS_ALL);
	}
	for (i = 0; i < WRITERS; i++)
		t_thread(&tw[i], writer, &w[i]);
	for (i = 0; i < 2; i++)
		t_thread(&te[i], eventer, (void *)(uintptr_t)(i + 1));
	t_let_run(seconds, &stop, writes, LEAST);
	stop = 1;
	for (i = 0; i < WRITERS; i++)
		pthread_join(tw[i], NULL);
	for (i = 0; i < 2; i++)
		pthread_join(te[i], NULL);
	check_file();
	for (i = 0; i < WRITERS; i++) {
		t_dereg(w[i].mr);
		t_pair_close(&w[i].p);
	}
	done = writes();
	printf("file in %s, seed %llu: %llu writes; events:", dir, (unsigned long long)seed0,
	       (unsigned long long)done);
	t_print_counts(event_names, events, T_ARRAY_SIZE(event_names));
	printf("\n");
	t_check(done >= LEAST, "expected %u writes or more, seen %llu", LEAST,
		(unsigned long long)done);
}

int main(void)
{
	unsigned int seconds = t_seconds(6);
	struct t_dev d;

	t_start(seconds + 60);
	seed0 = t_seed(0);
	d = t_dev_open();
	t_need_odp(&d);
	if (d.rxe)
		t_skip("runs on devices without known memory corruption only");
	t_swap_on();
	run(&d, "/var/tmp", (seconds + 1) / 2);
	run(&d, "/dev/shm", (seconds + 1) / 2);
	t_swap_off();
	t_dev_close(&d);
	return t_finish();
}
