// SPDX-License-Identifier: GPL-2.0
/*
 * Description: an asynchronous prefetch of a region ends with the region: when ibv_dereg_mr has
 * returned, no more than the 2 MiB under way come.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "t_counters.h"
#include "t_op.h"

/* Large enough to take far longer than deregistration; allocates nothing but page tables. */
#define LEN		(3UL << 30)
#define LEAVES		(LEN / T_HUGE)
/* What one leaf takes at the most, with its table. */
#define LEAF_BYTES	(2 * T_PAGE)
#define TRIES		4

/* Leaves that came before the region went. False when all had come: too late to see anything. */
static bool one(struct t_dev *d, struct ibv_pd *pd, unsigned int wait_ms)
{
	struct t_port_count bytes;
	struct ibv_mr *mr, *keep;
	uint64_t before, after;
	struct ibv_sge s;
	char *m;

	m = mmap(NULL, LEN, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
		 -1, 0);
	if (m == MAP_FAILED)
		t_die("mmap of %lu bytes: %s", LEN, strerror(errno));
	madvise(m, LEN, MADV_NOHUGEPAGE);
	/* The translation of the process stays while a region is left. */
	keep = t_reg(pd, T_ODP, m, T_PAGE, T_ACCESS_ALL);
	mr = t_reg(pd, T_ODP, m, LEN, T_ACCESS_ALL);
	bytes = t_port_count(d->ctx, "odp_table_bytes");
	s = (struct ibv_sge){ (uintptr_t)m, LEN, mr->lkey };
	t_eq("ibv_advise_mr", ibv_advise_mr(pd, IBV_ADVISE_MR_ADVICE_PREFETCH, 0, &s, 1), 0);
	t_sleep_ms(wait_ms);
	t_dereg(mr);
	before = t_port_counted(&bytes);
	t_sleep_ms(500);
	after = t_port_counted(&bytes);
	/* Memory may be reclaimed meanwhile. */
	t_check((int64_t)after <= (int64_t)LEAF_BYTES,
		"translation after the region went: expected %lu bytes more at the most, seen %lld",
		LEAF_BYTES, (long long)after);
	t_dereg(keep);
	munmap(m, LEN);
	return before < LEAVES * T_PAGE;
}

int main(void)
{
	struct ibv_pd *pd;
	struct t_dev d;
	unsigned int i;

	t_start(60);
	d = t_dev_open();
	if (!d.pinless)
		t_skip("what the translation takes is a counter of pinless");
	t_counters_steady();
	pd = ibv_alloc_pd(d.ctx);
	if (!pd)
		t_die("ibv_alloc_pd failed");
	for (i = 0; i < TRIES; i++) {
		t_case("region deregistered %u ms after the advice", i);
		if (!one(&d, pd, i))
			t_fail("the prefetch was done before the region went: nothing was shown");
	}
	ibv_dealloc_pd(pd);
	t_dev_close(&d);
	return t_finish();
}
