// SPDX-License-Identifier: GPL-2.0
/*
 * Description: faults while another thread invalidates as fast as it can, or at a set rate, the
 * same page, another page of the same 2 MiB, or other memory: each fault ends, and the data is
 * right; no fault waits for ever for a moment without invalidations.
 *
 * PINLESS_TEST_COUNT: faults of each kind (100). What a fault costs then is printed, not judged.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "t_debug.h"
#include "t_op.h"
#include "t_options.h"

#define FAULTS	100
#define LEAVES	2

static const struct {
	const char *name;
	/* Of the page that is invalidated; the faults are of page 0. */
	size_t off;
} places[] = {
	{ "the same page", 0 },
	{ "a neighbour page", T_PAGE },
	{ "another 2 MiB", T_HUGE },
};

/* Invalidations per second; the last: without a pause. */
static const unsigned int rates[] = { 0, 1, 1000, 100000, -1U };

struct hammer {
	char *at;
	unsigned int rate;
	volatile uint64_t done;
	volatile int stop;
};

static void *hammer(void *arg)
{
	struct hammer *h = arg;
	uint64_t begin = t_us();

	while (!h->stop) {
		if (!h->rate || (h->rate != -1U &&
				 h->done >= (t_us() - begin) * h->rate / 1000000)) {
			/* Use no more CPU than it takes to keep the rate. */
			if (h->rate < 1000)
				t_sleep_ms(1);
			else
				sched_yield();
			continue;
		}
		if (madvise(h->at, T_PAGE, MADV_DONTNEED))
			t_die("MADV_DONTNEED: %s", strerror(errno));
		h->done++;
	}
	return NULL;
}

/* The page is not there, neither for the CPU nor for the device; returns false on failure. */
static bool fault(struct t_pair *p, struct t_buf *l, char *at, struct ibv_mr *mr, uint64_t n,
		  bool may_be_zero)
{
	struct ibv_sge s = t_sge(l, 0, 8);
	struct ibv_send_wr wr = t_send_wr(IBV_WR_RDMA_WRITE, n, &s, 1, (uintptr_t)at, mr->rkey);
	struct ibv_wc wc;
	uint64_t seen;

	if (madvise(at, T_PAGE, MADV_DONTNEED))
		t_die("MADV_DONTNEED: %s", strerror(errno));
	memcpy(l->addr, &n, 8);
	t_post(&p->a, &wr);
	if (!t_wc(p->a.scq, &wc, t_scale(20000)))
		return t_check(false, "fault %llu: expected its end in 20 s, seen none",
			       (unsigned long long)n);
	seen = *(volatile uint64_t *)at;
	return t_check(wc.status == IBV_WC_SUCCESS, "fault %llu: expected success, seen %s",
		       (unsigned long long)n, ibv_wc_status_str(wc.status)) &&
	       t_check(seen == n || (may_be_zero && !seen),
		       "fault %llu: the word: expected %llu%s, seen %llu", (unsigned long long)n,
		       (unsigned long long)n, may_be_zero ? " or 0" : "",
		       (unsigned long long)seen);
}

static void one(struct t_pair *p, enum t_kind kind, unsigned int place, unsigned int rate,
		unsigned int faults)
{
	struct hammer h = { .rate = rate };
	uint64_t us, retries = 0;
	struct ibv_mr *mr;
	pthread_t thread;
	struct t_buf l;
	unsigned int i;
	char *m, text[32];

	snprintf(text, sizeof(text), rate == -1U ? "without a pause" : "%u/s", rate);
	t_case("%s, invalidations of %s, %s", t_kind_name(kind), places[place].name, text);
	m = t_mmap_huge_aligned(LEAVES * T_HUGE);
	/* Without huge pages, of which a part would be invalidated with the rest. */
	madvise(m, LEAVES * T_HUGE, MADV_NOHUGEPAGE);
	mr = t_reg(p->b.pd, kind, m, LEAVES * T_HUGE, T_ACCESS_ALL);
	t_buf_open(&l, p->a.pd, T_PINNED, T_PAGE, T_ACCESS_ALL);
	/* The device knows both ranges. */
	fault(p, &l, m + T_HUGE, mr, 1, false);
	fault(p, &l, m, mr, 1, false);
	h.at = m + places[place].off;
	t_thread(&thread, hammer, &h);
	if (p->a.d->pinless)
		retries = t_port_counter(p->a.d, "odp_fault_retries");
	us = t_us();
	for (i = 1; i <= faults; i++) {
		if (!fault(p, &l, m, mr, i, !place))
			break;
	}
	us = t_us() - us + 1;
	h.stop = 1;
	pthread_join(thread, NULL);
	if (p->a.d->pinless)
		retries = t_port_counter(p->a.d, "odp_fault_retries") - retries;
	printf("%s, %s, %s: %llu faults/s, %llu invalidations/s, %llu retries of %u faults\n",
	       t_kind_name(kind), places[place].name, text,
	       (unsigned long long)faults * 1000000 / us,
	       (unsigned long long)h.done * 1000000 / us, (unsigned long long)retries, faults);
	t_buf_close(&l);
	t_dereg(mr);
	munmap(m, LEAVES * T_HUGE);
}

int main(void)
{
	unsigned int faults = t_option("PINLESS_TEST_COUNT", FAULTS), i, j;
	struct t_pair p;
	struct t_dev d;
	int k;

	t_start(120);
	d = t_dev_open();
	t_need_odp(&d);
	t_pair_open(&p, &d, NULL);
	for (k = T_ODP; k <= T_IMPLICIT; k++) {
		if (!t_kind_ok(&d, k, IBV_WR_RDMA_WRITE))
			continue;
		for (i = 0; i < T_ARRAY_SIZE(places) && !t_failures(); i++) {
			for (j = 0; j < T_ARRAY_SIZE(rates) && !t_failures(); j++)
				one(&p, k, i, rates[j], faults);
		}
	}
	t_pair_close(&p);
	t_dev_close(&d);
	return t_finish();
}
