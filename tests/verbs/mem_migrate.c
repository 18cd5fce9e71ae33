// SPDX-License-Identifier: GPL-2.0
/*
 * Description: pages that the kernel moves to other frames (compaction, move_pages), has looked
 * at (soft-dirty, idle, MADV_COLD) or locked (mlock) are served with their data, and the
 * soft-dirty tracker sees what the device writes.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "t_memory.h"

#ifndef MADV_COLD
#define MADV_COLD 20
#endif
#define MPOL_MF_MOVE_FLAG	2

static void compact(struct t_buf *b)
{
	(void)b;
	t_run("echo 1 > /proc/sys/vm/compact_memory");
}

/* To the node where they are: the kernel isolates and looks at each all the same. */
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

static void clear_soft_dirty(struct t_buf *b)
{
	(void)b;
	if (access("/proc/self/clear_refs", W_OK) == 0) {
		int fd = open("/proc/self/clear_refs", O_WRONLY);

		if (fd >= 0 && write(fd, "4", 1) != 1)
			t_skip_case("clear_refs: %s", strerror(errno));
		close(fd);
	}
}

static bool soft_dirty(const void *addr)
{
	int fd = open("/proc/self/pagemap", O_RDONLY);
	uint64_t e = 0;

	if (fd < 0 || pread(fd, &e, 8, (uintptr_t)addr / T_PAGE * 8) != 8)
		t_die("/proc/self/pagemap: %s", strerror(errno));
	close(fd);
	return e >> 55 & 1;
}

static void tracker(struct t_dev *d)
{
	struct t_buf l, r;
	struct t_pair p;

	t_case("soft-dirty tracker");
	t_pair_open(&p, d, NULL);
	t_buf_open(&l, p.a.pd, T_PINNED, 8 * T_PAGE, T_ACCESS_ALL);
	t_buf_open(&r, p.b.pd, T_ODP, 8 * T_PAGE, T_ACCESS_ALL);
	t_do(&p, &(struct t_op){ .opcode = IBV_WR_RDMA_WRITE, .l = &l, .r = &r, .len = 1000,
				 .roff = 2 * T_PAGE });
	clear_soft_dirty(&r);
	if (soft_dirty(r.addr + 2 * T_PAGE)) {
		t_skip_case("this kernel does not track soft-dirty pages");
	} else {
		t_do(&p, &(struct t_op){ .opcode = IBV_WR_RDMA_WRITE, .l = &l, .r = &r, .len = 900,
					 .roff = 2 * T_PAGE });
		t_check(soft_dirty(r.addr + 2 * T_PAGE),
			"page that the device wrote: expected soft-dirty, seen clean");
		t_check(!soft_dirty(r.addr + 4 * T_PAGE),
			"page that nobody wrote: expected clean, seen soft-dirty");
	}
	t_buf_close(&l);
	t_buf_close(&r);
	t_pair_close(&p);
}

int main(void)
{
	struct t_dev d;

	t_start(120);
	t_need_root();
	d = t_dev_open();
	t_need_odp(&d);
	t_memory_event(&d, &(struct t_memory){ "compaction", compact, 0, NULL, false });
	t_memory_event(&d, &(struct t_memory){ "move_pages", move, 0, NULL, false });
	t_memory_event(&d, &(struct t_memory){ "MADV_COLD", cold, 0, NULL, false });
	t_memory_event(&d, &(struct t_memory){ "mlock and munlock", lock, 0, NULL, false });
	t_memory_event(&d, &(struct t_memory){ "soft-dirty cleared", clear_soft_dirty, 0, NULL,
					       false });
	tracker(&d);
	t_dev_close(&d);
	return t_finish();
}
