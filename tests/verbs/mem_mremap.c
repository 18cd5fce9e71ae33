// SPDX-License-Identifier: GPL-2.0
/*
 * Description: mremap: what was moved away is no longer served at the old place and unharmed at
 * the new one, memory moved into the place of a region is served, and a shrunk mapping is
 * refused past its end.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "t_memory.h"

static char *moved;

static void move_away(struct t_buf *b)
{
	moved = mremap(b->addr, b->len, b->len, MREMAP_MAYMOVE | MREMAP_FIXED,
		       (char *)t_mmap_huge_aligned(b->len));
	if (moved == MAP_FAILED)
		t_die("mremap failed");
	t_bytes("memory at its new place", moved, t_shadow(b, 0), b->len);
}

/* The old content must be at the new place still, whatever the device tried. */
static void move_back(struct t_buf *b)
{
	t_bytes("memory at its new place", moved, t_shadow(b, 0), b->len);
	if (mremap(moved, b->len, b->len, MREMAP_MAYMOVE | MREMAP_FIXED, b->addr) != b->addr)
		t_die("mremap back failed");
}

static void move_in(struct t_buf *b)
{
	char *other = t_mmap_huge_aligned(b->len);

	madvise(other, b->len, MADV_NOHUGEPAGE);
	t_pattern(t_shadow(b, 0), b->len, 31337);
	memcpy(other, t_shadow(b, 0), b->len);
	if (mremap(other, b->len, b->len, MREMAP_MAYMOVE | MREMAP_FIXED, b->addr) != b->addr)
		t_die("mremap failed");
}

static void shrink(struct t_buf *b)
{
	/* To nothing but the guard before: the whole registered part goes. */
	char *start = b->addr - T_PAGE;

	if (mremap(start, b->len + T_PAGE, T_PAGE, 0) != start)
		t_die("mremap failed");
}

/* From the guard before, into the place that is empty now. */
static void grow(struct t_buf *b)
{
	char *start = b->addr - T_PAGE;

	if (mremap(start, T_PAGE, b->len + T_PAGE, 0) != start)
		t_die("mremap that grows: %s", strerror(errno));
	memset(t_shadow(b, 0), 0, b->len);
}

int main(void)
{
	static const struct t_memory events[] = {
		{
			.name = "mremap away and back", .event = move_away,
			.refuse = T_REFUSE_ALL, .restore = move_back, .drops = true,
		},
		{
			.name = "mremap of other memory into the region", .event = move_in,
			.drops = true,
		},
		{
			.name = "mremap shrinks and grows", .event = shrink,
			.refuse = T_REFUSE_ALL, .restore = grow, .drops = true,
		},
	};

	return t_memory_main(60, events, T_ARRAY_SIZE(events));
}
