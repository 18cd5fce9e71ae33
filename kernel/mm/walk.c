// SPDX-License-Identifier: GPL-2.0
/* Copyright (c) 2026 The pinless authors */

/*
 * A look into the page tables of the CPU, for pages that are mapped already.
 * hmm_range_fault() reports the same, and faults what is missing, at the price
 * of some thousand instructions; get_user_pages_fast() takes a reference on
 * each page, which is not needed here.
 */
#include <linux/hmm.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/pgtable.h>
#include <linux/uaccess.h>

#include "compat.h"
#include "base/range.h"
#include "mm/leaf.h"
#include "mm/walk.h"

static __always_inline bool is_anon(struct page *page)
{
	return folio_test_anon(page_folio(page));
}

/**
 * pinless_page_usable() - whether the kernel may touch a page of a process
 * @page: mapped by a process, or was a moment ago
 *
 * Pages of memfd_secret() are removed from the direct map before a process gets
 * them, and page tables do not show that. They are never anonymous and never
 * huge.
 *
 * Context: any.
 * Return: true or false; either may be wrong if the page has been unmapped.
 */
bool pinless_page_usable(struct page *page)
{
	u8 probe;

	return is_anon(page) ||
	       !copy_from_kernel_nofault(&probe, page_address(page), 1);
}

/* The table that maps a page of PAGE_SIZE; NULL if there is none. */
static pte_t *table_of(struct mm_struct *mm, unsigned long addr)
{
	pgd_t pgd, *pgdp = pgd_offset(mm, addr);
	p4d_t p4d, *p4dp;
	pud_t pud, *pudp;
	pmd_t pmd;

	pgd = READ_ONCE(*pgdp);
	if (pgd_none(pgd))
		return NULL;
	p4dp = p4d_offset_lockless(pgdp, pgd, addr);
	p4d = READ_ONCE(*p4dp);
	if (p4d_none(p4d) || !p4d_present(p4d))
		return NULL;
	pudp = pud_offset_lockless(p4dp, p4d, addr);
	pud = READ_ONCE(*pudp);
	if (pud_none(pud) || !pud_present(pud) || pud_leaf(pud))
		return NULL;
	pmd = READ_ONCE(*pmd_offset_lockless(pudp, pud, addr));
	if (pmd_none(pmd) || !pmd_present(pmd) || pmd_leaf(pmd))
		return NULL;
	return pte_offset_kernel(&pmd, addr);
}

/* What HMM would report of a page, or 0 where it would have more to do. */
static unsigned long page_of(pte_t *ptep)
{
	pte_t pte = ptep_get_lockless(ptep);
	struct page *page;
	unsigned long pfn;

	if (!pte_present(pte) || pte_protnone(pte) ||
	    pinless_pte_devmap(pte) || !pte_access_permitted(pte, false))
		return 0;
	pfn = pte_pfn(pte);
	if (unlikely(pte_special(pte) && !is_zero_pfn(pfn)))
		return 0;
	page = pfn_to_page(pfn);
	if (unlikely(!is_anon(page) && !pinless_page_usable(page)))
		return 0;
	pfn |= HMM_PFN_VALID;
	if (pte_write(pte))
		pfn |= HMM_PFN_WRITE |
		       (pte_dirty(pte) ? PINLESS_PFN_DIRTY : 0);
	return pfn;
}

/**
 * pinless_walk() - find pages that are mapped
 * @mm:    the address space: the caller's own; or the caller holds its
 *         mmap_lock, and all of the pages lie in one mapping, which is not of
 *         hugetlb
 * @addr:  first page
 * @pages: how many, 1 or more, all in one leaf
 * @pfns:  out: for each page the frame number with HMM_PFN_VALID, perhaps
 *         HMM_PFN_WRITE and PINLESS_PFN_DIRTY; or 0 if it is not mapped, or
 *         hmm_range_fault() has to be asked
 *
 * No reference is taken. As with hmm_range_fault(), the result is valid if no
 * invalidation has come between mmu_interval_read_begin() before this and
 * mmu_interval_read_retry() after it: the kernel announces it before it removes
 * a page table entry or a right.
 *
 * A table that is being freed stays while interrupts are off, as for
 * get_user_pages_fast(); but that waits only for CPUs that run the process.
 * Other callers hold mmap_lock, which keeps the tables of a mapping except
 * those that are freed by RCU, and these stay while interrupts are off.
 *
 * Context: any but interrupts; never sleeps.
 * Return: how many were found.
 */
unsigned int pinless_walk(struct mm_struct *mm, unsigned long addr,
			  unsigned int pages, unsigned long *pfns)
{
	unsigned int found = 0, i;
	unsigned long flags;
	pte_t *ptep = NULL;

	BUILD_BUG_ON(PMD_SIZE < PINLESS_LEAF_BYTES);
	local_irq_save(flags);
	if (PINLESS_HAVE_LOCKLESS_WALK)
		ptep = table_of(mm, addr);
	for (i = 0; i < pages; i++) {
		pfns[i] = ptep ? page_of(ptep + i) : 0;
		found += !!pfns[i];
	}
	local_irq_restore(flags);
	return found;
}
