// SPDX-License-Identifier: GPL-2.0
/*
 * Description: huge pages: the device uses 2 MiB pages, pages that MADV_COLLAPSE joins after it
 * used them one by one, and huge pages that are split under it by a partial discard or
 * protection, with the data in place.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "t_memory.h"

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

#define REGION	(2 * T_HUGE)

/* Huge pages among the pages of the mapping at @addr, in KiB, by /proc/self/smaps. */
static long huge_kib(const void *addr)
{
	unsigned long lo, hi;
	FILE *f = fopen("/proc/self/smaps", "r");
	char line[256];
	bool in = false;
	long kib = 0;

	if (!f)
		return -1;
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx ", &lo, &hi) == 2)
			in = (uintptr_t)addr >= lo && (uintptr_t)addr < hi;
		else if (in && !strncmp(line, "AnonHugePages:", 14))
			sscanf(line + 14, "%ld", &kib);
	}
	fclose(f);
	return kib;
}

static void open_huge(struct t_buf *b, struct ibv_pd *pd, enum t_kind kind, int advice)
{
	static uint32_t seed;

	memset(b, 0, sizeof(*b));
	b->len = REGION;
	b->map_len = REGION + 2 * T_GUARD;
	b->map = (char *)t_mmap_huge_aligned(b->map_len + 2 * T_HUGE) + T_HUGE - T_GUARD;
	b->addr = b->map + T_GUARD;
	b->iova = (uintptr_t)b->addr;
	b->shadow = t_mmap(b->map_len);
	madvise(b->addr, REGION, advice);
	t_buf_fill(b, ++seed);
	t_buf_reg(b, pd, kind, T_ACCESS_ALL);
}

static void close_huge(struct t_buf *b)
{
	t_dereg(b->mr);
	munmap(b->map + T_GUARD - T_HUGE, b->map_len + 2 * T_HUGE);
	munmap(b->shadow, b->map_len);
}

static void use(struct t_pair *p, struct t_buf *l, struct t_buf *r)
{
	static const enum ibv_wr_opcode ops[] = {
		IBV_WR_RDMA_WRITE, IBV_WR_RDMA_READ, IBV_WR_SEND, IBV_WR_ATOMIC_FETCH_AND_ADD,
	};
	static const size_t offs[] = { 0, 5 * T_PAGE, T_HUGE - T_PAGE, T_HUGE, 600 * T_PAGE };
	unsigned int i, j;

	for (i = 0; i < T_ARRAY_SIZE(ops); i++) {
		bool atomic = t_is_atomic(ops[i]);

		for (j = 0; j < T_ARRAY_SIZE(offs); j++)
			t_do(p, &(struct t_op){ .opcode = ops[i], .l = l, .r = r, .loff = offs[j],
						.roff = offs[T_ARRAY_SIZE(offs) - 1 - j],
						.len = atomic ? 8 : 1000, .compare_add = 77 });
		if (!p->a.d->rxe && !atomic)
			t_do(p, &(struct t_op){ .opcode = ops[i], .l = l, .r = r, .loff = 12345,
						.roff = T_HUGE - 100000, .len = 200001 });
	}
	t_buf_check_all("initiator side memory", l);
	t_buf_check_all("target side memory", r);
}

static void split(struct t_pair *p, struct t_buf *l, struct t_buf *r, struct t_buf *b)
{
	t_case("%s, one page of a huge page discarded", t_kind_name(b->kind));
	madvise(b->addr + 5 * T_PAGE, T_PAGE, MADV_DONTNEED);
	memset(t_shadow(b, 5 * T_PAGE), 0, T_PAGE);
	use(p, l, r);
	t_case("%s, one page of a huge page read-only and back", t_kind_name(b->kind));
	mprotect(b->addr + T_HUGE + 9 * T_PAGE, T_PAGE, PROT_READ);
	t_buf_check_all("memory", b);
	mprotect(b->addr + T_HUGE + 9 * T_PAGE, T_PAGE, PROT_READ | PROT_WRITE);
	use(p, l, r);
	t_case("%s, a huge page discarded", t_kind_name(b->kind));
	madvise(b->addr, T_HUGE, MADV_DONTNEED);
	memset(t_shadow(b, 0), 0, T_HUGE);
	use(p, l, r);
}

static void collapse(struct t_pair *p, struct t_buf *l, struct t_buf *r, struct t_buf *b)
{
	int rc;

	t_case("%s, collapsed after use", t_kind_name(b->kind));
	use(p, l, r);
	madvise(b->addr, REGION, MADV_HUGEPAGE);
	rc = madvise(b->addr, REGION, MADV_COLLAPSE);
	if (rc) {
		t_skip_case("madvise(MADV_COLLAPSE): %s", strerror(errno));
		return;
	}
	t_check(huge_kib(b->addr) > 0, "expected huge pages after MADV_COLLAPSE, seen none");
	use(p, l, r);
	split(p, l, r, b);
}

int main(void)
{
	struct t_buf l, r;
	struct t_pair p;
	struct t_dev d;
	int kind, side;

	t_start(90);
	d = t_dev_open();
	t_need_odp(&d);
	t_pair_open(&p, &d, NULL);
	for (kind = T_ODP; kind <= T_IMPLICIT; kind++) {
		if (!t_kind_ok(&d, kind, IBV_WR_RDMA_WRITE))
			continue;
		for (side = 0; side < 2; side++) {
			struct t_buf *b = side ? &r : &l;

			open_huge(&l, p.a.pd, side ? T_PINNED : kind,
				  side ? MADV_NOHUGEPAGE : MADV_HUGEPAGE);
			open_huge(&r, p.b.pd, side ? kind : T_PINNED,
				  side ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
			t_case("%s, huge pages", t_kind_name(kind));
			if (huge_kib(b->addr) <= 0)
				t_skip_case("the kernel gave no huge pages");
			use(&p, &l, &r);
			split(&p, &l, &r, b);
			close_huge(&l);
			close_huge(&r);
			open_huge(&l, p.a.pd, side ? T_PINNED : kind, MADV_NOHUGEPAGE);
			open_huge(&r, p.b.pd, side ? kind : T_PINNED, MADV_NOHUGEPAGE);
			collapse(&p, &l, &r, b);
			close_huge(&l);
			close_huge(&r);
		}
	}
	t_pair_close(&p);
	t_dev_close(&d);
	return t_finish();
}
