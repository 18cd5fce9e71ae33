// SPDX-License-Identifier: GPL-2.0
/*
 * Description: pages that the CPU has are brought in early when the device walks through them: 512
 * pages that are written one by one, in order, take few fault calls, and each is counted once;
 * pages that are written in no order bring in no others.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <string.h>
#include <sys/mman.h>

#include "t_counters.h"
#include "t_op.h"

#define PAGES	(T_HUGE / T_PAGE)
/* Most fault calls for them in order. */
#define CALLS	64

static void write_page(struct t_pair *p, struct t_buf *l, struct ibv_mr *mr, char *at)
{
	struct ibv_sge s = t_sge(l, 0, T_PAGE);
	struct ibv_send_wr wr = t_send_wr(IBV_WR_RDMA_WRITE, 1, &s, 1, (uintptr_t)at, mr->rkey);

	t_post(&p->a, &wr);
	t_expect_wc("WRITE", p->a.scq, 1, IBV_WC_SUCCESS, NULL);
}

static void walk(struct t_dev *d, struct t_pair *p, struct t_buf *l, bool in_order)
{
	struct t_port_count calls, faults, beside;
	uint64_t nr_calls, nr_faults, nr_beside;
	struct ibv_mr *mr;
	unsigned int i;
	char *m;

	t_case("%s order", in_order ? "in" : "in no");
	m = t_mmap_huge_aligned(T_HUGE);
	madvise(m, T_HUGE, MADV_NOHUGEPAGE);
	memset(m, 1, T_HUGE);
	mr = t_reg(p->b.pd, T_ODP, m, T_HUGE, T_ACCESS_ALL);
	calls = t_port_count(d->ctx, "odp_fault_calls");
	faults = t_port_count(d->ctx, "odp_faults");
	beside = t_port_count(d->ctx, "odp_neighbours");
	for (i = 0; i < PAGES && !t_failures(); i++)
		write_page(p, l, mr, m + (in_order ? i : PAGES - 1 - i) * T_PAGE);
	nr_calls = t_port_counted(&calls);
	nr_faults = t_port_counted(&faults);
	nr_beside = t_port_counted(&beside);
	t_eq("pages faulted and pages taken along", nr_faults + nr_beside, PAGES);
	if (in_order)
		t_check(nr_calls && nr_calls <= CALLS,
			"fault calls: expected 1 to %d, seen %llu", CALLS,
			(unsigned long long)nr_calls);
	else
		t_eq("fault calls", nr_calls, PAGES);
	for (i = 0; i < PAGES && !t_failures(); i++)
		t_bytes("page", m + i * T_PAGE, l->addr, T_PAGE);
	t_dereg(mr);
	munmap(m, T_HUGE);
}

int main(void)
{
	struct t_pair p;
	struct t_dev d;
	struct t_buf l;

	t_start(60);
	d = t_dev_open();
	if (!d.pinless)
		t_skip("the counters of the port are those of pinless");
	t_counters_steady();
	t_pair_open(&p, &d, NULL);
	t_buf_open(&l, p.a.pd, T_PINNED, T_PAGE, T_ACCESS_ALL);
	walk(&d, &p, &l, true);
	walk(&d, &p, &l, false);
	t_buf_close(&l);
	t_pair_close(&p);
	t_dev_close(&d);
	return t_finish();
}
