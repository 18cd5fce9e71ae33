// SPDX-License-Identifier: GPL-2.0
/*
 * Description: a memfd, shared: write(2) to it, pages taken out of it, its end cut off and given
 * back, MADV_DONTNEED that takes nothing but the mapping; the device and read(2) agree.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "t_file.h"
#include "t_memory.h"

static void discard(struct t_buf *b)
{
	if (madvise(b->addr, b->len, MADV_DONTNEED))
		t_die("madvise(MADV_DONTNEED): %s", strerror(errno));
}

int main(void)
{
	struct t_dev d;

	t_start(60);
	d = t_dev_open();
	t_need_odp(&d);
	t_memory_event(&d, &(struct t_memory){
		.name = "memfd, write(2)", .event = t_file_write,
		.make = t_file_make, .done = t_file_check,
	});
	t_memory_event(&d, &(struct t_memory){
		.name = "memfd, MADV_DONTNEED", .event = discard, .drops = true,
		.make = t_file_make, .done = t_file_check,
	});
	t_memory_event(&d, &(struct t_memory){
		.name = "memfd, hole", .event = t_file_hole, .drops = true,
		.make = t_file_make, .done = t_file_check,
	});
	t_memory_event(&d, &(struct t_memory){
		.name = "memfd, truncated and grown", .event = t_file_truncate,
		.refuse = T_REFUSE_ALL, .restore = t_file_grow, .drops = true,
		.make = t_file_make, .done = t_file_check,
	});
	t_dev_close(&d);
	return t_finish();
}
