// SPDX-License-Identifier: GPL-2.0
/* Copyright (c) 2026 The pinless authors */
/*
 * Description: the translation of one leaf: what a fault stores, what an
 * invalidation takes away and which account it charges, when pages are marked
 * dirty, and a long random run of all of it against a model.
 *
 * Sources: kernel/mm/leaf.c over shim/; include paths kernel and shim.
 */
#include "shim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "obs/hist.h"
#include "mm/fault.h"
#include "mm/leaf.h"
#include "mm/observe.h"

#define PAGES		PINLESS_LEAF_PAGES
#define LAST		(PAGES - 1)
#define BASE		(7ul << PINLESS_LEAF_SHIFT)
#define HUGE_ORDER	9ul
#define PFNS		4096

int shim_rcu_depth;
bool shim_fail;

static struct pinless_counter_values values;
static struct pinless_port port = { .counters.pcpu = &values };
static struct pinless_account accounts[4];
static unsigned int dirtied[PFNS];
static bool seq_set;

/* What the kernel would do, and what it would complain of. */

void folio_mark_dirty(struct folio *folio)
{
	assert_in_range((uintptr_t)folio, 0, PFNS - 1);
	dirtied[(uintptr_t)folio]++;
}

int mmu_interval_notifier_insert(struct mmu_interval_notifier *mni,
				 struct mm_struct *mm, unsigned long start,
				 unsigned long length,
				 const struct mmu_interval_notifier_ops *ops)
{
	if (!mm)
		return -ENOMEM;
	mni->interval_tree.start = start;
	mni->interval_tree.last = start + length - 1;
	mni->mm = mm;
	mni->ops = ops;
	mni->inserted = true;
	return 0;
}

void mmu_interval_notifier_remove(struct mmu_interval_notifier *mni)
{
	assert_true(mni->inserted);
	mni->inserted = false;
}

void mmu_interval_set_seq(struct mmu_interval_notifier *mni, unsigned long seq)
{
	struct pinless_leaf *leaf = container_of(mni, struct pinless_leaf, mni);

	assert_true(leaf->lock.writer);
	mni->invalidate_seq = seq;
	seq_set = true;
}

/* Histograms are on, so each invalidation is reported. */
unsigned int pinless_hist_devices = 1;
static unsigned int told, told_pages;

void pinless_observe_invalidation(const struct mmu_notifier_range *range,
				  u64 start, u64 end, u32 account_id,
				  unsigned int pages, u64 total)
{
	(void)range;
	(void)account_id;
	(void)total;
	assert_true(start < end);
	told++;
	told_pages += pages;
}

struct pinless_account *pinless_account_find(u32 id)
{
	assert_true(shim_rcu_depth > 0);
	return id && id < 4 && accounts[id].id ? &accounts[id] : NULL;
}

/* Helpers. */

static struct pinless_leaf *new_leaf(void)
{
	struct pinless_leaf *leaf;
	u32 i;

	memset(accounts, 0, sizeof(accounts));
	memset(&values, 0, sizeof(values));
	told = 0;
	told_pages = 0;
	memset(dirtied, 0, sizeof(dirtied));
	for (i = 1; i < 4; i++) {
		accounts[i].id = i;
		accounts[i].port = &port;
	}
	leaf = pinless_leaf_create((struct mm_struct *)&accounts, BASE);
	assert_false(IS_ERR(leaf));
	return leaf;
}

static void end_leaf(struct pinless_leaf *leaf)
{
	pinless_leaf_kill(leaf);
	assert_int_equal(pinless_table_count(), 0);
	pinless_leaf_destroy(leaf);
	assert_int_equal(shim_rcu_depth, 0);
}

static void invalidate(struct pinless_leaf *leaf, unsigned long start,
		       unsigned long end, enum mmu_notifier_event event)
{
	struct mmu_notifier_range range = {
		.start = start, .end = end, .event = event,
	};

	seq_set = false;
	assert_true(leaf->mni.ops->invalidate(&leaf->mni, &range,
					      leaf->mni.invalidate_seq + 2));
	assert_true(seq_set);
	assert_false(leaf->lock.writer);
}

static void invalidate_pages(struct pinless_leaf *leaf, unsigned int first,
			     unsigned int last, enum mmu_notifier_event event)
{
	invalidate(leaf, BASE + first * PAGE_SIZE, BASE + (last + 1) * PAGE_SIZE,
		   event);
}

static unsigned long word(unsigned long pfn, bool write)
{
	return HMM_PFN_VALID | (write ? HMM_PFN_WRITE : 0) | pfn;
}

static unsigned long huge_word(unsigned long pfn, bool write)
{
	return word(pfn, write) | HUGE_ORDER << SHIM_PFN_ORDER_SHIFT;
}

/* Pages @first .. @want_last are wanted, those up to @last looked at. */
static struct pinless_fault fault_of(struct pinless_leaf *leaf, unsigned int first,
				     unsigned int want_last, unsigned int last,
				     bool write, u32 account)
{
	return (struct pinless_fault){
		.leaf = leaf,
		.want_first = first,
		.want_last = want_last,
		.last = last,
		.flags = write ? PINLESS_FAULT_WRITE : 0,
		.account = account ? &accounts[account] : NULL,
	};
}

static void commit(struct pinless_fault *f, const unsigned long *pfns)
{
	u64 *table = pinless_table_alloc();

	assert_non_null(table);
	write_lock(&f->leaf->lock);
	pinless_leaf_commit(f->leaf, f, pfns, &table);
	write_unlock(&f->leaf->lock);
	pinless_table_free(table);
}

/* Commits a window all of which is wanted. */
static unsigned int store(struct pinless_leaf *leaf, unsigned int first,
			  unsigned int last, const unsigned long *pfns,
			  bool write, u32 account)
{
	struct pinless_fault f = fault_of(leaf, first, last, last, write, account);

	commit(&f, pfns);
	assert_int_equal(f.neighbours, 0);
	return f.missing;
}

static u64 entry_at(struct pinless_leaf *leaf, unsigned int i)
{
	u64 entry;

	read_lock(&leaf->lock);
	entry = pinless_leaf_entry(leaf, i);
	read_unlock(&leaf->lock);
	return entry;
}

static void assert_entry(struct pinless_leaf *leaf, unsigned int i,
			 unsigned long pfn, bool write, u32 account)
{
	u64 entry = entry_at(leaf, i);

	assert_true(entry & PINLESS_ENTRY_READ);
	assert_int_equal(!!(entry & PINLESS_ENTRY_WRITE), write);
	assert_int_equal(pinless_entry_pfn(entry), pfn);
	assert_int_equal(pinless_entry_account(entry), account);
}

static void mark(struct pinless_leaf *leaf, unsigned int i)
{
	read_lock(&leaf->lock);
	pinless_leaf_dirty(leaf, i);
	read_unlock(&leaf->lock);
}

/* Tests. */

static void test_entry(void **state)
{
	const unsigned long pfn = (1ul << (64 - PINLESS_ENTRY_PFN)) - 1;
	const u32 account = (1u << PINLESS_ACCOUNT_BITS) - 1;
	u64 e = pinless_entry_make(pfn, true, account);

	(void)state;
	assert_int_equal(pinless_entry_pfn(e), pfn);
	assert_int_equal(pinless_entry_account(e), account);
	assert_int_equal(e & (PINLESS_ENTRY_READ | PINLESS_ENTRY_WRITE |
			      PINLESS_ENTRY_DIRTY | PINLESS_ENTRY_BESIDE),
			 PINLESS_ENTRY_READ | PINLESS_ENTRY_WRITE);
	e = pinless_entry_make(0, false, PINLESS_ACCOUNT_NONE);
	assert_int_equal(e, PINLESS_ENTRY_READ);
}

static void test_create(void **state)
{
	struct pinless_leaf *leaf;

	(void)state;
	shim_fail = true;
	assert_true(IS_ERR(
		pinless_leaf_create((struct mm_struct *)&accounts, BASE)));
	assert_true(IS_ERR(pinless_leaf_create(NULL, BASE)));
	leaf = new_leaf();
	assert_int_equal(pinless_leaf_start(leaf), BASE);
	assert_int_equal(leaf->mni.interval_tree.last, BASE + PINLESS_LEAF_BYTES - 1);
	assert_int_equal(entry_at(leaf, 0), 0);
	/* Nothing is there, and yet the sequence must move on. */
	invalidate_pages(leaf, 0, LAST, MMU_NOTIFY_CLEAR);
	end_leaf(leaf);
}

static void test_drop(void **state)
{
	const unsigned long pfns[4] = { word(100, true), word(200, true),
					word(300, false), word(400, true) };
	struct pinless_leaf *leaf = new_leaf();

	(void)state;
	assert_int_equal(store(leaf, 10, 13, pfns, false, 1), 4);
	assert_entry(leaf, 10, 100, true, 1);
	assert_entry(leaf, 12, 300, false, 1);
	assert_int_equal(entry_at(leaf, 9), 0);
	assert_int_equal(entry_at(leaf, 14), 0);

	invalidate_pages(leaf, 11, 12, MMU_NOTIFY_UNMAP);
	assert_entry(leaf, 10, 100, true, 1);
	assert_int_equal(entry_at(leaf, 11), 0);
	assert_int_equal(entry_at(leaf, 12), 0);
	assert_entry(leaf, 13, 400, true, 1);
	assert_int_equal(accounts[1].invalidations.v, 2);
	assert_int_equal(values.v[PINLESS_CNT_INVAL_UNMAP], 2);

	/* Ranges that reach beyond the leaf on both sides, as at exit. */
	invalidate(leaf, 0, ~0ul, MMU_NOTIFY_RELEASE);
	assert_int_equal(entry_at(leaf, 10), 0);
	assert_int_equal(accounts[1].invalidations.v, 4);
	assert_int_equal(values.v[PINLESS_CNT_INVAL_RELEASE], 2);
	assert_int_equal(told, 2);
	assert_int_equal(told_pages, 4);
	assert_int_equal(values.v[PINLESS_CNT_DROP_CALLS], 2);
	assert_int_equal(pinless_table_count(), 0);
	end_leaf(leaf);
}

static void test_edges(void **state)
{
	const unsigned long first = word(1, true), last = word(2, true);
	struct pinless_leaf *leaf = new_leaf();

	(void)state;
	store(leaf, 0, 0, &first, true, 1);
	store(leaf, LAST, LAST, &last, true, 1);
	/* Up to the byte before the last page, and from the one after the first. */
	invalidate_pages(leaf, 1, LAST - 1, MMU_NOTIFY_CLEAR);
	assert_entry(leaf, 0, 1, true, 1);
	assert_entry(leaf, LAST, 2, true, 1);
	invalidate(leaf, BASE - PAGE_SIZE, BASE + PAGE_SIZE, MMU_NOTIFY_CLEAR);
	assert_int_equal(entry_at(leaf, 0), 0);
	assert_entry(leaf, LAST, 2, true, 1);
	invalidate(leaf, BASE + LAST * PAGE_SIZE, BASE + 2 * PINLESS_LEAF_BYTES,
		   MMU_NOTIFY_CLEAR);
	assert_int_equal(entry_at(leaf, LAST), 0);
	end_leaf(leaf);
}

static void test_accounts(void **state)
{
	const unsigned long pfns[3] = { word(1, true), word(2, true),
					word(3, true) };
	struct pinless_leaf *leaf = new_leaf();

	(void)state;
	store(leaf, 0, 2, pfns, true, 1);
	store(leaf, 3, 5, pfns, true, 2);
	store(leaf, 6, 8, pfns, true, 3);
	/* Region 2 is gone: its pages are charged to no account. */
	accounts[2].id = 0;
	/* Region 3 has lost its device. */
	accounts[3].port = NULL;
	invalidate_pages(leaf, 1, 7, MMU_NOTIFY_MIGRATE);
	assert_int_equal(accounts[1].invalidations.v, 2);
	assert_int_equal(accounts[2].invalidations.v, 0);
	assert_int_equal(accounts[3].invalidations.v, 2);
	assert_int_equal(values.v[PINLESS_CNT_INVAL_MIGRATE], 2);
	end_leaf(leaf);
}

static void test_protect(void **state)
{
	const unsigned long pfns[2] = { word(1, true), word(2, false) };
	const unsigned long again = word(1, true);
	struct pinless_leaf *leaf = new_leaf();

	(void)state;
	store(leaf, 0, 1, pfns, false, 1);
	invalidate_pages(leaf, 0, 1, MMU_NOTIFY_PROTECTION_PAGE);
	assert_entry(leaf, 0, 1, false, 1);
	assert_entry(leaf, 1, 2, false, 1);
	assert_int_equal(accounts[1].invalidations.v, 0);
	assert_int_equal(values.v[PINLESS_CNT_INVAL_PROTECT_PAGE], 1);
	assert_int_equal(values.v[PINLESS_CNT_DROP_CALLS], 1);

	/* A fault that needs the missing right brings the page in again. */
	assert_int_equal(store(leaf, 0, 0, &again, true, 2), 1);
	assert_entry(leaf, 0, 1, true, 2);
	/* One that needs no missing right does not. */
	assert_int_equal(store(leaf, 0, 0, &again, false, 3), 0);
	assert_entry(leaf, 0, 1, true, 2);

	/* mprotect drops. */
	invalidate_pages(leaf, 0, 0, MMU_NOTIFY_PROTECTION_VMA);
	assert_int_equal(entry_at(leaf, 0), 0);
	assert_int_equal(accounts[2].invalidations.v, 1);
	end_leaf(leaf);
}

static void test_dirty(void **state)
{
	const unsigned long pfns[2] = { word(1, true), word(2, true) };
	struct pinless_leaf *leaf = new_leaf();

	(void)state;
	store(leaf, 0, 1, pfns, true, 1);
	assert_int_equal(dirtied[1], 0);
	mark(leaf, 0);
	mark(leaf, 0);
	assert_int_equal(dirtied[1], 1);
	assert_int_equal(dirtied[2], 0);
	assert_entry(leaf, 0, 1, true, 1);

	/* Write-back takes the right to write; the next write marks again. */
	invalidate_pages(leaf, 0, 1, MMU_NOTIFY_PROTECTION_PAGE);
	store(leaf, 0, 1, pfns, true, 1);
	mark(leaf, 0);
	assert_int_equal(dirtied[1], 2);

	/* So does a page that was dropped. */
	invalidate_pages(leaf, 0, 1, MMU_NOTIFY_CLEAR);
	store(leaf, 0, 1, pfns, true, 1);
	mark(leaf, 0);
	assert_int_equal(dirtied[1], 3);
	end_leaf(leaf);
}

/* What the CPU has marked need not be marked again, until its mark may go. */
static void test_dirty_for_cpu(void **state)
{
	const unsigned long dirty = word(1, true) | PINLESS_PFN_DIRTY;
	const unsigned long clean = word(1, true);
	struct pinless_leaf *leaf = new_leaf();

	(void)state;
	assert_int_equal(store(leaf, 0, 0, &dirty, true, 1), 1);
	assert_entry(leaf, 0, 1, true, 1);
	mark(leaf, 0);
	assert_int_equal(dirtied[1], 0);

	invalidate_pages(leaf, 0, 0, MMU_NOTIFY_PROTECTION_PAGE);
	assert_entry(leaf, 0, 1, false, 1);
	assert_int_equal(store(leaf, 0, 0, &clean, true, 1), 1);
	mark(leaf, 0);
	assert_int_equal(dirtied[1], 1);

	invalidate_pages(leaf, 0, 0, MMU_NOTIFY_CLEAR);
	assert_int_equal(store(leaf, 0, 0, &clean, true, 1), 1);
	mark(leaf, 0);
	assert_int_equal(dirtied[1], 2);
	end_leaf(leaf);
}

static void test_neighbours(void **state)
{
	const unsigned long pfns[6] = { word(1, true), word(2, true),
					0, word(4, false), HMM_PFN_ERROR,
					word(6, true) };
	struct pinless_leaf *leaf = new_leaf();
	struct pinless_fault f = fault_of(leaf, 20, 20, 25, true, 1);
	u64 *table = pinless_table_alloc();

	(void)state;
	write_lock(&leaf->lock);
	/* Pages 20 .. 25 were looked at, page 20 was wanted. */
	pinless_leaf_commit(leaf, &f, pfns, &table);
	write_unlock(&leaf->lock);
	assert_null(table);
	assert_int_equal(f.missing, 1);
	assert_int_equal(f.neighbours, 3);
	assert_entry(leaf, 20, 1, true, 1);
	assert_entry(leaf, 21, 2, true, 1);
	assert_int_equal(entry_at(leaf, 22), 0);
	assert_entry(leaf, 23, 4, false, 1);
	assert_int_equal(entry_at(leaf, 24), 0);
	assert_entry(leaf, 25, 6, true, 1);

	/* The port counts all of them, the region what it asked for. */
	invalidate_pages(leaf, 0, LAST, MMU_NOTIFY_CLEAR);
	assert_int_equal(accounts[1].invalidations.v, 1);
	assert_int_equal(values.v[PINLESS_CNT_INVAL_CLEAR], 4);
	end_leaf(leaf);
}

/* A snapshot may find only some of what was asked for. */
static void test_snapshot(void **state)
{
	const unsigned long pfns[3] = { word(1, true), 0, word(3, true) };
	struct pinless_leaf *leaf = new_leaf();

	(void)state;
	assert_int_equal(store(leaf, 0, 2, pfns, false, 1), 2);
	assert_int_equal(entry_at(leaf, 1), 0);
	assert_int_equal(store(leaf, 0, 2, pfns, false, 1), 0);
	end_leaf(leaf);
}

static void test_huge(void **state)
{
	/* The window is in the middle of the huge page. */
	const unsigned long middle = huge_word(1024 + 17, true);
	const unsigned long ro = huge_word(1024 + 17, false);
	struct pinless_leaf *leaf = new_leaf();

	(void)state;
	assert_int_equal(store(leaf, 17, 17, &middle, true, 2), 1);
	assert_int_equal(pinless_table_count(), 0);
	assert_entry(leaf, 0, 1024, true, 2);
	assert_entry(leaf, LAST, 1024 + LAST, true, 2);
	mark(leaf, 5);
	mark(leaf, 6);
	assert_int_equal(dirtied[1024], 1);

	invalidate_pages(leaf, 3, 3, MMU_NOTIFY_PROTECTION_PAGE);
	assert_entry(leaf, 3, 1024 + 3, false, 2);
	assert_entry(leaf, 4, 1024 + 4, false, 2);
	assert_int_equal(store(leaf, 17, 17, &ro, false, 1), 0);
	assert_int_equal(store(leaf, 17, 17, &middle, true, 1), 1);
	assert_entry(leaf, 17, 1024 + 17, true, 1);
	mark(leaf, 5);
	assert_int_equal(dirtied[1024], 2);

	/* One page of it: all is gone. */
	invalidate_pages(leaf, 3, 3, MMU_NOTIFY_CLEAR);
	assert_int_equal(entry_at(leaf, 0), 0);
	assert_int_equal(entry_at(leaf, 17), 0);
	assert_int_equal(accounts[1].invalidations.v, PAGES);
	end_leaf(leaf);
}

static void test_huge_and_table(void **state)
{
	const unsigned long small = word(5, true);
	const unsigned long huge = huge_word(1024 + 9, true);
	struct pinless_leaf *leaf = new_leaf();

	(void)state;
	/* khugepaged has replaced the pages; the table is freed. */
	store(leaf, 8, 8, &small, true, 1);
	assert_int_equal(pinless_table_count(), 1);
	invalidate_pages(leaf, 0, 100, MMU_NOTIFY_CLEAR);
	store(leaf, 9, 9, &huge, true, 1);
	assert_int_equal(pinless_table_count(), 0);
	assert_entry(leaf, 8, 1024 + 8, true, 1);
	/* And the huge page is split. */
	invalidate_pages(leaf, 0, LAST, MMU_NOTIFY_CLEAR);
	store(leaf, 8, 8, &small, true, 1);
	assert_entry(leaf, 8, 5, true, 1);
	assert_int_equal(entry_at(leaf, 9), 0);
	end_leaf(leaf);
}

static void test_shrink(void **state)
{
	const unsigned long small = word(5, true);
	struct pinless_leaf *leaf = new_leaf();

	(void)state;
	assert_int_equal(pinless_leaf_shrink(leaf), 0);
	store(leaf, 8, 8, &small, true, 1);
	/* In use: it must not wait. */
	read_lock(&leaf->lock);
	assert_int_equal(pinless_leaf_shrink(leaf), 0);
	read_unlock(&leaf->lock);
	assert_entry(leaf, 8, 5, true, 1);
	assert_int_equal(pinless_leaf_shrink(leaf), 1);
	assert_int_equal(entry_at(leaf, 8), 0);
	assert_int_equal(values.v[PINLESS_CNT_SHRUNK], 1);
	assert_int_equal(values.v[PINLESS_CNT_SHRINKS], 1);
	assert_int_equal(pinless_table_count(), 0);
	end_leaf(leaf);
}

static void test_dead(void **state)
{
	const unsigned long small = word(5, true);
	struct pinless_leaf *leaf = new_leaf();

	(void)state;
	store(leaf, 8, 8, &small, true, 1);
	pinless_leaf_kill(leaf);
	assert_int_equal(entry_at(leaf, 8), 0);
	assert_int_equal(store(leaf, 8, 8, &small, true, 1), 0);
	assert_int_equal(entry_at(leaf, 8), 0);
	invalidate_pages(leaf, 0, LAST, MMU_NOTIFY_UNMAP);
	end_leaf(leaf);
}

/* What the CPU's page table says, and what the leaf may therefore hold. */
struct model {
	unsigned long cpu[PAGES];	/* HMM words; 0: not mapped */
	bool known[PAGES];		/* the leaf has an entry */
	bool writable[PAGES];
};

static void model_check(const struct model *m, struct pinless_leaf *leaf)
{
	unsigned int i;

	for (i = 0; i < PAGES; i++) {
		u64 e = entry_at(leaf, i);

		assert_int_equal(!!e, m->known[i]);
		if (!e)
			continue;
		/* An entry never says more than the CPU's page table does. */
		assert_true(m->cpu[i] & HMM_PFN_VALID);
		assert_int_equal(pinless_entry_pfn(e),
				 page_to_pfn(hmm_pfn_to_page(m->cpu[i])));
		assert_int_equal(!!(e & PINLESS_ENTRY_WRITE), m->writable[i]);
		assert_true(!m->writable[i] || m->cpu[i] & HMM_PFN_WRITE);
	}
}

static void model_fault(struct model *m, struct pinless_leaf *leaf,
			unsigned int first, unsigned int last, u32 account)
{
	unsigned long pfns[PAGES];
	unsigned int i, missing = 0, beside = 0;
	unsigned int want_last = first + random() % (last - first + 1);
	bool write = random() % 2;
	struct pinless_fault f =
		fault_of(leaf, first, want_last, last, write, account);

	/* The CPU faults the pages that are wanted, and no other. */
	for (i = first; i <= want_last; i++)
		if (!m->cpu[i] || (write && !(m->cpu[i] & HMM_PFN_WRITE)))
			m->cpu[i] = word(m->cpu[i] ?
					 page_to_pfn(hmm_pfn_to_page(m->cpu[i])) :
					 (unsigned long)random() % PFNS,
					 write || random() % 2);
	for (i = first; i <= last; i++)
		pfns[i - first] = m->cpu[i];
	for (i = first; i <= want_last; i++)
		missing += !m->known[i] || (write && !m->writable[i]);

	for (i = first; i <= last; i++) {
		if (!(m->cpu[i] & HMM_PFN_VALID))
			continue;
		if (!m->known[i] && i > want_last)
			beside++;
		if (!m->known[i] || m->cpu[i] & HMM_PFN_WRITE)
			m->writable[i] = m->cpu[i] & HMM_PFN_WRITE;
		m->known[i] = true;
	}
	commit(&f, pfns);
	assert_int_equal(f.missing, missing);
	assert_int_equal(f.neighbours, beside);
}

static void model_invalidate(struct model *m, struct pinless_leaf *leaf,
			     unsigned int first, unsigned int last)
{
	bool protect = random() % 3 == 0;
	unsigned int i;

	invalidate_pages(leaf, first, last, protect ? MMU_NOTIFY_PROTECTION_PAGE :
						      MMU_NOTIFY_CLEAR);
	for (i = first; i <= last; i++) {
		m->writable[i] = false;
		if (protect) {
			m->cpu[i] &= ~HMM_PFN_WRITE;
		} else {
			m->known[i] = false;
			m->cpu[i] = random() % 2 ?
				    word((unsigned long)random() % PFNS,
					 random() % 2) : 0;
		}
	}
}

static void test_random(void **state)
{
	static struct model m;
	struct pinless_leaf *leaf = new_leaf();
	unsigned int round;

	(void)state;
	srandom(4);
	for (round = 0; round < 4000; round++) {
		unsigned int first = random() % PAGES;
		unsigned int last = first + random() % (PAGES - first);

		switch (random() % 16) {
		case 0:
			pinless_leaf_shrink(leaf);
			memset(m.known, 0, sizeof(m.known));
			memset(m.writable, 0, sizeof(m.writable));
			break;
		case 1 ... 5:
			model_invalidate(&m, leaf, first, last);
			break;
		default:
			model_fault(&m, leaf, first, last, 1 + random() % 3);
			break;
		}
		model_check(&m, leaf);
	}
	end_leaf(leaf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_entry),
		cmocka_unit_test(test_create),
		cmocka_unit_test(test_drop),
		cmocka_unit_test(test_edges),
		cmocka_unit_test(test_accounts),
		cmocka_unit_test(test_protect),
		cmocka_unit_test(test_dirty),
		cmocka_unit_test(test_dirty_for_cpu),
		cmocka_unit_test(test_neighbours),
		cmocka_unit_test(test_snapshot),
		cmocka_unit_test(test_huge),
		cmocka_unit_test(test_huge_and_table),
		cmocka_unit_test(test_shrink),
		cmocka_unit_test(test_dead),
		cmocka_unit_test(test_random),
	};
	int failed;

	if (pinless_leaf_init())
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	pinless_leaf_exit();
	return failed;
}
