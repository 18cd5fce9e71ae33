/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef PINLESS_MIRROR_H
#define PINLESS_MIRROR_H

#include <linux/mm_types.h>
#include <linux/refcount.h>
#include <linux/rhashtable-types.h>
#include <linux/rwsem.h>
#include <linux/types.h>
#include <linux/xarray.h>

#include "base/fault_flags.h"
#include "base/range.h"
#include "base/stamp.h"
#include "mm/slow.h"

struct pinless_leaf;
struct pinless_account;

/**
 * struct pinless_mirror - the NIC's copy of the page tables of one process
 * @mm:        the address space, held by mmgrab(): that keeps the struct, but
 *             not the memory of a dying process
 * @refs:      one for each region, prefetch and fault; see pinless_mirror_get()
 * @leaves:    struct pinless_leaf by pinless_range_leaf(); read under RCU,
 *             written under its xa_lock
 * @stamp:     renewed when leaves are removed
 * @fault_sem: read: a fault is under way, no leaf is removed; write, only ever
 *             by trylock: leaves are being removed. Not taken by the
 *             invalidation; outside of mmap_lock
 * @slow:      faults that may take any time
 * @prefetch:  prefetches without flush
 * @list_lock: protects @list and @nr
 * @list:      all leaves; shrinker and reaper move what they have looked at to
 *             the end
 * @nr:        length of @list; without the lock a hint
 * @node:      in the list of all mirrors, under mirrors_lock
 * @hash:      in the table of all mirrors, under mirrors_mutex
 */
struct pinless_mirror {
	struct mm_struct *mm;
	refcount_t refs;
	struct xarray leaves;
	struct pinless_stamp stamp;
	struct rw_semaphore fault_sem;
	struct pinless_slow_queue slow;
	struct pinless_slow_queue prefetch;
	spinlock_t list_lock;	/* see above */
	struct list_head list;
	unsigned long nr;
	struct list_head node;
	struct rhash_head hash;
};

struct pinless_mirror *pinless_mirror_get(struct mm_struct *mm);
void pinless_mirror_put(struct pinless_mirror *mirror);

/* The caller has a reference already. Context: any. */
static inline void pinless_mirror_hold(struct pinless_mirror *mirror)
{
	refcount_inc(&mirror->refs);
}

/*
 * A direct-mapped cache of this many leaves: a caller that stays within as much
 * memory as they translate, 16 MiB, does not walk the xarray again.
 */
#define PINLESS_LEAF_HINTS	8

/**
 * struct pinless_leaf_hint - a leaf that was looked up before
 * @stamp: of the mirror at that time
 * @index: pinless_range_leaf() of its addresses
 * @leaf:  the leaf
 */
struct pinless_leaf_hint {
	u64 stamp;
	u64 index;
	struct pinless_leaf *leaf;
};

/**
 * pinless_mirror_leaf() - find the leaf of an address
 * @mirror: held by the caller
 * @addr:   user address
 * @hints:  PINLESS_LEAF_HINTS hints private to the caller, zeroed at first; or
 *          NULL
 *
 * Context: an RCU read-side section; the leaf may be used until its end.
 * Return: the leaf, or NULL if there is none.
 */
static inline struct pinless_leaf *
pinless_mirror_leaf(struct pinless_mirror *mirror, u64 addr,
		    struct pinless_leaf_hint *hints)
{
	u64 index = pinless_range_leaf(addr);
	struct pinless_leaf_hint *hint;
	struct pinless_leaf *leaf;
	u64 stamp;

	if (!hints)
		return xa_load(&mirror->leaves, index);
	hint = &hints[index % PINLESS_LEAF_HINTS];
	stamp = pinless_stamp_read(&mirror->stamp);
	if (likely(hint->stamp == stamp && hint->index == index))
		return hint->leaf;
	leaf = xa_load(&mirror->leaves, index);
	if (leaf)
		*hint = (struct pinless_leaf_hint){ stamp, index, leaf };
	return leaf;
}

/**
 * struct pinless_stream - the access pattern of one user of a mirror
 * @next:   page index (user address >> PAGE_SHIFT) after the last miss
 * @end:    page index after the window of the last miss
 * @last:   last page index of the caller's region, beyond which no window goes
 * @order:  log2 of the pages of the window: 0, 3, 6 or 9
 * @rest:   misses to let pass before a larger window is tried
 * @fails:  log2 of what @rest becomes if a window finds too little
 * @hints:  leaves looked up by copies and faults
 *
 * The caller sets @last before each fault; the rest is zeroed at first.
 */
struct pinless_stream {
	u64 next;
	u64 end;
	u64 last;
	u8 order;
	u8 rest;
	u8 fails;
	struct pinless_leaf_hint hints[PINLESS_LEAF_HINTS];
};

int pinless_mirror_fault(struct pinless_mirror *mirror, u64 addr, u64 len,
			 unsigned int flags, struct pinless_account *account,
			 struct pinless_stream *stream);

void pinless_mirror_count_error(struct pinless_account *account, int err);

int pinless_mirror_init(void);
void pinless_mirror_exit(void);

#endif /* PINLESS_MIRROR_H */
