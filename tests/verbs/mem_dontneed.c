// SPDX-License-Identifier: GPL-2.0
/*
 * Description: after MADV_DONTNEED the device sees fresh zero pages, not the old ones, and
 * writes to the new ones.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <string.h>
#include <sys/mman.h>

#include "t_memory.h"

static void discard(struct t_buf *b)
{
	if (madvise(b->addr, b->len, MADV_DONTNEED))
		t_die("madvise(MADV_DONTNEED) failed");
	memset(t_shadow(b, 0), 0, b->len);
}

/* The CPU is first to touch the fresh pages. */
static void discard_and_fill(struct t_buf *b)
{
	discard(b);
	t_pattern(t_shadow(b, 0), b->len, 4711);
	memcpy(b->addr, t_shadow(b, 0), b->len);
}

int main(void)
{
	static const struct t_memory events[] = {
		{
			.name = "MADV_DONTNEED", .event = discard,
			.drops = true,
		},
		{
			.name = "MADV_DONTNEED and CPU writes", .event = discard_and_fill,
			.drops = true,
		},
	};

	return t_memory_main(60, events, T_ARRAY_SIZE(events));
}
