// SPDX-License-Identifier: GPL-2.0
/*
 * Description: while the device copies from memory that is discarded, with source and target in
 * different 2 MiB, no byte of memory that reuses the same pages arrives: each byte is one of the
 * source, or zero. Runs for PINLESS_TEST_SECONDS (default 8).
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "t_op.h"
#include "t_options.h"

#define PAGES	8
#define LEN	(PAGES * T_PAGE)
/* The content of the source, and of the memory that gets its pages next. */
#define SOURCE	0xaa
#define OTHER	0xbb

static char *source;
static volatile int stop;
static volatile uint64_t rounds;

static void *discarder(void *arg)
{
	char *other = t_mmap(LEN);

	(void)arg;
	madvise(other, LEN, MADV_NOHUGEPAGE);
	while (!stop) {
		memset(source, SOURCE, LEN);
		madvise(source, LEN, MADV_DONTNEED);
		memset(other, OTHER, LEN);
		madvise(other, LEN, MADV_DONTNEED);
		rounds++;
	}
	munmap(other, LEN);
	return NULL;
}

static bool clean(const unsigned char *c)
{
	size_t i;

	for (i = 0; i < LEN; i++) {
		if (c[i] && c[i] != SOURCE)
			return t_check(false, "byte %zu: expected 0x%02x or 0, seen 0x%02x", i,
				       SOURCE, c[i]);
	}
	return t_check(true, "the bytes of the source");
}

int main(void)
{
	struct ibv_mr *from, *to;
	unsigned int seconds;
	uint64_t copies = 0, end;
	struct t_pair p;
	pthread_t thread;
	struct t_dev d;
	char *target;

	seconds = t_seconds(8);
	t_start(60 + seconds);
	d = t_dev_open();
	t_need_odp(&d);
	t_pair_open(&p, &d, NULL);
	source = t_mmap_huge_aligned(T_HUGE);
	target = t_mmap_huge_aligned(T_HUGE);
	madvise(source, T_HUGE, MADV_NOHUGEPAGE);
	madvise(target, T_HUGE, MADV_NOHUGEPAGE);
	from = t_reg(p.a.pd, T_ODP, source, T_HUGE, T_ACCESS_ALL);
	to = t_reg(p.b.pd, T_ODP, target, T_HUGE, T_ACCESS_ALL);
	t_thread(&thread, discarder, NULL);
	end = t_ms() + seconds * 1000ULL;
	while ((t_ms() < end || !rounds || !copies) && !t_failures()) {
		struct ibv_sge s = { (uintptr_t)source, LEN, from->lkey };
		struct ibv_send_wr wr = t_send_wr(IBV_WR_RDMA_WRITE, 1, &s, 1, (uintptr_t)target,
						  to->rkey);

		t_post(&p.a, &wr);
		if (!t_expect_wc("WRITE", p.a.scq, 1, IBV_WC_SUCCESS, NULL))
			break;
		t_case("copy %llu, after %llu rounds", (unsigned long long)++copies,
		       (unsigned long long)rounds);
		clean((unsigned char *)target);
	}
	stop = 1;
	pthread_join(thread, NULL);
	printf("%llu copies, %llu rounds of discards\n", (unsigned long long)copies,
	       (unsigned long long)rounds);
	t_dereg(from);
	t_dereg(to);
	munmap(source, T_HUGE);
	munmap(target, T_HUGE);
	t_pair_close(&p);
	t_dev_close(&d);
	return t_finish();
}
