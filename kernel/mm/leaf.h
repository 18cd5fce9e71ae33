/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef PINLESS_LEAF_H
#define PINLESS_LEAF_H

#include <linux/list.h>
#include <linux/mm.h>
#include <linux/mmu_notifier.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>

#include "base/fault_flags.h"
#include "base/range.h"
#include "mm/account.h"

struct pinless_times;

/*
 * A leaf translates 2 MiB of user addresses, aligned. leaf.c knows what a
 * translation is and how an invalidation takes it away, mirror.c where the
 * leaves are, fault.c how they are filled; access.c uses them.
 */

/*
 * An entry: present (readable), writable, page known to be dirty, taken along
 * rather than asked for; then the number of the account, then the page frame
 * number. Its 40 bits reach 2^52 bytes of memory, as far as the architectures
 * that have HMM do.
 */
#define PINLESS_ENTRY_READ	BIT_ULL(0)
#define PINLESS_ENTRY_WRITE	BIT_ULL(1)
#define PINLESS_ENTRY_DIRTY	BIT_ULL(2)
#define PINLESS_ENTRY_DIRTY_NR	2
#define PINLESS_ENTRY_BESIDE	BIT_ULL(3)
#define PINLESS_ENTRY_ACCOUNT	4
#define PINLESS_ENTRY_PFN	(PINLESS_ENTRY_ACCOUNT + PINLESS_ACCOUNT_BITS)

/*
 * A flag in the HMM pfns that pinless_leaf_commit() is handed, above the
 * highest frame number and below HMM's own flags: the CPU's page table entry is
 * writable and dirty.
 */
#define PINLESS_PFN_DIRTY	BIT_ULL(48)

static inline u64 pinless_entry_make(unsigned long pfn, bool write, u32 account)
{
	return ((u64)pfn << PINLESS_ENTRY_PFN) |
	       ((u64)account << PINLESS_ENTRY_ACCOUNT) |
	       (write ? PINLESS_ENTRY_WRITE : 0) | PINLESS_ENTRY_READ;
}

static inline unsigned long pinless_entry_pfn(u64 entry)
{
	return entry >> PINLESS_ENTRY_PFN;
}

static inline u32 pinless_entry_account(u64 entry)
{
	return (entry >> PINLESS_ENTRY_ACCOUNT) &
	       ((1u << PINLESS_ACCOUNT_BITS) - 1);
}

/* What a leaf holds. */
enum pinless_leaf_kind {
	PINLESS_LEAF_EMPTY,	/* nothing */
	PINLESS_LEAF_TABLE,	/* an entry for each page */
	PINLESS_LEAF_HUGE,	/* one entry: adjacent pages, equal rights */
	PINLESS_LEAF_DEAD,	/* out of the mirror; never filled again */
};

/**
 * struct pinless_leaf - translation of 2 MiB
 * @mni:    reports changes to exactly these addresses; its interval tree node
 *          holds the first address, its @mm the address space
 * @lock:   protects @kind, @table and @huge; but readers, which look entries up
 *          and copy through them, may set PINLESS_ENTRY_DIRTY. Spins, and is
 *          taken by the invalidation
 * @table:  PINLESS_LEAF_PAGES entries, one page (PINLESS_LEAF_TABLE)
 * @huge:   the entry of the first page (PINLESS_LEAF_HUGE)
 * @kind:   enum pinless_leaf_kind; without the lock a hint
 * @used:   used since the shrinker last looked; a hint, written without the
 *          lock
 * @node:   in the list of the mirror, under its list_lock
 * @rcu:    to free it, once it is in no list
 */
struct pinless_leaf {
	struct mmu_interval_notifier mni;
	rwlock_t lock;
	union {
		u64 *table;
		u64 huge;
	};
	u8 kind;
	u8 used;
	union {
		struct list_head node;
		struct rcu_head rcu;
	};
};

/* First address that a leaf translates. */
static inline u64 pinless_leaf_start(const struct pinless_leaf *leaf)
{
	return leaf->mni.interval_tree.start;
}

/*
 * The entry of a page, or 0. The lock is held; another reader may set
 * PINLESS_ENTRY_DIRTY meanwhile.
 */
static inline u64 pinless_leaf_entry(const struct pinless_leaf *leaf,
				     unsigned int index)
{
	if (leaf->kind == PINLESS_LEAF_TABLE)
		return READ_ONCE(leaf->table[index]);
	if (leaf->kind == PINLESS_LEAF_HUGE)
		return READ_ONCE(leaf->huge) + ((u64)index << PINLESS_ENTRY_PFN);
	return 0;
}

/**
 * struct pinless_fault - a fault in one leaf (fault.c)
 * @leaf:       the leaf; page numbers are relative to it
 * @want_first: first page asked for
 * @want_last:  last page asked for
 * @last:       the window: pages after @want_last, up to this one, are looked
 *              at, but not faulted; fault.c only lowers it
 * @flags:      enum pinless_fault_flags
 * @account:    charged with the pages, held; or NULL
 * @ahead:      out: neighbours looked at
 * @neighbours: out: neighbours that were mapped, and were stored
 * @missing:    out: pages asked for that were missing and have been stored
 * @calls:      out: times that the kernel was asked
 * @retries:    out: times that an invalidation collided
 * @times:      where its time goes; NULL if it is not measured
 * @minor:      current->min_flt at the beginning
 * @major:      current->maj_flt at the beginning
 */
struct pinless_fault {
	struct pinless_leaf *leaf;
	unsigned int want_first;
	unsigned int want_last;
	unsigned int last;
	unsigned int flags;
	struct pinless_account *account;
	unsigned int ahead;
	unsigned int neighbours;
	unsigned int missing;
	unsigned int calls;
	unsigned int retries;
	struct pinless_times *times;
	unsigned long minor;
	unsigned long major;
};

u64 *pinless_table_alloc(void);
void pinless_table_free(u64 *table);
unsigned long pinless_table_count(void);
unsigned long pinless_leaf_pages(void);
u64 pinless_leaf_bytes(void);

struct pinless_leaf *pinless_leaf_create(struct mm_struct *mm, u64 start);
void pinless_leaf_kill(struct pinless_leaf *leaf);
void pinless_leaf_destroy(struct pinless_leaf *leaf);

void pinless_leaf_dirty(struct pinless_leaf *leaf, unsigned int index);
void pinless_leaf_commit(struct pinless_leaf *leaf, struct pinless_fault *f,
			 const unsigned long *pfns, u64 **table);
unsigned int pinless_leaf_shrink(struct pinless_leaf *leaf);

int pinless_leaf_init(void);
void pinless_leaf_exit(void);

#endif /* PINLESS_LEAF_H */
