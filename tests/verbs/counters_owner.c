// SPDX-License-Identifier: GPL-2.0
/*
 * Description: a page that two regions ask for stays on the account of the one that brought it in:
 * each region's page_prefetch and page_invalidations count its own pages only.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <string.h>
#include <sys/mman.h>

#include "t_counters.h"
#include "t_op.h"

static void prefetch(struct ibv_mr *mr, char *m, unsigned int pages)
{
	struct ibv_sge s = { (uintptr_t)m, pages * T_PAGE, mr->lkey };

	t_eq("ibv_advise_mr",
	     ibv_advise_mr(mr->pd, IBV_ADVISE_MR_ADVICE_PREFETCH_WRITE, IBV_ADVISE_MR_FLAG_FLUSH,
			   &s, 1), 0);
}

int main(void)
{
	struct t_counters ca, cb;
	struct ibv_mr *a, *b;
	struct ibv_pd *pd;
	struct t_dev d;
	char *m;
	int i;

	t_start(30);
	d = t_dev_open();
	if (!d.pinless)
		t_skip("whose account a shared page is on is a rule of pinless");
	t_counters_steady();
	pd = ibv_alloc_pd(d.ctx);
	if (!pd)
		t_die("ibv_alloc_pd failed");
	m = t_mmap_huge_aligned(T_HUGE);
	madvise(m, T_HUGE, MADV_NOHUGEPAGE);
	a = t_reg(pd, T_ODP, m, T_HUGE, T_ACCESS_ALL);
	b = t_reg(pd, T_ODP, m, T_HUGE, T_ACCESS_ALL);
	if (!t_counters_read(a, &ca) || !t_counters_read(b, &cb))
		t_skip("the counters of a region need CAP_NET_ADMIN");
	for (i = 0; i < 2; i++) {
		t_case("round %d", i);
		prefetch(a, m, 1);
		prefetch(b, m, 2);
		t_counters_expect("first region", a, &ca, 0, 0, 1);
		t_counters_expect("second region", b, &cb, 0, 0, 1);
		madvise(m, T_HUGE, MADV_DONTNEED);
		t_counters_expect("first region, discarded", a, &ca, 0, 1, 0);
		t_counters_expect("second region, discarded", b, &cb, 0, 1, 0);
	}
	t_dereg(a);
	t_dereg(b);
	munmap(m, T_HUGE);
	ibv_dealloc_pd(pd);
	t_dev_close(&d);
	return t_finish();
}
