// SPDX-License-Identifier: GPL-2.0
/*
 * Description: pages that the kernel moves to other frames (compaction, move_pages), has found
 * cold (MADV_COLD) or locked (mlock) are served with their data.
 *
 * Copyright (c) 2026 The pinless authors
 */
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

int main(void)
{
	struct t_dev d;

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
	t_dev_close(&d);
	return t_finish();
}
