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
	static const struct t_memory events[] = {
		{
			.name = "memfd, write(2)", .event = t_file_write,
			.make = t_file_make, .done = t_file_check,
		},
		{
			.name = "memfd, MADV_DONTNEED", .event = discard, .drops = true,
			.make = t_file_make, .done = t_file_check,
		},
		{
			.name = "memfd, hole", .event = t_file_hole, .drops = true,
			.make = t_file_make, .done = t_file_check,
		},
		{
			.name = "memfd, truncated and grown", .event = t_file_truncate,
			.refuse = T_REFUSE_ALL, .restore = t_file_grow, .drops = true,
			.make = t_file_make, .done = t_file_check,
		},
	};

	return t_memory_main(60, events, T_ARRAY_SIZE(events));
}
