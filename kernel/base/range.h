/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef PINLESS_RANGE_H
#define PINLESS_RANGE_H

/*
 * Arithmetic on address ranges. Address and length may both come from a process
 * or from a peer, so as long as they are unchecked their sum is formed only
 * here, where none can wrap unnoticed. Builds in user space too, for
 * tests/unit/range_test.c.
 *
 * A range is [addr, addr + len). The byte at 2^64 - 1 belongs to no range: no
 * process has that address, and without it every end fits into a u64.
 */
#ifdef __KERNEL__
#include <linux/types.h>
#include <asm/page.h>
#else
#include <linux/types.h>
#include <stdbool.h>
typedef __u64 u64;
#ifndef PAGE_SHIFT
#define PAGE_SHIFT	12
#endif
#endif

#define PINLESS_LEAF_SHIFT	21
#define PINLESS_LEAF_PAGES	(1u << (PINLESS_LEAF_SHIFT - PAGE_SHIFT))
#define PINLESS_LEAF_BYTES	((u64)PINLESS_LEAF_PAGES << PAGE_SHIFT)

/**
 * pinless_range_end() - the first byte after a range
 * @addr: first byte
 * @len:  bytes
 * @end:  out: @addr + @len; left alone on failure
 *
 * Return: true, or false if the sum is 2^64 or more.
 */
static inline bool pinless_range_end(u64 addr, u64 len, u64 *end)
{
	u64 sum = addr + len;

	if (sum < addr)
		return false;
	*end = sum;
	return true;
}

/**
 * pinless_range_inside() - whether a range lies in a window
 * @addr:  first byte of the range
 * @len:   bytes of the range
 * @start: first byte of the window
 * @size:  bytes of the window; @start + @size may wrap
 *
 * An empty range lies inside if its address does, or is the window's end.
 *
 * Return: whether all of the range lies in the window.
 */
static inline bool pinless_range_inside(u64 addr, u64 len, u64 start, u64 size)
{
	return addr >= start && addr - start <= size &&
	       len <= size - (addr - start);
}

/**
 * pinless_range_pages() - number of pages that a range touches
 * @addr: first byte
 * @len:  bytes
 *
 * Return: pages of PAGE_SIZE; 0 for an empty range and for one that wraps.
 */
static inline u64 pinless_range_pages(u64 addr, u64 len)
{
	u64 end;

	if (!len || !pinless_range_end(addr, len, &end))
		return 0;
	return ((end - 1) >> PAGE_SHIFT) - (addr >> PAGE_SHIFT) + 1;
}

/**
 * pinless_range_in_leaf() - the part of a range that lies in its first leaf
 * @addr: first byte
 * @len:  bytes
 *
 * Return: bytes from @addr to the end of the range or of the leaf, whichever
 * comes first; 0 only for an empty range.
 */
static inline u64 pinless_range_in_leaf(u64 addr, u64 len)
{
	u64 left = PINLESS_LEAF_BYTES - (addr & (PINLESS_LEAF_BYTES - 1));

	return len < left ? len : left;
}

/* The number of the leaf that translates an address. */
static inline u64 pinless_range_leaf(u64 addr)
{
	return addr >> PINLESS_LEAF_SHIFT;
}

/* The page of an address in its leaf: 0 .. PINLESS_LEAF_PAGES - 1. */
static inline unsigned int pinless_range_slot(u64 addr)
{
	return (addr >> PAGE_SHIFT) & (PINLESS_LEAF_PAGES - 1);
}

/* The offset of an address in its page. */
static inline unsigned int pinless_page_offset(u64 addr)
{
	return addr & ((1u << PAGE_SHIFT) - 1);
}

#endif /* PINLESS_RANGE_H */
