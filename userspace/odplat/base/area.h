/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef ODPLAT_AREA_H
#define ODPLAT_AREA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

#define PAGE_BYTES	((size_t)4096)
#define HUGE_BYTES	((size_t)2 << 20)

/**
 * struct area - anonymous private memory, isolated from other mappings
 *
 * It begins at a multiple of 2 MiB, and from 1 GiB on at a multiple of that, so that it shares page
 * tables with no neighbour: the kernel walks what is there. It lies between two inaccessible
 * mappings, so it is one mapping of its own: unmapping it splits nothing, and no neighbour is merged
 * with it. It is never copied by fork(), which would take the write permission from pages that a
 * device already uses.
 */
struct area {
	uint8_t *memory;
	size_t length;
	void *reserved;
	size_t reserved_length;
};

enum area_flags {
	AREA_HUGE = 1,		/* ask for transparent huge pages; otherwise they are ruled out */
	AREA_LARGE = 2,		/* large, and will be populated: check that there is memory */
	AREA_NEW_ADDRESS = 4,	/* at an address that this process has never used */
};

/**
 * area_map() - map memory never touched before
 * @area: out
 * @length: in bytes, rounded up to pages
 * @flags: enum area_flags
 * @why: out, on failure
 *
 * A driver may keep state for addresses that a NIC has used, even after the region and the mapping
 * are gone, and the kernel reuses addresses. AREA_NEW_ADDRESS is for memory that must not be
 * mistaken for an earlier one.
 *
 * Return: 0 or a negative errno.
 */
int area_map(struct area *area, size_t length, unsigned int flags, struct message *why);

/** area_unmap() - unmap it; harmless on an area that is not mapped */
void area_unmap(struct area *area);

/** area_touch() - one CPU write to each page, as a program that initializes its memory does */
void area_touch(const struct area *area);

/**
 * area_huge_bytes() - how much of @area is mapped by transparent huge pages now
 *
 * Return: bytes, from /proc/self/smaps; 0 also where that cannot be read.
 */
size_t area_huge_bytes(const struct area *area);

/**
 * lacks_huge_pages() - explain that huge pages were asked for and small ones were given
 * @why: out
 *
 * Return: -ENOMEM.
 */
int lacks_huge_pages(struct message *why);

#endif
