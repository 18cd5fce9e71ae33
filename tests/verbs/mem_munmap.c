// SPDX-License-Identifier: GPL-2.0
/*
 * Description: after munmap each access is refused with the right status on its side; what is
 * then mapped at the same place is served.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <string.h>
#include <sys/mman.h>

#include "t_memory.h"

static void unmap(struct t_buf *b)
{
	if (munmap(b->addr, b->len))
		t_die("munmap failed");
}

static void map_again(struct t_buf *b)
{
	void *p = mmap(b->addr, b->len, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	if (p != b->addr)
		t_die("mmap at a fixed place failed");
	memset(t_shadow(b, 0), 0, b->len);
}

static void replace(struct t_buf *b)
{
	unmap(b);
	map_again(b);
	t_pattern(t_shadow(b, 0), b->len, 815);
	memcpy(b->addr, t_shadow(b, 0), b->len);
}

int main(void)
{
	static const struct t_memory events[] = {
		{
			.name = "munmap", .event = unmap,
			.refuse = T_REFUSE_ALL, .restore = map_again, .drops = true,
		},
		{
			.name = "munmap and mmap at the same place", .event = replace,
			.drops = true,
		},
		/* MAP_FIXED over the old mapping, without munmap. */
		{
			.name = "mmap over it", .event = map_again,
			.drops = true,
		},
	};

	return t_memory_main(60, events, T_ARRAY_SIZE(events));
}
