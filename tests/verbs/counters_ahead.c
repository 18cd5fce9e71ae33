// SPDX-License-Identifier: GPL-2.0
/*
 * Description: pages that the device brings in because they lie ahead of the faults of an access
 * (odp_neighbours) are pages of the region. Present pages behind it, which are not registered, are
 * left alone, in the same 2 MiB too.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <string.h>
#include <sys/mman.h>

#include "t_counters.h"
#include "t_debug.h"
#include "t_sweep.h"

/* Pages that are present, from the first page of the region on. */
#define PRESENT	64

/*
 * A fault per page, in ascending order, as far as there are pages that the one before has not
 * taken along: the window grows with the second. The region begins at a page, and ends @len bytes
 * later. At most @most of its pages can be taken along.
 */
static void ascend(struct t_pair *p, struct t_buf *l, size_t len, unsigned int most)
{
	uint64_t before = t_port_counter(p->a.d, "odp_neighbours"), seen;
	char *m = t_mmap_huge_aligned(T_HUGE);
	struct ibv_mr *mr;
	size_t at;

	t_case("region of %zu bytes, %d pages present", len, PRESENT);
	madvise(m, T_HUGE, MADV_NOHUGEPAGE);
	memset(m, 0x11, PRESENT * T_PAGE);
	mr = t_reg(p->b.pd, T_ODP, m, len, T_ACCESS_ALL);
	for (at = 0; at < len; at += T_PAGE) {
		t_write_to(p, l, 8, m + at, mr->rkey);
		t_bytes("8 bytes of the page", m + at, l->addr, 8);
	}
	seen = t_port_counter(p->a.d, "odp_neighbours") - before;
	t_check(seen <= most,
		"odp_neighbours: expected at most %u more, seen %llu more: pages behind the region",
		most, (unsigned long long)seen);
	t_dereg(mr);
	munmap(m, T_HUGE);
}

static void kind_fn(struct t_pair *p, enum t_kind kind, void *arg)
{
	struct t_buf l;

	(void)arg;
	if (kind != T_ODP) {
		t_skip_case("%s regions have no end to look beyond", t_kind_name(kind));
		return;
	}
	if (!p->a.d->pinless)
		t_skip("only pinless counts odp_neighbours");
	t_buf_open(&l, p->a.pd, T_PINNED, T_PAGE, T_ACCESS_ALL);
	ascend(p, &l, 2 * T_PAGE, 0);
	/* The last page is one of the region, however little of it is registered. */
	ascend(p, &l, 3 * T_PAGE + 8, 2);
	ascend(p, &l, 9 * T_PAGE, 7);
	t_buf_close(&l);
}

int main(void)
{
	t_start(30);
	t_each_kind(IBV_WR_RDMA_WRITE, kind_fn, NULL, NULL);
	return t_finish();
}
