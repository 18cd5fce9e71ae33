// SPDX-License-Identifier: GPL-2.0
/*
 * Description: pages that the kernel moves to other frames (compaction, move_pages), has found
 * cold (MADV_COLD) or locked (mlock) are served with their data; those that are seen to have moved
 * were taken from the device.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "t_debug.h"
#include "t_memory.h"

#ifndef MADV_COLD
#define MADV_COLD 20
#endif
#define MPOL_MF_MOVE_FLAG	2
#define HOLES			(256UL << 20)

static void compact(struct t_buf *b)
{
	(void)b;
	t_run("echo 1 > /proc/sys/vm/compact_memory");
}

/* To the node where they already are: the kernel isolates and checks each nevertheless. */
static void move(struct t_buf *b)
{
	void *page[T_MEMORY_PAGES];
	int node[T_MEMORY_PAGES] = {}, status[T_MEMORY_PAGES];
	size_t i;

	for (i = 0; i < T_MEMORY_PAGES; i++)
		page[i] = b->addr + i * T_PAGE;
	syscall(SYS_move_pages, 0, (unsigned long)T_MEMORY_PAGES, page, node, status,
		MPOL_MF_MOVE_FLAG);
}

static void cold(struct t_buf *b)
{
	madvise(b->addr, b->len, MADV_COLD);
}

static void lock(struct t_buf *b)
{
	mlock(b->addr, b->len);
	munlock(b->addr, b->len);
}

/* Where the pages are, as /proc/self/pagemap has it: bits 0 to 54. */
static void read_frames(const struct t_buf *b, uint64_t frame[T_MEMORY_PAGES])
{
	size_t n = T_MEMORY_PAGES * sizeof(*frame), i;
	int fd = open("/proc/self/pagemap", O_RDONLY);

	if (fd < 0 || pread(fd, frame, n, (uintptr_t)b->addr / T_PAGE * 8) != (ssize_t)n)
		t_die("/proc/self/pagemap: %s", strerror(errno));
	close(fd);
	for (i = 0; i < T_MEMORY_PAGES; i++)
		frame[i] &= (1ULL << 55) - 1;
}

/*
 * The kernel moves pages from low addresses into holes at higher ones, so there must be more of
 * these than movable pages below the buffer: the page cache goes.
 */
static void compact_among_holes(void)
{
	char *holes = t_mmap(HOLES);
	size_t i;

	t_run("echo 1 > /proc/sys/vm/drop_caches");
	for (i = 0; i < HOLES; i += T_PAGE)
		holes[i] = 1;
	for (i = 0; i < HOLES; i += 2 * T_PAGE)
		madvise(holes + i, T_PAGE, MADV_DONTNEED);
	compact(NULL);
	munmap(holes, HOLES);
	compact(NULL);
}

static void use_each_page(struct t_pair *p, struct t_buf *l, struct t_buf *r)
{
	size_t i;

	for (i = 0; i < T_MEMORY_PAGES; i++)
		t_do(p, &(struct t_op){ .opcode = IBV_WR_RDMA_WRITE, .l = l, .r = r, .len = 1000,
					.loff = i * T_PAGE, .roff = i * T_PAGE });
}

/* Pages that are seen to have moved were taken from the device, and are found where they are. */
static void seen_to_move(struct t_dev *d, enum t_kind kind)
{
	uint64_t before[T_MEMORY_PAGES], after[T_MEMORY_PAGES], start, dropped;
	struct t_buf l, r;
	struct t_pair p;
	size_t i, tries, moved = 0;

	t_case("compaction, %s, pages seen to move", t_kind_name(kind));
	t_pair_open(&p, d, NULL);
	t_buf_open(&l, p.a.pd, T_PINNED, T_MEMORY_PAGES * T_PAGE, T_ACCESS_ALL);
	t_buf_open(&r, p.b.pd, kind, T_MEMORY_PAGES * T_PAGE, T_ACCESS_ALL);
	use_each_page(&p, &l, &r);
	read_frames(&r, before);
	start = d->pinless ? t_port_counter(d, "odp_dropped") : 0;
	for (tries = 0; !moved && tries < 10; tries++) {
		compact_among_holes();
		read_frames(&r, after);
		for (i = 0; i < T_MEMORY_PAGES; i++)
			moved += before[i] != after[i];
	}
	if (!moved)
		t_skip_case("the kernel moved no page");
	dropped = (d->pinless ? t_port_counter(d, "odp_dropped") : 0) - start;
	t_check(!d->pinless || dropped >= moved,
		"expected odp_dropped to grow by %zu or more, as so many pages moved, seen %llu",
		moved, (unsigned long long)dropped);
	t_buf_fill(&l, 4712);
	use_each_page(&p, &l, &r);
	t_buf_check_all("memory that has moved", &r);
	t_buf_close(&l);
	t_buf_close(&r);
	t_pair_close(&p);
}

int main(void)
{
	struct t_dev d;
	int kind;

	t_start(120);
	t_need_root();
	d = t_dev_open();
	t_need_odp(&d);
	t_memory_event(&d, &(struct t_memory){
		.name = "compaction", .event = compact,
	});
	t_memory_event(&d, &(struct t_memory){
		.name = "move_pages", .event = move,
	});
	t_memory_event(&d, &(struct t_memory){
		.name = "MADV_COLD", .event = cold,
	});
	t_memory_event(&d, &(struct t_memory){
		.name = "mlock and munlock", .event = lock,
	});
	for (kind = T_ODP; kind <= T_IMPLICIT; kind++) {
		if (t_kind_ok(&d, kind, IBV_WR_RDMA_WRITE))
			seen_to_move(&d, kind);
	}
	t_dev_close(&d);
	return t_finish();
}
