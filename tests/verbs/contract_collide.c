// SPDX-License-Identifier: GPL-2.0
/*
 * Description: a fault that an invalidation collides with N times ends, with the right data, and
 * what it costs: of the same page, of another in the same 2 MiB, and of memory elsewhere, which
 * makes no fault be done again. The page is there for the CPU all the time.
 *
 * Needs the debug build of the module, which forces the collisions.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "t_debug.h"

#define ROUNDS	9

static const struct {
	const char *name;
	/* Of the page that is invalidated; the faults are of page 0. */
	size_t off;
	bool collides;
} places[] = {
	{ "the same page", 0, true },
	{ "a neighbour page", 300 * T_PAGE, true },
	{ "another 2 MiB", T_HUGE, false },
};

static const unsigned int numbers[] = { 0, 1, 2, 5, 10, 100, 1000 };

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

/* Nanoseconds from post to completion of a WRITE of 8 bytes to a page that the device has not. */
static uint64_t fault(struct t_pair *p, struct t_buf *l, char *at, const struct ibv_mr *mr,
		      unsigned int place, unsigned int n)
{
	static uint64_t word;
	struct ibv_sge s = t_sge(l, 0, 8);
	struct ibv_send_wr wr = t_send_wr(IBV_WR_RDMA_WRITE, 5, &s, 1, (uintptr_t)at, mr->rkey);
	uint64_t before = t_port_counter(p->a.d, "odp_fault_retries"), retries, t0;
	struct ibv_wc wc = {};
	bool came;

	word++;
	memcpy(l->addr, &word, 8);
	t_eq("errno of the parameter invalidate",
	     t_debug_set("invalidate", "%lu %lu", (unsigned long)at, T_PAGE), 0);
	t_eq("errno of the parameter collide",
	     t_debug_set("collide", "%u %lu %lu", n, (unsigned long)at + places[place].off,
			 T_PAGE), 0);
	t0 = now_ns();
	t_post(&p->a, &wr);
	came = t_wc(p->a.scq, &wc, t_scale(20000));
	t0 = now_ns() - t0;
	t_check(came && wc.status == IBV_WC_SUCCESS, "%u collisions: expected success, seen %s", n,
		came ? ibv_wc_status_str(wc.status) : "no completion in 20 s");
	t_bytes("the page of the process", at, &word, 8);
	retries = t_port_counter(p->a.d, "odp_fault_retries") - before;
	if (places[place].collides) {
		t_eq("collisions that did not come", t_debug_get("collide"), 0);
		/* A look at the neighbours is not retried when it collides. */
		t_check(retries <= n && 2 * retries >= n,
			"%u collisions: expected %u to %u retries, seen %llu", n, (n + 1) / 2, n,
			(unsigned long long)retries);
	} else {
		t_eq("retries", retries, 0);
	}
	return t0;
}

static void cost(struct t_pair *p, struct t_buf *l, const struct t_spot *s, unsigned int place)
{
	unsigned int i, j;

	printf("%s:", places[place].name);
	for (i = 0; i < T_ARRAY_SIZE(numbers) && !t_failures(); i++) {
		uint64_t best = -1ULL;

		/* Elsewhere nothing is retried, so at most one invalidation can come in between. */
		if (!places[place].collides && numbers[i] > 1)
			break;
		t_case("%u invalidations of %s", numbers[i], places[place].name);
		for (j = 0; j < ROUNDS && !t_failures(); j++) {
			uint64_t ns = fault(p, l, s->addr, s->odp, place, numbers[i]);

			if (ns < best)
				best = ns;
		}
		printf(" %u: %llu ns", numbers[i], (unsigned long long)best);
	}
	printf("\n");
}

int main(void)
{
	struct t_spot s;
	struct t_pair p;
	struct t_dev d;
	struct t_buf l;
	unsigned int i;

	t_start(60);
	d = t_dev_open();
	t_debug_need(&d);
	t_pair_open(&p, &d, NULL);
	t_buf_open(&l, p.a.pd, T_PINNED, T_PAGE, T_ACCESS_ALL);
	t_spot_open(&s, p.b.pd, 2 * T_HUGE);
	/* The device knows both ranges. */
	t_write_to(&p, &l, 8, s.addr, s.odp->rkey);
	t_write_to(&p, &l, 8, s.addr + T_HUGE, s.odp->rkey);
	for (i = 0; i < T_ARRAY_SIZE(places) && !t_failures(); i++)
		cost(&p, &l, &s, i);
	t_debug_set("collide", "0 0 0");
	t_spot_close(&s);
	t_buf_close(&l);
	t_pair_close(&p);
	t_dev_close(&d);
	return t_finish();
}
