// SPDX-License-Identifier: GPL-2.0
/* Copyright (c) 2026 The pinless authors */

/*
 * Filling a leaf: steps F1 to F6 of leaf.c.
 *
 * hmm_range_fault() handles every page but is expensive, so a fast path looks
 * in the page tables first (walk.c): most pages asked for are mapped by the CPU
 * already, or need no more than one call of handle_mm_fault(). Both ways end
 * the same: what makes an entry valid is that no invalidation came between F1
 * and F5.
 */
#include <linux/hugetlb_inline.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>
#include <linux/userfaultfd_k.h>

#include "compat.h"
#include "base/charge.h"
#include "obs/debug.h"
#include "obs/timing.h"
#include "obs/trace.h"
#include "mm/fault.h"
#include "mm/leaf.h"
#include "mm/walk.h"

/* The frame numbers of a window of up to this many pages are on the stack. */
#define SMALL_WINDOW	32

static unsigned long page_addr(const struct pinless_fault *f, unsigned int page)
{
	return pinless_leaf_start(f->leaf) + ((unsigned long)page << PAGE_SHIFT);
}

/*
 * Whether faults in a mapping end in bounded time. Anonymous and shared memory
 * may have to be allocated or read from swap, but waits for no file system and
 * no process.
 */
static bool vma_is_quick(struct vm_area_struct *vma)
{
	if (userfaultfd_armed(vma))
		return false;
	if (vma_is_anonymous(vma) || is_vm_hugetlb_page(vma))
		return true;
	return vma->vm_file && shmem_mapping(vma->vm_file->f_mapping);
}

/* The same for a range. A hole counts as quick: the fault fails at once. */
static bool fault_is_quick(struct mm_struct *mm, u64 addr, u64 end)
{
	struct vm_area_struct *vma;

	mmap_assert_locked(mm);
	for (; addr < end; addr = vma->vm_end) {
		vma = vma_lookup(mm, addr);
		if (!vma)
			return true;
		if (!vma_is_quick(vma))
			return false;
	}
	return true;
}

static void count_retry(struct pinless_fault *f)
{
	f->retries++;
	trace_pinless_retry(page_addr(f, f->want_first), f->retries);
}

/* Steps F5 and F6. 0 or -EBUSY. */
static int commit(struct pinless_fault *f, const unsigned long *pfns,
		  unsigned long seq, u64 **table)
{
	struct pinless_leaf *leaf = f->leaf;

	pinless_debug_faulted(leaf->mni.mm);
	write_lock(&leaf->lock);
	if (mmu_interval_read_retry(&leaf->mni, seq) &&
	    !pinless_broken(PINLESS_RULE_RETRY)) {
		write_unlock(&leaf->lock);
		return -EBUSY;
	}
	pinless_leaf_commit(leaf, f, pfns, table);
	write_unlock(&leaf->lock);
	return 0;
}

/*
 * The kernel's page faults are those charged to this task meanwhile, which
 * takes none of its own here.
 */
static void count_cpu_faults(const struct pinless_fault *f,
			     struct pinless_counters *c)
{
	unsigned long minor = current->min_flt - f->minor;
	unsigned long major = current->maj_flt - f->major;

	if (minor)
		pinless_count(c, PINLESS_CNT_FAULTS_MINOR, minor);
	if (major)
		pinless_count(c, PINLESS_CNT_FAULTS_MAJOR, major);
}

static void count_missing(const struct pinless_fault *f,
			  struct pinless_counters *c)
{
	if (f->flags & PINLESS_FAULT_PREFETCH) {
		pinless_count(c, PINLESS_CNT_PREFETCHED, f->missing);
		return;
	}
	pinless_count(c, f->flags & PINLESS_FAULT_TARGET ?
				 PINLESS_CNT_FAULTS_TARGET :
				 PINLESS_CNT_FAULTS_INITIATOR, f->missing);
}

static void account(const struct pinless_fault *f)
{
	struct pinless_counters *c;
	struct pinless_port *port;

	if (!f->account)
		return;
	if (f->missing)
		atomic64_add(f->missing, f->flags & PINLESS_FAULT_PREFETCH ?
						 &f->account->prefetched :
						 &f->account->faults);
	rcu_read_lock();
	port = pinless_account_port(f->account);
	if (port) {
		c = &port->counters;
		pinless_count(c, PINLESS_CNT_FAULT_CALLS, f->calls);
		count_missing(f, c);
		count_cpu_faults(f, c);
		if (f->neighbours)
			pinless_count(c, PINLESS_CNT_NEIGHBOURS,
				      f->neighbours);
		if (f->retries)
			pinless_count(c, PINLESS_CNT_FAULT_RETRIES,
				      f->retries);
	}
	rcu_read_unlock();
}

static void account_times(const struct pinless_fault *f)
{
	struct pinless_times *t = f->times;

	t->pages += f->missing;
	t->neighbours += f->neighbours;
	t->calls += f->calls;
	t->retries += f->retries;
}

/* What HMM must report of a page that was asked for. */
static unsigned long needed(const struct pinless_fault *f)
{
	return HMM_PFN_REQ_FAULT |
	       (f->flags & PINLESS_FAULT_WRITE ? HMM_PFN_REQ_WRITE : 0);
}

/* With @look nothing will be faulted. */
static void fill_request(const struct pinless_fault *f, unsigned long *pfns,
			 bool look)
{
	unsigned long need = look ? 0 : needed(f);
	unsigned int i;

	for (i = f->want_first; i <= f->last; i++)
		pfns[i - f->want_first] = need;
}

/* Whether the pages asked for are there; HMM answers in the request's bits. */
static bool pages_suffice(const struct pinless_fault *f,
			  const unsigned long *pfns)
{
	unsigned long need = needed(f);
	unsigned int i;

	for (i = f->want_first; i <= f->want_last; i++)
		if ((pfns[i - f->want_first] & need) != need)
			return false;
	return true;
}

/* Without the lock: a hint. */
static bool leaf_has_table(const struct pinless_fault *f)
{
	return READ_ONCE(f->leaf->kind) == PINLESS_LEAF_TABLE;
}

/* Allocates entries for a leaf that seems to have none. */
static u64 *table_alloc(struct pinless_fault *f)
{
	struct mem_cgroup *memcg, *old;
	u64 *table;

	memcg = pinless_charge_begin(f->leaf->mni.mm, &old);
	table = pinless_table_alloc();
	pinless_charge_end(memcg, old);
	return table;
}

/*
 * The window, @want_first .. @last, is for looking at what the CPU has mapped
 * already. It only shrinks: to the mapping that it begins in, and to the pages
 * asked for once a look has not sufficed, as those alone are faulted.
 */
static void window_clip(struct pinless_fault *f, unsigned long end)
{
	if (page_addr(f, f->last + 1) > end)
		f->last = f->want_first +
			  ((end - 1 - page_addr(f, f->want_first)) >>
			   PAGE_SHIFT);
}

static void window_close(struct pinless_fault *f)
{
	f->last = f->want_last;
}

/* Whether anything of the window is mapped. */
static bool look(const struct pinless_fault *f, unsigned long *pfns)
{
	return pinless_walk(f->leaf->mni.mm, page_addr(f, f->want_first),
			    f->last - f->want_first + 1, pfns);
}

/*
 * Stores what look() has found. 0, -EAGAIN if that lacks something that was
 * asked for, -EBUSY or -ENOMEM.
 */
static int store(struct pinless_fault *f, unsigned long *pfns,
		 unsigned long seq)
{
	u64 *table = NULL;
	int err;

	if (unlikely(!leaf_has_table(f))) {
		table = table_alloc(f);
		if (!table)
			return -ENOMEM;
	}
	err = commit(f, pfns, seq, &table);
	if (unlikely(table))
		pinless_table_free(table);
	pinless_times_note(f->times, PINLESS_STAGE_COMMIT);
	if (err)
		return err;
	return pages_suffice(f, pfns) ? 0 : -EAGAIN;
}

/*
 * Whether a mapping has the right, pages that HMM accepts, and page tables that
 * mmap_lock keeps. Those of hugetlb are shared between processes, so they
 * change under another process's lock, and have no lowest level to look at.
 */
static bool vma_allows(const struct vm_area_struct *vma, bool write)
{
	unsigned long rights = VM_READ | (write ? VM_WRITE : 0);

	return (vma->vm_flags & (rights | VM_IO | VM_PFNMAP | VM_HUGETLB)) ==
	       rights;
}

/*
 * With mmap_lock, under which another process's memory may be looked at, and a
 * single page faulted if that is quick. @looked: what is mapped has been stored
 * already. Returns whether there is something to store.
 */
static bool look_locked(struct pinless_fault *f, unsigned long *pfns,
			bool looked)
{
	unsigned long addr = page_addr(f, f->want_first);
	bool write = f->flags & PINLESS_FAULT_WRITE;
	struct vm_area_struct *vma;

	vma = vma_lookup(f->leaf->mni.mm, addr);
	if (!vma || !vma_allows(vma, write))
		return false;
	if (!looked) {
		if (page_addr(f, f->want_last + 1) > vma->vm_end)
			return false;
		window_clip(f, vma->vm_end);
		if (look(f, pfns) && pages_suffice(f, pfns))
			return true;
		window_close(f);
	}
	return f->want_first == f->want_last &&
	       f->flags & PINLESS_FAULT_NOWAIT && vma_is_quick(vma) &&
	       !(handle_mm_fault(vma, addr, FAULT_FLAG_REMOTE |
				 (write ? FAULT_FLAG_WRITE : 0), NULL) &
		 VM_FAULT_ERROR) &&
	       look(f, pfns);
}

static int fast_round(struct pinless_fault *f, unsigned long *pfns)
{
	struct mm_struct *mm = f->leaf->mni.mm;
	bool own = current->mm == mm, found;
	unsigned long seq;
	int err;

	f->calls++;
	seq = pinless_debug_read_begin(&f->leaf->mni);
	pinless_times_note(f->times, PINLESS_STAGE_LOCK);
	if (own) {
		found = look(f, pfns);
		pinless_times_note(f->times, PINLESS_STAGE_HMM);
		err = found ? store(f, pfns, seq) : -EAGAIN;
		if (err != -EAGAIN)
			return err;
		window_close(f);
	}
	if (!mmap_read_trylock(mm))
		return -EAGAIN;
	pinless_times_note(f->times, PINLESS_STAGE_LOCK);
	found = look_locked(f, pfns, own);
	mmap_read_unlock(mm);
	pinless_times_note(f->times, PINLESS_STAGE_HMM);
	return found ? store(f, pfns, seq) : -EAGAIN;
}

/*
 * The fast path. Any error means: take the slow path, which also finds out what
 * is wrong. A fault that breaks COW invalidates the old page and so collides
 * with itself; the second round finds what the first has brought about.
 */
static int fast_path(struct pinless_fault *f, unsigned long *pfns)
{
	int err, rounds;

	if (f->flags & PINLESS_FAULT_SNAPSHOT)
		return -EAGAIN;
	for (rounds = 2; rounds; rounds--) {
		err = fast_round(f, pfns);
		if (err != -EBUSY)
			return err;
		count_retry(f);
	}
	return err;
}

/*
 * Steps F1 to F4 for a caller that must not wait without bound. Where a fault
 * might, only what the CPU has mapped already is taken.
 */
static int hmm_fault_nowait(const struct pinless_fault *f,
			    struct hmm_range *range, bool look)
{
	struct mm_struct *mm = range->notifier->mm;
	bool quick;
	int err;

	range->notifier_seq = pinless_debug_read_begin(range->notifier);
	if (!mmap_read_trylock(mm))
		return -EAGAIN;
	pinless_times_note(f->times, PINLESS_STAGE_LOCK);
	quick = look || fault_is_quick(mm, range->start, range->end);
	if (!quick)
		fill_request(f, range->hmm_pfns, true);
	err = hmm_range_fault(range);
	mmap_read_unlock(mm);
	if (!err && !quick && !pages_suffice(f, range->hmm_pfns))
		return -EAGAIN;
	return err;
}

enum found {
	FOUND_NOTHING,		/* nothing to store */
	FOUND_PAGES,		/* something to store */
	FOUND_UNUSABLE,		/* a page that was asked for must not be used */
};

/*
 * Takes neighbours out that must not be used. What is looked at here may be out
 * of date, but then it is not stored.
 */
static enum found check_pages(const struct pinless_fault *f,
			      unsigned long *pfns)
{
	enum found found = FOUND_NOTHING;
	unsigned int i;

	for (i = f->want_first; i <= f->last; i++) {
		unsigned long *pfn = &pfns[i - f->want_first];

		if (!(*pfn & HMM_PFN_VALID))
			continue;
		if (hmm_pfn_to_map_order(*pfn) ||
		    pinless_page_usable(hmm_pfn_to_page(*pfn))) {
			found = FOUND_PAGES;
			continue;
		}
		if (i <= f->want_last)
			return FOUND_UNUSABLE;
		*pfn = 0;
	}
	return found;
}

/*
 * One round of steps F1 to F6. With @look nothing is faulted. -EBUSY if an
 * invalidation collided.
 */
static int try_fault(struct pinless_fault *f, unsigned long *pfns, bool look,
		     unsigned long timeout)
{
	struct hmm_range range = {
		.notifier = &f->leaf->mni,
		.start = page_addr(f, f->want_first),
		.end = page_addr(f, f->last + 1),
		.hmm_pfns = pfns,
		.pfn_flags_mask = HMM_PFN_REQ_FAULT | HMM_PFN_REQ_WRITE,
	};
	u64 *table = NULL;
	int err;

	fill_request(f, pfns, look);
	f->calls++;
	if (f->flags & PINLESS_FAULT_NOWAIT)
		err = hmm_fault_nowait(f, &range, look);
	else
		err = pinless_hmm_fault(&range, timeout);
	pinless_times_note(f->times, PINLESS_STAGE_HMM);
	if (err)
		return err;
	switch (check_pages(f, pfns)) {
	case FOUND_NOTHING:
		return 0;
	case FOUND_UNUSABLE:
		return -EFAULT;
	case FOUND_PAGES:
		break;
	}

	/*
	 * Without the lock this is a guess. A wrong one allocates a table in
	 * vain, or commit() stores nothing and the access faults again.
	 */
	if (!leaf_has_table(f) &&
	    hmm_pfn_to_map_order(pfns[0]) < PINLESS_LEAF_SHIFT - PAGE_SHIFT) {
		table = table_alloc(f);
		if (!table)
			return -ENOMEM;
	}
	err = commit(f, pfns, range.notifier_seq, &table);
	pinless_table_free(table);
	pinless_times_note(f->times, PINLESS_STAGE_COMMIT);
	return err;
}

/* After this many collisions a fault is left to a worker, which may wait. */
#define NOWAIT_RETRIES	3

/* Retries are bounded by time (M4), and without waiting by number. */
static int fault_wanted(struct pinless_fault *f, unsigned long *pfns)
{
	unsigned long timeout = msecs_to_jiffies(HMM_RANGE_DEFAULT_TIMEOUT);
	unsigned long deadline = jiffies + timeout;
	bool look = f->flags & PINLESS_FAULT_SNAPSHOT;
	int err;

	for (;;) {
		err = try_fault(f, pfns, look, timeout);
		if (err != -EBUSY)
			return err;
		count_retry(f);
		if (f->flags & PINLESS_FAULT_NOWAIT &&
		    f->retries >= NOWAIT_RETRIES)
			return -EAGAIN;
		if (time_after(jiffies, deadline))
			return err;
	}
}

/*
 * The slow path. If HMM has to fault one page, it faults all that follow it in
 * the range, so the range must not contain neighbours then. The window is
 * looked at without faults first; what that leaves missing is faulted alone.
 */
static int slow_path(struct pinless_fault *f, unsigned long *pfns)
{
	int err;

	if (f->last > f->want_last) {
		err = try_fault(f, pfns, true,
				msecs_to_jiffies(HMM_RANGE_DEFAULT_TIMEOUT));
		if (!err && pages_suffice(f, pfns))
			return 0;
		window_close(f);
	}
	return fault_wanted(f, pfns);
}

/**
 * pinless_leaf_fault() - bring pages of one leaf into the translation
 * @f: the fault; its leaf stays in the mirror meanwhile, and the caller has the
 *     address space by mmget()
 *
 * Context: process context, may sleep as pinless_mirror_fault() says.
 * Return: as pinless_mirror_fault().
 */
int pinless_leaf_fault(struct pinless_fault *f)
{
	unsigned int pages = f->last - f->want_first + 1;
	/* Written before it is read, so clearing it would be wasted stores. */
	unsigned long small[SMALL_WINDOW] __uninitialized;
	unsigned long *pfns = small;
	int err;

	f->ahead = f->last - f->want_last;
	f->minor = current->min_flt;
	f->major = current->maj_flt;
	if (pages > SMALL_WINDOW) {
		pfns = kmalloc_array(pages, sizeof(*pfns), GFP_KERNEL);
		if (!pfns)
			return -ENOMEM;
	}
	err = fast_path(f, pfns);
	if (err)
		err = slow_path(f, pfns);
	if (pfns != small)
		kfree(pfns);
	account(f);
	if (unlikely(f->times))
		account_times(f);
	return err;
}
