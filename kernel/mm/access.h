/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef PINLESS_ACCESS_H
#define PINLESS_ACCESS_H

#include <linux/types.h>

struct pinless_mirror;
struct pinless_account;
struct pinless_leaf_hint;

/*
 * Access to memory: copies and atomics between two places, each of them in
 * mirrored user memory, pinned user memory or kernel memory. Knows page tables
 * and locks, but no verbs.
 */

enum pinless_mem_kind {
	PINLESS_MEM_MIRROR,
	PINLESS_MEM_PINNED,
	PINLESS_MEM_KERNEL,
};

/**
 * struct pinless_pinned - pages that the region keeps pinned
 * @start:  user address of the first page, page aligned
 * @npages: number of entries of @pages
 * @pages:  the pages, one for each PAGE_SIZE of addresses
 */
struct pinless_pinned {
	u64 start;
	u64 npages;
	struct page **pages;
};

/**
 * struct pinless_mem - an address space to copy from or to
 * @kind:    which member of the union is valid
 * @mirror:  the mirror of a process; the caller holds a reference
 * @pinned:  pinned pages; the caller keeps them
 * @account: charged with faults; NULL for kernel memory
 * @last:    mirror: the last page that the region reaches, as user address >>
 *           PAGE_SHIFT
 */
struct pinless_mem {
	enum pinless_mem_kind kind;
	union {
		struct pinless_mirror *mirror;
		const struct pinless_pinned *pinned;
	};
	struct pinless_account *account;
	u64 last;
};

/**
 * struct pinless_place - where in an address space
 * @mem:   the address space
 * @addr:  user address (mirror, pinned) or kernel address
 * @hints: leaves that the caller has looked up before, or NULL
 */
struct pinless_place {
	const struct pinless_mem *mem;
	u64 addr;
	struct pinless_leaf_hint *hints;
};

/**
 * struct pinless_miss - what a copy found missing
 * @mem:   in which address space
 * @addr:  first missing user address
 * @write: whether it is to be written
 */
struct pinless_miss {
	const struct pinless_mem *mem;
	u64 addr;
	bool write;
};

/* The locks of the translation are held for at most this many bytes. */
#define PINLESS_COPY_MAX	65536u

size_t pinless_copy(const struct pinless_place *dst,
		    const struct pinless_place *src, size_t len,
		    struct pinless_miss *miss);

bool pinless_atomic(const struct pinless_place *dst, bool cmp_swap,
		    u64 compare_add, u64 swap, u64 *old,
		    struct pinless_miss *miss);

#endif /* PINLESS_ACCESS_H */
