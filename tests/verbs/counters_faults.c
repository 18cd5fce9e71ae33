// SPDX-License-Identifier: GPL-2.0
/*
 * Description: page_faults and page_invalidations of a region: an access to missing pages counts
 * exactly them, an access to warm pages counts nothing, an invalidation counts exactly the pages
 * that it took, and another region over the same pages counts nothing of it.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <string.h>
#include <sys/mman.h>

#include "t_counters.h"
#include "t_sweep.h"

#define PAGES	1024
#define REGION	(PAGES * T_PAGE)

static bool counting = true;

static void write_to(struct t_pair *p, struct t_buf *l, uint64_t raddr, uint32_t rkey, size_t len)
{
	struct ibv_sge s = t_sge(l, 0, len);
	struct ibv_send_wr wr = t_send_wr(IBV_WR_RDMA_WRITE, 1, &s, 1, raddr, rkey);

	t_post(&p->a, &wr);
	t_expect_wc("WRITE", p->a.scq, 1, IBV_WC_SUCCESS, NULL);
}

static void target(struct t_pair *p, enum t_kind kind)
{
	/* Aligned to 2 MiB and without huge pages, so that every figure is exact. */
	char *m = t_mmap_huge_aligned(REGION);
	struct ibv_mr *mr, *other;
	struct t_counters c, o;
	struct t_buf l;

	madvise(m, REGION, MADV_NOHUGEPAGE);
	mr = t_reg(p->b.pd, kind, m, REGION, T_ACCESS_ALL);
	other = t_reg(p->b.pd, T_ODP, m, REGION, T_ACCESS_ALL);
	t_buf_open(&l, p->a.pd, T_PINNED, 600 * T_PAGE, T_ACCESS_ALL);
	if (!t_counters_read(mr, &c) || !t_counters_read(other, &o)) {
		t_skip_case("no page counters for regions (device or CAP_NET_ADMIN)");
		counting = false;
		goto out;
	}
	t_case("%s target, one cold page", t_kind_name(kind));
	write_to(p, &l, (uintptr_t)m + 100, mr->rkey, 8);
	t_counters_expect("first WRITE", mr, &c, 1, 0, 0);
	write_to(p, &l, (uintptr_t)m + 200, mr->rkey, 8);
	t_counters_expect("WRITE to a warm page", mr, &c, 0, 0, 0);
	t_case("%s target, page crossing", t_kind_name(kind));
	write_to(p, &l, (uintptr_t)m + 2 * T_PAGE - 4, mr->rkey, 8);
	t_counters_expect("WRITE over a page crossing", mr, &c, 2, 0, 0);
	t_case("%s target, 64 cold pages", t_kind_name(kind));
	write_to(p, &l, (uintptr_t)m + 64 * T_PAGE, mr->rkey, 64 * T_PAGE);
	t_counters_expect("WRITE to 64 cold pages", mr, &c, 64, 0, 0);
	t_case("%s target, over two leaves of 2 MiB", t_kind_name(kind));
	write_to(p, &l, (uintptr_t)m + 500 * T_PAGE, mr->rkey, 24 * T_PAGE);
	t_counters_expect("WRITE to 24 cold pages", mr, &c, 24, 0, 0);
	t_case("%s target, warm pages through another region", t_kind_name(kind));
	write_to(p, &l, (uintptr_t)m + 64 * T_PAGE, other->rkey, 8);
	t_counters_expect("the other region", other, &o, p->b.d->pinless ? 0 : -1, 0, 0);
	t_case("%s target, MADV_DONTNEED of 1 of the warm pages", t_kind_name(kind));
	madvise(m + 64 * T_PAGE, T_PAGE, MADV_DONTNEED);
	t_counters_expect("invalidation", mr, &c, 0, 1, 0);
	t_case("%s target, MADV_DONTNEED of 63 warm and 100 never touched pages",
	       t_kind_name(kind));
	madvise(m + 65 * T_PAGE, 163 * T_PAGE, MADV_DONTNEED);
	t_counters_expect("invalidation", mr, &c, 0, 63, 0);
	t_case("%s target, MADV_DONTNEED of never touched pages", t_kind_name(kind));
	madvise(m + 800 * T_PAGE, 100 * T_PAGE, MADV_DONTNEED);
	t_counters_expect("invalidation", mr, &c, 0, 0, 0);
	t_case("%s target, the page faults again", t_kind_name(kind));
	write_to(p, &l, (uintptr_t)m + 64 * T_PAGE, mr->rkey, 8);
	t_counters_expect("WRITE", mr, &c, 1, 0, 0);
	t_case("%s target, munmap of all", t_kind_name(kind));
	munmap(m, REGION);
	/* Left: pages 0, 1 and 2 of the first cases, page 64, and the 24 over two leaves. */
	t_counters_expect("invalidation", mr, &c, 0, 3 + 1 + 24, 0);
out:
	t_dereg(mr);
	t_dereg(other);
	t_buf_close(&l);
}

static void initiator(struct t_pair *p, enum t_kind kind)
{
	char *m = t_mmap_huge_aligned(REGION);
	struct ibv_send_wr wr;
	struct t_counters c;
	struct ibv_mr *mr;
	struct ibv_sge s;
	struct t_buf r;

	t_case("%s initiator", t_kind_name(kind));
	madvise(m, REGION, MADV_NOHUGEPAGE);
	mr = t_reg(p->a.pd, kind, m, REGION, T_ACCESS_ALL);
	t_buf_open(&r, p->b.pd, T_PINNED, 64 * T_PAGE, T_ACCESS_ALL);
	if (!t_counters_read(mr, &c))
		goto out;
	s = (struct ibv_sge){ (uintptr_t)m, 8 * T_PAGE, mr->lkey };
	wr = t_send_wr(IBV_WR_RDMA_READ, 1, &s, 1, r.iova, r.mr->rkey);
	t_post(&p->a, &wr);
	t_expect_wc("READ", p->a.scq, 1, IBV_WC_SUCCESS, NULL);
	t_counters_expect("READ into 8 cold pages", mr, &c, 8, 0, 0);
	s.addr += 32 * T_PAGE;
	wr = t_send_wr(IBV_WR_RDMA_WRITE, 1, &s, 1, r.iova, r.mr->rkey);
	t_post(&p->a, &wr);
	t_expect_wc("WRITE", p->a.scq, 1, IBV_WC_SUCCESS, NULL);
	t_counters_expect("WRITE from 8 pages never touched", mr, &c, 8, 0, 0);
out:
	munmap(m, REGION);
	t_dereg(mr);
	t_buf_close(&r);
}

static void kind_fn(struct t_pair *p, enum t_kind kind, void *arg)
{
	(void)arg;
	if (kind == T_PINNED) {
		t_skip_case("pinned regions do not fault");
		return;
	}
	target(p, kind);
	if (counting)
		initiator(p, kind);
}

int main(void)
{
	t_start(30);
	t_counters_steady();
	t_each_kind(IBV_WR_RDMA_WRITE, kind_fn, NULL, NULL);
	return t_finish();
}
