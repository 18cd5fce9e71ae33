// SPDX-License-Identifier: GPL-2.0
/* Copyright (c) 2026 The pinless authors */

/*
 * The translation of 2 MiB of user addresses, and its invalidation.
 *
 * The collision-retry scheme of mm/mmu_notifier.c, as this driver uses it. The
 * steps on the left are in fault.c (F1..F6) and access.c (A1..A3), those on the
 * right are in this file.
 *
 *  fault                                   invalidation (any context that may
 *                                          not sleep included)
 *  F1 seq = mmu_interval_read_begin()
 *     waits at least while one of this leaf
 *     runs
 *  F2 mmap_read_lock()
 *  F3 hmm_range_fault()
 *  F4 mmap_read_unlock()
 *                                          I1 write_lock(leaf)
 *                                             waits for the copies under way
 *                                          I2 mmu_interval_set_seq()
 *                                          I3 clear the entries in range
 *                                          I4 write_unlock(leaf)
 *  F5 write_lock(leaf)                     I5 return true
 *     mmu_interval_read_retry(seq)?
 *     yes: write_unlock(leaf), go to F1
 *  F6 store the entries
 *     write_unlock(leaf)
 *
 *  access
 *  A1 read_lock(leaf)
 *  A2 look up the entry, mark the page dirty if it is written for the first
 *     time, copy
 *  A3 read_unlock(leaf)
 *
 * [Required: after I5 the range is not accessed until F6 of a fault whose F1
 * came after I5.] An access holds the lock from the look-up of the entry to the
 * end of the copy, so either it is over before I1, or it finds the entry gone.
 * An entry that F6 stores came from an F3 that no invalidation of the leaf has
 * overlapped: I2 is done under the lock, always, even if there is nothing to
 * clear, so either F5 sees it, or F6 came before I1 and I3 clears what it has
 * stored.
 *
 * Why entries need no page reference: an entry exists only while the CPU maps
 * the page, and the kernel calls the invalidation before it unmaps the page.
 *
 * Why pages are marked dirty at A2, and not on invalidation: all that cleans a
 * page (write-back, reclaim, MADV_FREE) invalidates its translations first, so
 * the mark is not cleared between the first write through an entry and the end
 * of that entry. The CPU's dirty bit is transferred to the folio by the same
 * rule. Done at A2, an invalidation costs the same whether the device has
 * written or not. The lock, held for reading, keeps the page mapped, as
 * folio_mark_dirty() demands. If the CPU's own entry is dirty already, that
 * suffices, for the same reason: it is not cleaned before our entry ends.
 */
#include <linux/hmm.h>
#include <linux/ktime.h>
#include <linux/pagemap.h>
#include <linux/slab.h>

#include "base/alloc.h"
#include "obs/debug.h"
#include "obs/hist.h"
#include "obs/trace.h"
#include "mm/leaf.h"
#include "mm/observe.h"

static struct kmem_cache *leaf_cache;
static atomic_long_t tables;
static atomic_long_t leaves;

/**
 * pinless_table_alloc() - allocate the entries of a leaf
 *
 * Charged to the active memory cgroup.
 *
 * Context: may sleep; takes no lock that an invalidation takes.
 * Return: PINLESS_LEAF_PAGES entries of 0, or NULL.
 */
u64 *pinless_table_alloc(void)
{
	u64 *table;

	BUILD_BUG_ON(PINLESS_LEAF_PAGES * sizeof(u64) != PAGE_SIZE);
	table = (u64 *)get_zeroed_page(PINLESS_GFP_USER);
	if (table)
		atomic_long_inc(&tables);
	return table;
}

/**
 * pinless_table_free() - free the entries of a leaf
 * @table: from pinless_table_alloc(), or NULL
 *
 * Context: any.
 */
void pinless_table_free(u64 *table)
{
	if (!table)
		return;
	atomic_long_dec(&tables);
	free_page((unsigned long)table);
}

/**
 * pinless_table_count() - the memory of all tables of the module
 *
 * Context: any.
 * Return: pages; a snapshot.
 */
unsigned long pinless_table_count(void)
{
	return atomic_long_read(&tables);
}

/**
 * pinless_leaf_pages() - the memory of all leaves of the module, without tables
 *
 * Context: any.
 * Return: pages; a snapshot.
 */
unsigned long pinless_leaf_pages(void)
{
	return atomic_long_read(&leaves) * sizeof(struct pinless_leaf) /
	       PAGE_SIZE;
}

/**
 * pinless_leaf_bytes() - the memory of all leaves of the module, with tables
 *
 * Context: any.
 * Return: bytes; a snapshot.
 */
u64 pinless_leaf_bytes(void)
{
	return (u64)atomic_long_read(&tables) * PAGE_SIZE +
	       (u64)atomic_long_read(&leaves) * sizeof(struct pinless_leaf);
}

static enum pinless_counter event_counter(enum mmu_notifier_event event)
{
	switch (event) {
	case MMU_NOTIFY_UNMAP:
		return PINLESS_CNT_INVAL_UNMAP;
	case MMU_NOTIFY_CLEAR:
		return PINLESS_CNT_INVAL_CLEAR;
	case MMU_NOTIFY_PROTECTION_VMA:
		return PINLESS_CNT_INVAL_PROTECT_VMA;
	case MMU_NOTIFY_PROTECTION_PAGE:
		return PINLESS_CNT_INVAL_PROTECT_PAGE;
	case MMU_NOTIFY_SOFT_DIRTY:
		return PINLESS_CNT_INVAL_SOFT_DIRTY;
	case MMU_NOTIFY_RELEASE:
		return PINLESS_CNT_INVAL_RELEASE;
	case MMU_NOTIFY_MIGRATE:
		return PINLESS_CNT_INVAL_MIGRATE;
	case MMU_NOTIFY_EXCLUSIVE:
		return PINLESS_CNT_INVAL_EXCLUSIVE;
	default:
		return PINLESS_CNT_INVAL_OTHER;
	}
}

/*
 * Entries of one account tend to lie together, so the account is looked up once
 * for each run of them. The port counts all of them; the region is charged only
 * with what was asked for on its account, so that its page_invalidations pair
 * up with its faults and prefetches. A huge entry counts as all its pages. The
 * call is counted once for each device, unless entries of two are mixed. @all
 * counts the pages of all accounts, of which @account is the last.
 */
struct tally {
	u32 account;
	unsigned int n;
	unsigned int asked;
	enum pinless_counter counter;
	enum pinless_counter calls;
	bool dropped;
	const struct pinless_port *told;
	unsigned int all;
};

/* Never sleeps. */
static void tally_flush(struct tally *t)
{
	struct pinless_port *port = NULL;
	struct pinless_account *account;

	if (!t->n)
		return;
	rcu_read_lock();
	account = pinless_account_find(t->account);
	if (account) {
		port = pinless_account_port(account);
		if (t->dropped)
			atomic64_add(t->asked, &account->invalidations);
	}
	/* If the region is gone there is nothing left to charge. */
	if (port) {
		pinless_count(&port->counters, t->counter, t->n);
		if (t->told != port)
			pinless_count(&port->counters, t->calls, 1);
		t->told = port;
	}
	rcu_read_unlock();
	t->all += t->n;
	t->n = 0;
	t->asked = 0;
}

static void tally_add(struct tally *t, u64 entry, unsigned int n)
{
	u32 account = pinless_entry_account(entry);

	if (account != t->account) {
		tally_flush(t);
		t->account = account;
	}
	t->n += n;
	if (!(entry & PINLESS_ENTRY_BESIDE))
		t->asked += n;
}

static void drop_table(struct pinless_leaf *leaf, unsigned int first,
		       unsigned int last, struct tally *t)
{
	u64 *e = &leaf->table[first], *end = &leaf->table[last];

	for (; e <= end; e++) {
		if (!*e)
			continue;
		tally_add(t, *e, 1);
		*e = 0;
	}
}

static void protect_table(struct pinless_leaf *leaf, unsigned int first,
			  unsigned int last, struct tally *t)
{
	u64 *e = &leaf->table[first], *end = &leaf->table[last];

	for (; e <= end; e++) {
		if (!(*e & PINLESS_ENTRY_WRITE))
			continue;
		tally_add(t, *e, 1);
		*e &= ~(PINLESS_ENTRY_WRITE | PINLESS_ENTRY_DIRTY);
	}
}

/*
 * Steps I1 to I5. Nothing here sleeps, allocates or fails: the OOM reaper's
 * non-blockable invalidation is served like any other, so M5 and M6 are no
 * special cases. Accounts are looked up under the lock, because the entries are
 * read there; the look-up takes no lock.
 */
static bool leaf_invalidate(struct mmu_interval_notifier *mni,
			    const struct mmu_notifier_range *range,
			    unsigned long cur_seq)
{
	struct pinless_leaf *leaf =
		container_of(mni, struct pinless_leaf, mni);
	u64 start = max_t(u64, range->start, mni->interval_tree.start);
	u64 last = min_t(u64, range->end - 1, mni->interval_tree.last);
	unsigned int i = pinless_range_slot(start);
	unsigned int j = pinless_range_slot(last);
	struct tally t = {
		.counter = event_counter(range->event),
		.calls = PINLESS_CNT_DROP_CALLS,
		.dropped = range->event != MMU_NOTIFY_PROTECTION_PAGE,
	};
	u64 *table = NULL, begin = 0;

	if (pinless_debug_refuse(range))
		return false;
	if (trace_pinless_invalidate_enabled() || pinless_hist_wanted())
		begin = ktime_get_ns();
	write_lock(&leaf->lock);
	mmu_interval_set_seq(mni, cur_seq);
	switch (pinless_broken(PINLESS_RULE_DROP) ? PINLESS_LEAF_EMPTY :
						    leaf->kind) {
	case PINLESS_LEAF_TABLE:
		if (!t.dropped) {
			protect_table(leaf, i, j, &t);
			break;
		}
		drop_table(leaf, i, j, &t);
		if (i == 0 && j == PINLESS_LEAF_PAGES - 1) {
			table = leaf->table;
			WRITE_ONCE(leaf->kind, PINLESS_LEAF_EMPTY);
		}
		break;
	case PINLESS_LEAF_HUGE:
		if (t.dropped) {
			tally_add(&t, leaf->huge, PINLESS_LEAF_PAGES);
			WRITE_ONCE(leaf->kind, PINLESS_LEAF_EMPTY);
		} else if (leaf->huge & PINLESS_ENTRY_WRITE) {
			tally_add(&t, leaf->huge, PINLESS_LEAF_PAGES);
			leaf->huge &= ~(PINLESS_ENTRY_WRITE |
					PINLESS_ENTRY_DIRTY);
		}
		break;
	default:
		break;
	}
	write_unlock(&leaf->lock);

	tally_flush(&t);
	pinless_table_free(table);
	if (unlikely(begin))
		pinless_observe_invalidation(range, start, last + 1, t.account,
					     t.all, ktime_get_ns() - begin);
	pinless_debug_invalidated(range);
	return true;
}

static const struct mmu_interval_notifier_ops leaf_ops = {
	.invalidate = leaf_invalidate,
};

/**
 * pinless_leaf_create() - allocate an empty leaf and watch its addresses
 * @mm:    the address space; the caller has a reference by mmget()
 * @start: first address, a multiple of PINLESS_LEAF_BYTES
 *
 * Context: may sleep; neither mmap_lock nor a leaf's lock is held.
 * Return: the leaf, or ERR_PTR().
 */
struct pinless_leaf *pinless_leaf_create(struct mm_struct *mm, u64 start)
{
	struct pinless_leaf *leaf;
	int err;

	leaf = kmem_cache_zalloc(leaf_cache, PINLESS_GFP_USER);
	if (!leaf)
		return ERR_PTR(-ENOMEM);
	rwlock_init(&leaf->lock);
	INIT_LIST_HEAD(&leaf->node);
	err = mmu_interval_notifier_insert(&leaf->mni, mm, start,
					   PINLESS_LEAF_BYTES, &leaf_ops);
	if (err) {
		kmem_cache_free(leaf_cache, leaf);
		return ERR_PTR(err);
	}
	atomic_long_inc(&leaves);
	return leaf;
}

/**
 * pinless_leaf_kill() - empty a leaf for good
 * @leaf: still in the mirror
 *
 * A look-up that still finds it finds it empty. No fault is under way in it.
 *
 * Context: any.
 */
void pinless_leaf_kill(struct pinless_leaf *leaf)
{
	u64 *table = NULL;

	write_lock(&leaf->lock);
	if (leaf->kind == PINLESS_LEAF_TABLE)
		table = leaf->table;
	WRITE_ONCE(leaf->kind, PINLESS_LEAF_DEAD);
	write_unlock(&leaf->lock);
	pinless_table_free(table);
}

static void leaf_free_rcu(struct rcu_head *rcu)
{
	kmem_cache_free(leaf_cache,
			container_of(rcu, struct pinless_leaf, rcu));
}

/**
 * pinless_leaf_destroy() - free a leaf that has been killed and is in no list
 * @leaf: the leaf; readers under RCU may still hold its address
 *
 * Context: sleeps until running invalidations have ended; the caller holds no
 * lock that an invalidation takes, or waits for.
 */
void pinless_leaf_destroy(struct pinless_leaf *leaf)
{
	mmu_interval_notifier_remove(&leaf->mni);
	atomic_long_dec(&leaves);
	call_rcu(&leaf->rcu, leaf_free_rcu);
}

/**
 * pinless_leaf_dirty() - mark a page dirty that is about to be written
 * @leaf:  its lock is held for reading, and the entry is writable
 * @index: page in the leaf
 *
 * Context: any.
 */
void pinless_leaf_dirty(struct pinless_leaf *leaf, unsigned int index)
{
	u64 *entry = leaf->kind == PINLESS_LEAF_HUGE ? &leaf->huge :
						       &leaf->table[index];
	u64 seen = READ_ONCE(*entry);
	struct page *page;

	lockdep_assert_held_read(&leaf->lock);
	if (seen & PINLESS_ENTRY_DIRTY)
		return;
	/*
	 * Several readers may get here at once; each marks the page before it
	 * writes to it, no matter which of them sets the bit first.
	 */
	page = pfn_to_page(pinless_entry_pfn(seen));
	if (!pinless_broken(PINLESS_RULE_DIRTY))
		folio_mark_dirty(page_folio(page));
	set_bit(PINLESS_ENTRY_DIRTY_NR, (unsigned long *)entry);
}

static bool entry_suffices(u64 entry, bool write)
{
	return entry & (write ? PINLESS_ENTRY_WRITE : PINLESS_ENTRY_READ);
}

/* The number of the account that is charged with what a fault stores. */
static u32 account_id(const struct pinless_fault *f)
{
	return f->account ? f->account->id : PINLESS_ACCOUNT_NONE;
}

/*
 * A CPU mapping of at least the size of the leaf is aligned to it and has the
 * same rights throughout, so one entry suffices. @pfn is that of the first page
 * asked for.
 */
static void commit_huge(struct pinless_leaf *leaf, struct pinless_fault *f,
			unsigned long pfn, u64 **table)
{
	u64 entry = pinless_entry_make((pfn & ~HMM_PFN_FLAGS) - f->want_first,
				       pfn & HMM_PFN_WRITE, account_id(f));
	bool write = f->flags & PINLESS_FAULT_WRITE;
	unsigned int i;

	if (entry_suffices(entry, write))
		for (i = f->want_first; i <= f->want_last; i++)
			if (!entry_suffices(pinless_leaf_entry(leaf, i), write))
				f->missing++;
	if (leaf->kind == PINLESS_LEAF_HUGE &&
	    (leaf->huge & PINLESS_ENTRY_WRITE) == (entry & PINLESS_ENTRY_WRITE))
		return;
	if (leaf->kind == PINLESS_LEAF_TABLE) {
		/*
		 * The spare is not needed: free it, and return the old table
		 * for the caller to free after unlocking.
		 */
		pinless_table_free(*table);
		*table = leaf->table;
	}
	WRITE_ONCE(leaf->kind, PINLESS_LEAF_HUGE);
	leaf->huge = entry;
}

/**
 * pinless_leaf_commit() - store what a fault has found (step F6)
 * @leaf:  its lock is held for writing, and the fault need not be retried
 * @f:     the fault; its @missing and @neighbours grow by the pages stored
 * @pfns:  HMM pfns of its pages @want_first .. @last, perhaps with
 *         PINLESS_PFN_DIRTY
 * @table: in: a table to use if one is needed, or NULL; out: one to free after
 *         unlocking, or NULL
 */
void pinless_leaf_commit(struct pinless_leaf *leaf, struct pinless_fault *f,
			 const unsigned long *pfns, u64 **table)
{
	unsigned int want_last = f->want_last, last = f->last;
	unsigned int missing = 0, beside = 0, i;
	bool write = f->flags & PINLESS_FAULT_WRITE;
	u32 account = account_id(f);
	u64 entry, *slot;

	lockdep_assert_held_write(&leaf->lock);
	if (leaf->kind == PINLESS_LEAF_DEAD)
		return;
	if ((*pfns & HMM_PFN_VALID) &&
	    hmm_pfn_to_map_order(*pfns) >= PINLESS_LEAF_SHIFT - PAGE_SHIFT) {
		commit_huge(leaf, f, *pfns, table);
		return;
	}
	if (leaf->kind != PINLESS_LEAF_TABLE) {
		if (!*table)
			return;
		leaf->table = *table;
		WRITE_ONCE(leaf->kind, PINLESS_LEAF_TABLE);
		*table = NULL;
	}
	for (i = f->want_first; i <= last; i++, pfns++) {
		unsigned long pfn =
			*pfns & ~(HMM_PFN_FLAGS | PINLESS_PFN_DIRTY);

		if (!(*pfns & HMM_PFN_VALID) || (*pfns & HMM_PFN_ERROR))
			continue;
		slot = &leaf->table[i];
		entry = pinless_entry_make(pfn, *pfns & HMM_PFN_WRITE, account);
		if (*pfns & PINLESS_PFN_DIRTY)
			entry |= PINLESS_ENTRY_DIRTY;
		if (i > want_last) {
			if (!*slot) {
				*slot = entry | PINLESS_ENTRY_BESIDE;
				beside++;
			}
			continue;
		}
		missing += !entry_suffices(*slot, write) &&
			   entry_suffices(entry, write);
		/*
		 * No invalidation came between, so an entry that is there is of
		 * the same page. It stays with its account, unless this fault
		 * needed more rights than it has.
		 */
		if (!entry_suffices(*slot, entry & PINLESS_ENTRY_WRITE))
			*slot = entry;
	}
	f->missing += missing;
	f->neighbours += beside;
}

/**
 * pinless_leaf_shrink() - free the table of a leaf, unless it is in use
 * @leaf: any leaf
 *
 * Called by the shrinker, so it waits for nothing. A translation may be
 * forgotten at any time: the next access faults.
 *
 * Context: any; no leaf's lock is held.
 * Return: pages freed, 0 or 1.
 */
unsigned int pinless_leaf_shrink(struct pinless_leaf *leaf)
{
	struct tally t = {
		.counter = PINLESS_CNT_SHRUNK,
		.calls = PINLESS_CNT_SHRINKS,
	};
	u64 *table = NULL;

	if (!write_trylock(&leaf->lock))
		return 0;
	if (leaf->kind == PINLESS_LEAF_TABLE) {
		drop_table(leaf, 0, PINLESS_LEAF_PAGES - 1, &t);
		table = leaf->table;
		WRITE_ONCE(leaf->kind, PINLESS_LEAF_EMPTY);
	}
	write_unlock(&leaf->lock);
	tally_flush(&t);
	pinless_table_free(table);
	return table ? 1 : 0;
}

/**
 * pinless_leaf_init() - create the slab cache of leaves
 *
 * Return: 0 or -ENOMEM.
 */
int pinless_leaf_init(void)
{
	leaf_cache = KMEM_CACHE(pinless_leaf, SLAB_ACCOUNT);
	return leaf_cache ? 0 : -ENOMEM;
}

/**
 * pinless_leaf_exit() - wait for the last leaf to be freed
 *
 * Context: process context, may sleep; at the end of the module, when all
 * leaves are destroyed.
 */
void pinless_leaf_exit(void)
{
	rcu_barrier();
	kmem_cache_destroy(leaf_cache);
}
