// SPDX-License-Identifier: GPL-2.0
/*
 * Description: pages that were swapped out (MADV_PAGEOUT) come back with their data when the
 * device reads or writes them, and what the device had written before is not lost; each was taken
 * from the device.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <sys/mman.h>

#include "t_memory.h"

#define PAGES	32

/* A transient reference keeps a page for a moment; one of the device would keep it for ever. */
static void pageout(struct t_buf *b)
{
	uint64_t end = t_ms() + t_scale(5000);
	size_t swapped;

	for (;;) {
		if (madvise(b->addr, b->len, MADV_PAGEOUT))
			t_die("madvise(MADV_PAGEOUT) failed");
		swapped = t_swapped_pages(b->addr, b->len);
		if (swapped == b->len / T_PAGE || t_ms() > end)
			break;
		t_sleep_ms(5);
	}
	t_eq("pages in swap", swapped, b->len / T_PAGE);
}

/*
 * A page that came back for a read is clean, and writable on newer kernels: what the device writes
 * to it then must make it dirty, or the next reclaim drops it for the copy in swap.
 */
static void read_then_written(struct t_dev *d, enum t_kind kind)
{
	struct t_buf l, r;
	struct t_pair p;
	size_t i;

	t_case("%s, swapped in by READ, written by WRITE, swapped out again", t_kind_name(kind));
	t_pair_open(&p, d, NULL);
	t_buf_open(&l, p.a.pd, T_PINNED, PAGES * T_PAGE, T_ACCESS_ALL);
	t_buf_open(&r, p.b.pd, kind, PAGES * T_PAGE, T_ACCESS_ALL);
	pageout(&r);
	for (i = 0; i < PAGES; i++)
		t_do(&p, &(struct t_op){ .opcode = IBV_WR_RDMA_READ, .l = &l, .r = &r, .len = 1000,
					 .loff = i * T_PAGE, .roff = i * T_PAGE });
	t_buf_fill(&l, 12321);
	for (i = 0; i < PAGES; i++)
		t_do(&p, &(struct t_op){ .opcode = IBV_WR_RDMA_WRITE, .l = &l, .r = &r, .len = 1000,
					 .loff = i * T_PAGE, .roff = i * T_PAGE });
	/* t_do() looked at each page with the CPU, which reads and makes nothing dirty. */
	pageout(&r);
	t_buf_check_all("memory from swap", &r);
	t_buf_close(&l);
	t_buf_close(&r);
	t_pair_close(&p);
}

int main(void)
{
	struct t_dev d;
	int kind;

	t_start(60);
	d = t_dev_open();
	t_need_odp(&d);
	t_swap_on();
	t_memory_event(&d, &(struct t_memory){
		.name = "MADV_PAGEOUT", .event = pageout, .drops = true,
	});
	for (kind = T_ODP; kind <= T_IMPLICIT; kind++) {
		if (t_kind_ok(&d, kind, IBV_WR_RDMA_WRITE))
			read_then_written(&d, kind);
	}
	t_swap_off();
	t_dev_close(&d);
	return t_finish();
}
