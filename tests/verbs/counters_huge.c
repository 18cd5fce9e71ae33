// SPDX-License-Identifier: GPL-2.0
/*
 * Description: what invalidations take of a huge page that the device has counts as all of its 512
 * pages: its right to write by fork, and the page by MADV_DONTNEED, for port and region.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <string.h>
#include <sys/mman.h>

#include "t_counters.h"
#include "t_op.h"
#include "t_peer.h"

#define PAGES	(T_HUGE / T_PAGE)

static int nothing(void *arg)
{
	(void)arg;
	return 0;
}

int main(void)
{
	struct t_port_count protect, clear, dropped, calls, faults;
	struct t_counters c;
	struct ibv_mr *mr;
	struct t_pair p;
	struct t_dev d;
	struct t_buf l;
	char *m;

	t_start(60);
	d = t_dev_open();
	if (!d.pinless)
		t_skip("the counters of the port are those of pinless");
	t_counters_steady();
	t_pair_open(&p, &d, NULL);
	t_buf_open(&l, p.a.pd, T_PINNED, 4 * T_PAGE, T_ACCESS_ALL);
	m = t_mmap_huge_aligned(T_HUGE);
	madvise(m, T_HUGE, MADV_HUGEPAGE);
	memset(m, 1, T_HUGE);
	if (t_huge_kib(m) != T_HUGE / 1024)
		t_skip("the kernel gave no huge page");
	mr = t_reg(p.b.pd, T_ODP, m, T_HUGE, T_ACCESS_ALL);
	t_counters_read(mr, &c);
	protect = t_port_count(d.ctx, "odp_inval_protect_page");
	clear = t_port_count(d.ctx, "odp_inval_clear");
	dropped = t_port_count(d.ctx, "odp_dropped");
	calls = t_port_count(d.ctx, "odp_drop_calls");
	faults = t_port_count(d.ctx, "odp_faults");

	t_case("WRITE to three pages of it");
	{
		struct ibv_sge s = t_sge(&l, 0, 3 * T_PAGE);
		struct ibv_send_wr wr = t_send_wr(IBV_WR_RDMA_WRITE, 1, &s, 1, (uintptr_t)m,
						  mr->rkey);

		t_post(&p.a, &wr);
		t_expect_wc("WRITE", p.a.scq, 1, IBV_WC_SUCCESS, NULL);
	}
	t_bytes("pages written", m, l.addr, 3 * T_PAGE);
	t_port_expect("WRITE", &faults, 3);
	t_counters_expect("WRITE", mr, &c, 3, 0, 0);
	t_case("fork");
	t_wait(t_fork(nothing, NULL), "child");
	t_port_expect("fork", &protect, PAGES);
	t_port_expect("fork", &calls, 1);
	t_port_expect("fork", &dropped, 0);
	t_counters_expect("fork", mr, &c, 0, 0, 0);
	t_case("MADV_DONTNEED");
	madvise(m, T_HUGE, MADV_DONTNEED);
	t_port_expect("MADV_DONTNEED", &clear, PAGES);
	t_port_expect("MADV_DONTNEED", &dropped, PAGES);
	t_port_expect("MADV_DONTNEED", &calls, 1);
	t_port_expect("MADV_DONTNEED", &protect, 0);
	t_counters_expect("MADV_DONTNEED", mr, &c, 0, PAGES, 0);
	t_dereg(mr);
	munmap(m, T_HUGE);
	t_buf_close(&l);
	t_pair_close(&p);
	t_dev_close(&d);
	return t_finish();
}
