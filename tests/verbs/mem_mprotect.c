// SPDX-License-Identifier: GPL-2.0
/*
 * Description: mprotect to read-only refuses what writes and allows what reads, to none refuses
 * all, and back to read-write allows all again, with the data in place.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <sys/mman.h>

#include "t_memory.h"

static void protect(struct t_buf *b, int prot)
{
	if (mprotect(b->addr, b->len, prot))
		t_die("mprotect failed");
}

static void read_only(struct t_buf *b)
{
	protect(b, PROT_READ);
}

static void none(struct t_buf *b)
{
	protect(b, PROT_NONE);
}

static void read_write(struct t_buf *b)
{
	protect(b, PROT_READ | PROT_WRITE);
}

static void there_and_back(struct t_buf *b)
{
	none(b);
	read_only(b);
	read_write(b);
}

int main(void)
{
	static const struct t_memory events[] = {
		{
			.name = "mprotect read-only", .event = read_only,
			.refuse = T_REFUSE_WRITE, .restore = read_write,
		},
		{
			.name = "mprotect none", .event = none,
			.refuse = T_REFUSE_ALL, .restore = read_write, .drops = true,
		},
		{
			.name = "mprotect there and back", .event = there_and_back,
			.drops = true,
		},
	};

	return t_memory_main(60, events, T_ARRAY_SIZE(events));
}
