// SPDX-License-Identifier: GPL-2.0
/* Copyright (c) 2026 The pinless authors */

/*
 * Filling a leaf: steps F1 to F6 of leaf.c.
 *
 * HMM tells the most of a page, but walks for every question. A page that the
 * device writes is in most cases a page of the process that rings, mapped
 * writable, and for that there is a shorter way: if get_user_pages() for
 * writing returns a page, the CPU's page table has it mapped writable. The
 * reference on it is dropped at once: as with HMM, what makes the entry valid
 * is that no invalidation came between F1 and F5.
 */
#include <linux/hugetlb_inline.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/userfaultfd_k.h>

#include "charge.h"
#include "compat.h"
#include "fault.h"
#include "leaf.h"
#include "mirror.h"

/* A window of this many pages or less needs no memory for the frame numbers. */
#define SMALL_WINDOW	32

static unsigned long page_addr(const struct pinless_fault *f, unsigned int page)
{
	return pinless_leaf_start(f->leaf) + ((unsigned long)page << PAGE_SHIFT);
}

/*
 * Whether faults in a mapping are over in bounded time: memory without a file,
 * and shared memory, may need pages to be allocated, or read from swap, but no
 * file system and no process has to be waited for.
 */
static bool vma_is_quick(struct vm_area_struct *vma)
{
	if (userfaultfd_armed(vma))
		return false;
	if (vma_is_anonymous(vma) || is_vm_hugetlb_page(vma))
		return true;
	return vma->vm_file && shmem_mapping(vma->vm_file->f_mapping);
}

/* The same for a range. What fails, fails at once. */
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

/* Steps F5 and F6. @first is the first page of @pfns. 0 or -EBUSY. */
static int commit(struct pinless_fault *f, const unsigned long *pfns,
		  unsigned int first, unsigned int last, unsigned long seq,
		  u64 **table)
{
	struct pinless_leaf *leaf = f->leaf;
	unsigned int missing, neighbours;

	write_lock(&leaf->lock);
	if (mmu_interval_read_retry(&leaf->mni, seq)) {
		write_unlock(&leaf->lock);
		return -EBUSY;
	}
	missing = pinless_leaf_commit(leaf, first, last, pfns,
				      f->want_first, f->want_last,
				      f->flags & PINLESS_FAULT_WRITE,
				      f->owner ? f->owner->id :
						 PINLESS_OWNER_NONE,
				      table, &neighbours);
	write_unlock(&leaf->lock);
	f->missing += missing;
	f->neighbours += neighbours;
	return 0;
}

static void account(const struct pinless_fault *f)
{
	bool prefetch = f->flags & PINLESS_FAULT_PREFETCH;
	struct pinless_counters *port;

	if (!f->owner)
		return;
	if (f->missing)
		atomic64_add(f->missing, prefetch ? &f->owner->prefetched :
						    &f->owner->faults);
	rcu_read_lock();
	port = pinless_owner_port(f->owner);
	if (port) {
		pinless_count(port, PINLESS_CNT_FAULT_CALLS, f->calls);
		pinless_count(port, prefetch ? PINLESS_CNT_PREFETCHED :
					       PINLESS_CNT_FAULTS, f->missing);
		if (f->neighbours)
			pinless_count(port, PINLESS_CNT_NEIGHBOURS,
				      f->neighbours);
		if (f->retries)
			pinless_count(port, PINLESS_CNT_FAULT_RETRIES,
				      f->retries);
	}
	rcu_read_unlock();
}

/* The short way works if no table is needed, and no huge entry is possible. */
static bool leaf_has_table(const struct pinless_fault *f)
{
	return READ_ONCE(f->leaf->kind) == PINLESS_LEAF_TABLE;
}

/*
 * Takes the pages of the window that are mapped writable, if all that was asked
 * for are, without any lock of the address space, which is the caller's own.
 * 0, or an error: go the long way.
 */
static int take_own(struct pinless_fault *f, unsigned long *pfns)
{
	unsigned int want = f->want_last - f->want_first + 1;
	struct page **pages = (struct page **)pfns;
	unsigned long seq;
	u64 *table = NULL;
	int i, n;

	f->calls++;
	seq = mmu_interval_read_begin(&f->leaf->mni);
	n = get_user_pages_fast_only(page_addr(f, f->want_first),
				     f->last - f->want_first + 1, FOLL_WRITE,
				     pages);
	for (i = 0; i < n; i++) {
		struct page *page = pages[i];

		pfns[i] = page_to_pfn(page) | HMM_PFN_VALID | HMM_PFN_WRITE;
		put_page(page);
	}
	if (n < 0 || n < want)
		return -EAGAIN;
	return commit(f, pfns, f->want_first, f->want_first + n - 1, seq,
		      &table);
}

/* Has one page of the caller's own faulted for writing, if that is quick. */
static int fault_own(struct pinless_fault *f)
{
	unsigned long addr = page_addr(f, f->want_first);
	struct mm_struct *mm = f->leaf->mni.mm;
	struct vm_area_struct *vma;
	int err = -EAGAIN;

	if (!mmap_read_trylock(mm))
		return -EAGAIN;
	vma = vma_lookup(mm, addr);
	if (vma && (vma->vm_flags & (VM_WRITE | VM_IO | VM_PFNMAP)) == VM_WRITE &&
	    vma_is_quick(vma) &&
	    !(handle_mm_fault(vma, addr, FAULT_FLAG_WRITE | FAULT_FLAG_REMOTE,
			      NULL) & VM_FAULT_ERROR))
		err = 0;
	mmap_read_unlock(mm);
	return err;
}

/* Takes one page of somebody else for writing; it is faulted if that is quick. */
static int take_other(struct pinless_fault *f, unsigned long *pfns)
{
	unsigned long addr = page_addr(f, f->want_first);
	struct mm_struct *mm = f->leaf->mni.mm;
	struct page *page;
	unsigned long seq;
	u64 *table = NULL;
	long n = 0;

	f->calls++;
	seq = mmu_interval_read_begin(&f->leaf->mni);
	if (!mmap_read_trylock(mm))
		return -EAGAIN;
	if (fault_is_quick(mm, addr, addr + PAGE_SIZE))
		n = pinless_gup_remote(mm, addr, FOLL_WRITE, &page);
	mmap_read_unlock(mm);
	if (n != 1)
		return -EAGAIN;
	pfns[0] = page_to_pfn(page) | HMM_PFN_VALID | HMM_PFN_WRITE;
	put_page(page);
	return commit(f, pfns, f->want_first, f->want_first, seq, &table);
}

/* 0, or an error: go the long way, which also tells what is wrong. */
static int short_way(struct pinless_fault *f, unsigned long *pfns)
{
	bool one = f->want_first == f->want_last;
	bool write = f->flags & PINLESS_FAULT_WRITE;
	int err;

	if (!(f->flags & PINLESS_FAULT_NOWAIT) || !leaf_has_table(f))
		return -EAGAIN;
	if (current->mm != f->leaf->mni.mm)
		return one && write ? take_other(f, pfns) : -EAGAIN;
	err = take_own(f, pfns);
	if (!err || !one || !write)
		return err;
	err = fault_own(f);
	return err ? err : take_own(f, pfns);
}

/* What HMM must say of a page that was asked for. */
static unsigned long needed(const struct pinless_fault *f)
{
	return HMM_PFN_REQ_FAULT |
	       (f->flags & PINLESS_FAULT_WRITE ? HMM_PFN_REQ_WRITE : 0);
}

/* With @look nothing is faulted. */
static void fill_request(const struct pinless_fault *f, unsigned long *pfns,
			 bool look)
{
	unsigned long need = look ? 0 : needed(f);
	unsigned int i;

	for (i = f->want_first; i <= f->last; i++)
		pfns[i - f->want_first] = need;
}

/* Whether what was asked for is there. HMM_PFN_REQ_* are the bits of the answer. */
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

/*
 * Steps F1 to F4 for a caller that must not wait without bound. Where a fault
 * might, what the CPU has already will do.
 */
static int hmm_fault_nowait(const struct pinless_fault *f,
			    struct hmm_range *range, bool look)
{
	struct mm_struct *mm = range->notifier->mm;
	bool quick;
	int err;

	range->notifier_seq = mmu_interval_read_begin(range->notifier);
	if (!mmap_read_trylock(mm))
		return -EAGAIN;
	quick = look || fault_is_quick(mm, range->start, range->end);
	if (!quick)
		fill_request(f, range->hmm_pfns, true);
	err = hmm_range_fault(range);
	mmap_read_unlock(mm);
	if (!err && !quick && !pages_suffice(f, range->hmm_pfns))
		return -EAGAIN;
	return err;
}

/*
 * Pages of memfd_secret() are taken out of the kernel's own mapping before a
 * process gets them; HMM, other than GUP, returns them all the same, but the
 * kernel must not touch them. They are never anonymous and never huge.
 */
static bool page_usable(unsigned long pfn)
{
	struct page *page = hmm_pfn_to_page(pfn);
	u8 probe;

	return hmm_pfn_to_map_order(pfn) || folio_test_anon(page_folio(page)) ||
	       !copy_from_kernel_nofault(&probe, page_address(page), 1);
}

/*
 * Takes out what must not be used. 1 if there is something to store; what is
 * looked at here may be out of date, but then it is not stored.
 */
static int check_pages(const struct pinless_fault *f, unsigned long *pfns)
{
	unsigned int i;
	int found = 0;

	for (i = f->want_first; i <= f->last; i++) {
		unsigned long *pfn = &pfns[i - f->want_first];

		if (!(*pfn & HMM_PFN_VALID))
			continue;
		if (page_usable(*pfn)) {
			found = 1;
			continue;
		}
		if (i <= f->want_last)
			return -EFAULT;
		*pfn = 0;
	}
	return found;
}

/* Memory for the entries of the leaf, in case it has none yet. */
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
 * One round of steps F1 to F6. With @look nothing is faulted. -EBUSY: an
 * invalidation came between.
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
	if (err)
		return err;
	err = check_pages(f, pfns);
	if (err <= 0)
		return err;

	/*
	 * A look without the lock: when it misleads, the table is allocated for
	 * nothing, or commit() stores nothing and the access comes back.
	 */
	if (!leaf_has_table(f) &&
	    hmm_pfn_to_map_order(pfns[0]) < PINLESS_LEAF_SHIFT - PAGE_SHIFT) {
		table = table_alloc(f);
		if (!table)
			return -ENOMEM;
	}
	err = commit(f, pfns, f->want_first, f->last, range.notifier_seq,
		     &table);
	pinless_table_free(table);
	return err;
}

/* Retries are bounded by time (M4). */
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
		f->retries++;
		if (time_after(jiffies, deadline))
			return err;
	}
}

/*
 * When HMM has to fault one page it faults all that follow it in the range, so
 * it must not be told of neighbours then. The window is looked at without
 * faults; what that leaves missing is faulted by itself.
 */
static int long_way(struct pinless_fault *f, unsigned long *pfns)
{
	int err;

	if (f->ahead) {
		err = try_fault(f, pfns, true,
				msecs_to_jiffies(HMM_RANGE_DEFAULT_TIMEOUT));
		if (!err && pages_suffice(f, pfns))
			return 0;
		f->last = f->want_last;
	}
	return fault_wanted(f, pfns);
}

/**
 * pinless_leaf_fault() - bring pages of one leaf into the translation
 * @f: what, and on whose account; the leaf stays in its mirror meanwhile, and
 *     the caller has the address space by mmget()
 *
 * Context: process context, may sleep as pinless_mirror_fault() says.
 * Return: as pinless_mirror_fault().
 */
int pinless_leaf_fault(struct pinless_fault *f)
{
	unsigned int pages = f->last - f->want_first + 1;
	unsigned long small[SMALL_WINDOW], *pfns = small;
	int err;

	f->ahead = f->last - f->want_last;
	if (pages > SMALL_WINDOW) {
		pfns = kmalloc_array(pages, sizeof(*pfns), GFP_KERNEL);
		if (!pfns)
			return -ENOMEM;
	}
	err = short_way(f, pfns);
	if (err)
		err = long_way(f, pfns);
	if (pfns != small)
		kfree(pfns);
	account(f);
	return err;
}
