// SPDX-License-Identifier: GPL-2.0
/*
 * Description: ibv_advise_mr: prefetch, prefetch for writing and without faults, synchronous and
 * not; the pages are counted, the access after it faults no more, data is right, and bad ranges
 * and keys are refused.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "t_counters.h"
#include "t_sweep.h"

#define PAGES	64
#define REGION	(PAGES * T_PAGE)

static int advise(struct ibv_mr *mr, enum ib_uverbs_advise_mr_advice advice, uint32_t flags,
		  void *addr, uint32_t len)
{
	struct ibv_sge s = { (uintptr_t)addr, len, mr->lkey };

	return ibv_advise_mr(mr->pd, advice, flags, &s, 1);
}

/* Asynchronous advice is done some time after the call. */
static bool wait_prefetched(struct ibv_mr *mr, uint64_t before, uint64_t pages)
{
	uint64_t end = t_ms() + t_scale(3000);
	struct t_counters c;

	do {
		if (!t_counters_read(mr, &c)) {
			t_sleep_ms(100);
			return true;
		}
		if (c.prefetch - before >= pages)
			return true;
		t_sleep_ms(2);
	} while (t_ms() < end);
	return false;
}

static void access_after(struct t_pair *p, struct t_buf *b, bool write, long long faults,
			 struct t_counters *c)
{
	struct t_buf l;
	struct t_op op = { .opcode = write ? IBV_WR_RDMA_WRITE : IBV_WR_RDMA_READ, .l = &l, .r = b,
			   .loff = 0, .roff = 4 * T_PAGE, .len = 32 * T_PAGE };

	t_buf_open(&l, p->a.pd, T_PINNED, REGION, T_ACCESS_ALL);
	t_do(p, &op);
	t_counters_expect("access after the advice", b->mr, c, faults, 0, faults < 0 ? -1 : 0);
	t_buf_close(&l);
}

static void one(struct t_pair *p, enum t_kind kind, int advice, uint32_t flags, bool touched)
{
	static const char *const names[] = { "prefetch", "prefetch-write", "prefetch-no-fault" };
	bool no_fault = advice == IBV_ADVISE_MR_ADVICE_PREFETCH_NO_FAULT;
	bool write = advice == IBV_ADVISE_MR_ADVICE_PREFETCH_WRITE;
	uint64_t pages = no_fault && !touched ? 0 : 32;
	struct t_counters c = {};
	struct t_buf b;
	int rc;

	t_case("%s %s %s, %s pages", t_kind_name(kind), flags ? "synchronous" : "asynchronous",
	       names[advice], touched ? "touched" : "cold");
	t_buf_map(&b, REGION);
	madvise(b.map, b.map_len, MADV_NOHUGEPAGE);
	if (touched)
		t_buf_fill(&b, advice + flags);
	t_buf_reg(&b, p->b.pd, kind, T_ACCESS_ALL);
	t_counters_read(b.mr, &c);
	rc = advise(b.mr, advice, flags, b.addr + 4 * T_PAGE, 32 * T_PAGE);
	if (rc == EOPNOTSUPP && !p->b.d->pinless) {
		t_skip_case("ibv_advise_mr: %s", strerror(rc));
		t_buf_close(&b);
		return;
	}
	t_check(!rc, "ibv_advise_mr: expected success, seen error %d (%s)", rc, strerror(rc));
	t_check(wait_prefetched(b.mr, c.prefetch, pages),
		"page_prefetch: expected %llu more within 3 s", (unsigned long long)pages);
	if (no_fault && !touched && !flags) {
		/* Advice that finds nothing leaves no sign; it may still come after the access. */
		access_after(p, &b, write, -1, &c);
	} else {
		t_counters_expect("the advice", b.mr, &c, 0, 0, pages);
		/* A page read in for reading may still fault for a write. */
		access_after(p, &b, write, no_fault && !touched ? 32 : 0, &c);
	}
	t_buf_check_all("memory", &b);
	t_buf_close(&b);
}

static void refusals(struct t_pair *p, enum t_kind kind)
{
	struct ibv_sge s;
	struct t_buf b;
	int rc;

	t_buf_open(&b, p->b.pd, kind, REGION, IBV_ACCESS_REMOTE_READ);
	t_case("%s prefetch for writing on a region without write rights", t_kind_name(kind));
	rc = advise(b.mr, IBV_ADVISE_MR_ADVICE_PREFETCH_WRITE, IBV_ADVISE_MR_FLAG_FLUSH, b.addr,
		    64);
	if (rc == EOPNOTSUPP && !p->b.d->pinless) {
		t_buf_close(&b);
		return;
	}
	t_check(rc != 0, "expected an error, seen success");
	t_case("%s prefetch on a region without write rights", t_kind_name(kind));
	rc = advise(b.mr, IBV_ADVISE_MR_ADVICE_PREFETCH, IBV_ADVISE_MR_FLAG_FLUSH, b.addr, 64);
	t_check(!rc, "expected success, seen error %d (%s)", rc, strerror(rc));
	if (kind == T_ODP) {
		t_case("prefetch past the end of the region");
		rc = advise(b.mr, IBV_ADVISE_MR_ADVICE_PREFETCH, IBV_ADVISE_MR_FLAG_FLUSH,
			    b.addr + REGION - 64, 65);
		t_check(rc != 0, "expected an error, seen success");
	}
	t_case("%s prefetch with a wrong key", t_kind_name(kind));
	s = (struct ibv_sge){ (uintptr_t)b.addr, 64, b.mr->lkey ^ 1 };
	rc = ibv_advise_mr(p->b.pd, IBV_ADVISE_MR_ADVICE_PREFETCH, IBV_ADVISE_MR_FLAG_FLUSH, &s, 1);
	t_check(rc != 0, "expected an error, seen success");
	t_case("%s prefetch by another PD", t_kind_name(kind));
	s.lkey = b.mr->lkey;
	rc = ibv_advise_mr(p->a.pd, IBV_ADVISE_MR_ADVICE_PREFETCH, IBV_ADVISE_MR_FLAG_FLUSH, &s, 1);
	t_check(rc != 0, "expected an error, seen success");
	t_case("unknown advice 77");
	rc = ibv_advise_mr(p->b.pd, 77, IBV_ADVISE_MR_FLAG_FLUSH, &s, 1);
	t_check(rc != 0, "expected an error, seen success");
	t_case("unknown flag");
	rc = ibv_advise_mr(p->b.pd, IBV_ADVISE_MR_ADVICE_PREFETCH, 0x80, &s, 1);
	t_check(rc != 0, "expected an error, seen success");
	t_case("%s prefetch of memory that is not mapped", t_kind_name(kind));
	munmap(b.addr + 8 * T_PAGE, T_PAGE);
	s = (struct ibv_sge){ (uintptr_t)b.addr + 8 * T_PAGE, 64, b.mr->lkey };
	rc = ibv_advise_mr(p->b.pd, IBV_ADVISE_MR_ADVICE_PREFETCH, IBV_ADVISE_MR_FLAG_FLUSH, &s, 1);
	t_check(rc != 0, "expected an error, seen success");
	t_buf_close(&b);
}

static void kind_fn(struct t_pair *p, enum t_kind kind, void *arg)
{
	uint32_t flags;
	int advice;

	(void)arg;
	if (kind == T_PINNED) {
		t_skip_case("pinned memory needs no advice");
		return;
	}
	for (advice = IBV_ADVISE_MR_ADVICE_PREFETCH;
	     advice <= (int)IBV_ADVISE_MR_ADVICE_PREFETCH_NO_FAULT; advice++) {
		for (flags = 0; flags <= IBV_ADVISE_MR_FLAG_FLUSH; flags++) {
			one(p, kind, advice, flags, false);
			one(p, kind, advice, flags, true);
		}
	}
	refusals(p, kind);
}

int main(void)
{
	t_start(60);
	t_each_kind(IBV_WR_RDMA_WRITE, kind_fn, NULL, NULL);
	return t_finish();
}
