// SPDX-License-Identifier: GPL-2.0
/* Copyright (c) 2026 The pinless authors */

/*
 * Mirrors: where the leaves of a process are, and when they are filled. See
 * leaf.c for the protocol between faults and invalidations.
 */
#include <linux/ktime.h>
#include <linux/rhashtable.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "compat.h"
#include "base/alloc.h"
#include "base/charge.h"
#include "obs/debug.h"
#include "obs/hist.h"
#include "obs/timing.h"
#include "obs/trace.h"
#include "mm/fault.h"
#include "mm/leaf.h"
#include "mm/mirror.h"
#include "mm/observe.h"

/*
 * mirrors_mutex protects the hash table, and a reference count drops to zero
 * only under it: a mirror found in the table under the mutex may be referenced.
 * mirrors_lock protects the list of all mirrors for the shrinker, which must
 * not sleep; a mirror is in the list exactly while it is in the table.
 */
static DEFINE_MUTEX(mirrors_mutex);
static struct rhashtable mirrors;
static DEFINE_SPINLOCK(mirrors_lock);
static LIST_HEAD(mirrors_list);
static struct workqueue_struct *reap_wq;

static const struct rhashtable_params mirrors_params = {
	.key_len = sizeof(struct mm_struct *),
	.key_offset = offsetof(struct pinless_mirror, mm),
	.head_offset = offsetof(struct pinless_mirror, hash),
	.automatic_shrinking = true,
};

static bool probe_invalidate(struct mmu_interval_notifier *mni,
			     const struct mmu_notifier_range *range,
			     unsigned long cur_seq)
{
	mmu_interval_set_seq(mni, cur_seq);
	return true;
}

static const struct mmu_interval_notifier_ops probe_ops = {
	.invalidate = probe_invalidate,
};

/*
 * Inserting the first interval notifier into an address space waits for
 * mmap_lock and takes the locks of all its mappings. Do that here, once, so
 * that a fault that must not wait for mmap_lock never has to. No lock of the
 * driver is held, because the process decides how long mmap_lock takes.
 * mm_has_notifiers() is no reason to skip it: it is also true of notifiers of
 * other kinds, such as KVM's.
 */
static int mirror_prepare(struct mm_struct *mm)
{
	struct mmu_interval_notifier probe = {};
	int err;

	err = mmu_interval_notifier_insert(&probe, mm, 0, PAGE_SIZE,
					   &probe_ops);
	if (!err)
		mmu_interval_notifier_remove(&probe);
	return err;
}

static struct pinless_mirror *mirror_alloc(struct mm_struct *mm)
{
	struct pinless_mirror *mirror;
	int err;

	err = mirror_prepare(mm);
	if (err)
		return ERR_PTR(err);
	mirror = kzalloc(sizeof(*mirror), PINLESS_GFP_USER);
	if (!mirror)
		return ERR_PTR(-ENOMEM);
	refcount_set(&mirror->refs, 1);
	xa_init_flags(&mirror->leaves, XA_FLAGS_ACCOUNT);
	pinless_stamp_renew(&mirror->stamp);
	init_rwsem(&mirror->fault_sem);
	pinless_slow_queue_init(&mirror->slow, PINLESS_SLOW_FAULT);
	pinless_slow_queue_init(&mirror->prefetch, PINLESS_SLOW_PREFETCH);
	spin_lock_init(&mirror->list_lock);
	INIT_LIST_HEAD(&mirror->list);
	mirror->mm = mm;
	return mirror;
}

static struct pinless_mirror *mirror_find(struct mm_struct *mm)
{
	struct pinless_mirror *mirror;

	lockdep_assert_held(&mirrors_mutex);
	if (pinless_broken(PINLESS_RULE_MIRROR))
		return NULL;
	mirror = rhashtable_lookup_fast(&mirrors, &mm, mirrors_params);
	if (mirror)
		refcount_inc(&mirror->refs);
	return mirror;
}

static int mirror_add(struct pinless_mirror *mirror)
{
	int err;

	lockdep_assert_held(&mirrors_mutex);
	err = rhashtable_insert_fast(&mirrors, &mirror->hash, mirrors_params);
	if (err)
		return err;
	pinless_debug_mirrors(1);
	mmgrab(mirror->mm);
	spin_lock(&mirrors_lock);
	list_add_tail(&mirror->node, &mirrors_list);
	spin_unlock(&mirrors_lock);
	return 0;
}

/**
 * pinless_mirror_get() - find or create the mirror of an address space (M1)
 * @mm: the address space; the caller keeps its mm_users above zero
 *
 * Context: may sleep; mmap_lock is not held.
 * Return: the mirror with a reference, or ERR_PTR().
 */
struct pinless_mirror *pinless_mirror_get(struct mm_struct *mm)
{
	struct pinless_mirror *mirror, *fresh;
	int err;

	mutex_lock(&mirrors_mutex);
	mirror = mirror_find(mm);
	mutex_unlock(&mirrors_mutex);
	if (mirror)
		return mirror;

	fresh = mirror_alloc(mm);
	if (IS_ERR(fresh))
		return fresh;
	mutex_lock(&mirrors_mutex);
	mirror = mirror_find(mm);
	if (!mirror) {
		err = mirror_add(fresh);
		mirror = err ? ERR_PTR(err) : fresh;
	}
	mutex_unlock(&mirrors_mutex);
	if (mirror != fresh)
		kfree(fresh);
	return mirror;
}

static void destroy_leaves(struct list_head *leaves)
{
	struct pinless_leaf *leaf;

	while (!list_empty(leaves)) {
		leaf = list_first_entry(leaves, struct pinless_leaf, node);
		list_del(&leaf->node);
		pinless_leaf_destroy(leaf);
		cond_resched();
	}
}

/**
 * pinless_mirror_put() - drop a reference
 * @mirror: the mirror; its leaves go with the last reference
 *
 * Context: may sleep; no lock is held that an invalidation waits for.
 */
void pinless_mirror_put(struct pinless_mirror *mirror)
{
	struct pinless_leaf *leaf;

	if (!refcount_dec_and_mutex_lock(&mirror->refs, &mirrors_mutex))
		return;
	rhashtable_remove_fast(&mirrors, &mirror->hash, mirrors_params);
	spin_lock(&mirrors_lock);
	list_del(&mirror->node);
	spin_unlock(&mirrors_lock);
	mutex_unlock(&mirrors_mutex);

	/*
	 * Regions, faults and the shrinker no longer know the mirror; only
	 * invalidations still find its leaves, until each is destroyed.
	 */
	list_for_each_entry(leaf, &mirror->list, node) {
		pinless_leaf_kill(leaf);
		cond_resched();
	}
	destroy_leaves(&mirror->list);
	xa_destroy(&mirror->leaves);
	pinless_debug_mirrors(-1);
	mmdrop(mirror->mm);
	kfree(mirror);
}

/* Finds or creates the leaf of an address. ERR_PTR() on failure. */
static struct pinless_leaf *leaf_get(struct pinless_mirror *mirror, u64 addr,
				     struct pinless_stream *stream)
{
	unsigned long index = pinless_range_leaf(addr);
	struct mem_cgroup *memcg, *old_memcg;
	struct pinless_leaf *leaf, *old;

	lockdep_assert_held(&mirror->fault_sem);
	leaf = pinless_mirror_leaf(mirror, addr, stream ? stream->hints : NULL);
	if (leaf)
		return leaf;

	memcg = pinless_charge_begin(mirror->mm, &old_memcg);
	leaf = pinless_leaf_create(mirror->mm, addr & ~(PINLESS_LEAF_BYTES - 1));
	if (IS_ERR(leaf))
		goto out;
	old = xa_cmpxchg(&mirror->leaves, index, NULL, leaf,
			 PINLESS_GFP_USER);
	if (old) {
		pinless_leaf_kill(leaf);
		pinless_leaf_destroy(leaf);
		leaf = xa_is_err(old) ? ERR_PTR(xa_err(old)) : old;
		goto out;
	}
	spin_lock(&mirror->list_lock);
	list_add_tail(&leaf->node, &mirror->list);
	WRITE_ONCE(mirror->nr, mirror->nr + 1);
	spin_unlock(&mirror->list_lock);
out:
	pinless_charge_end(memcg, old_memcg);
	return leaf;
}

/*
 * The window grows as long as misses are sequential and the pages ahead turn
 * out to be mapped by the CPU. Where they are not, each miss would pay for
 * looking, so attempts become rarer and rarer. Pages after the end of the
 * region are not registered, and are left alone.
 */
static unsigned int window_last(struct pinless_stream *s, u64 page,
				unsigned int want_first, unsigned int want_last)
{
	s64 last;

	if (page < s->next || page > s->end) {
		s->order = 0;
		s->rest = 0;
		s->fails = 0;
	} else if (s->rest) {
		s->rest--;
	} else if (s->order < 9) {
		s->order += 3;
	}
	/* Signed: a region that ends before @page has no pages ahead. */
	last = want_first + min_t(s64, (1u << s->order) - 1, s->last - page);
	return clamp_t(s64, last, want_last, PINLESS_LEAF_PAGES - 1);
}

static void window_done(struct pinless_stream *s, u64 leaf_page,
			const struct pinless_fault *f)
{
	if (f->ahead && f->neighbours < f->ahead / 2) {
		s->order = 0;
		s->rest = 1u << s->fails;
		if (s->fails < 5)
			s->fails++;
	} else if (f->ahead) {
		s->fails = 0;
	}
	s->next = leaf_page + f->want_last + 1;
	s->end = s->next + f->ahead;
}

/* Scans up to @n leaves; those used since the last scan are spared. */
static unsigned long shrink_mirror(struct pinless_mirror *mirror,
				   unsigned long n, unsigned long *scanned)
{
	struct pinless_leaf *leaf, *last;
	unsigned long freed = 0;

	if (!spin_trylock(&mirror->list_lock))
		return 0;
	last = list_empty(&mirror->list) ? NULL :
		list_last_entry(&mirror->list, struct pinless_leaf, node);
	while (last && *scanned < n) {
		leaf = list_first_entry(&mirror->list, struct pinless_leaf,
					node);
		list_move_tail(&leaf->node, &mirror->list);
		++*scanned;
		if (READ_ONCE(leaf->used))
			WRITE_ONCE(leaf->used, 0);
		else
			freed += pinless_leaf_shrink(leaf);
		if (leaf == last)
			break;
	}
	spin_unlock(&mirror->list_lock);
	return freed;
}

/*
 * Do not trim smaller mirrors. This many freed tables let a request make
 * progress.
 */
#define TRIM_LEAVES	64
#define TRIM_TABLES	4

/*
 * The memory cgroup of the process is at its limit. Reclaim of a cgroup does
 * not call this shrinker, whose memory belongs to many of them. So the process
 * gives up what it has not used lately and goes on with that.
 */
static bool trim(struct pinless_mirror *mirror)
{
	unsigned long nr = READ_ONCE(mirror->nr), freed = 0, seen = 0, scanned;

	/* By the second round none counts as used any more. */
	while (nr >= TRIM_LEAVES && seen < 2 * nr && freed < TRIM_TABLES) {
		scanned = 0;
		freed += shrink_mirror(mirror, TRIM_LEAVES, &scanned);
		seen += TRIM_LEAVES;
		cond_resched();
	}
	return freed >= TRIM_TABLES;
}

/* @len is not 0, and the range lies in one leaf. */
static int fault_in_leaf(struct pinless_mirror *mirror, u64 addr, u64 len,
			 unsigned int flags, struct pinless_account *account,
			 struct pinless_stream *stream,
			 struct pinless_times *times)
{
	struct pinless_fault f = {
		.want_first = pinless_range_slot(addr),
		.want_last = pinless_range_slot(addr + len - 1),
		.flags = flags,
		.account = account,
		.times = times,
	};
	u64 page = addr >> PAGE_SHIFT;
	int err;

	f.leaf = leaf_get(mirror, addr, stream);
	if (IS_ERR(f.leaf))
		return PTR_ERR(f.leaf);
	pinless_times_note(times, PINLESS_STAGE_COMMIT);
	/* Or it might be given up before it is used. */
	WRITE_ONCE(f.leaf->used, 1);
	f.last = f.want_last;
	if (stream)
		f.last = window_last(stream, page, f.want_first, f.want_last);
	err = pinless_leaf_fault(&f);
	if (!err && stream)
		window_done(stream, page - f.want_first, &f);
	return err;
}

/**
 * pinless_mirror_count_error() - count a fault that has failed for good
 * @account: charged with the fault, held by the caller; or NULL
 * @err:     a negative errno other than -EAGAIN
 *
 * Context: any.
 */
noinline void pinless_mirror_count_error(struct pinless_account *account,
					 int err)
{
	pinless_account_count(account, PINLESS_CNT_FAULT_ERRORS, 1);
	switch (err) {
	case -EFAULT:
		pinless_account_count(account, PINLESS_CNT_FAULT_UNMAPPED, 1);
		break;
	case -EPERM:
		pinless_account_count(account, PINLESS_CNT_FAULT_DENIED, 1);
		break;
	case -EBUSY:
		pinless_account_count(account, PINLESS_CNT_FAULT_COLLIDED, 1);
		break;
	case -ENOMEM:
		pinless_account_count(account, PINLESS_CNT_FAULT_NOMEM, 1);
		break;
	}
}

/**
 * pinless_mirror_fault() - bring pages into the translation
 * @mirror:  the mirror; the caller has a reference
 * @addr:    first user address
 * @len:     bytes
 * @flags:   enum pinless_fault_flags
 * @account: charged with the pages, held by the caller; or NULL
 * @stream:  the caller's access pattern, by which pages ahead that the CPU has
 *           mapped are taken along; or NULL
 *
 * Pages that are there when this returns may be gone when the caller looks: it
 * has to look again, and fault again.
 *
 * Context: process context, may sleep; with PINLESS_FAULT_NOWAIT for no longer
 * than the kernel takes to allocate memory. No spinlock and no mmap_lock is
 * held.
 * Return: 0; -EAGAIN with PINLESS_FAULT_NOWAIT if it might take longer; -EFAULT
 * if nothing is mapped there, or the process is gone; -EPERM if it is mapped
 * without the right; -EBUSY if invalidations kept colliding for
 * HMM_RANGE_DEFAULT_TIMEOUT; -ENOMEM; -EINTR.
 */
int pinless_mirror_fault(struct pinless_mirror *mirror, u64 addr, u64 len,
			 unsigned int flags, struct pinless_account *account,
			 struct pinless_stream *stream)
{
	struct mm_struct *mm = mirror->mm;
	struct pinless_times measured __uninitialized, *times = NULL;
	bool own = mm == current->mm;
	u64 begin = addr, whole = len, end, n;
	int err;

	/* A task cannot outlive its own mm; only another's needs mmget(). */
	if (!pinless_range_end(addr, len, &end) || end > mm->task_size ||
	    (!own && !mmget_not_zero(mm))) {
		pinless_mirror_count_error(account, -EFAULT);
		return -EFAULT;
	}
	if (trace_pinless_fault_begin_enabled())
		pinless_observe_begin(account, addr, len, flags);
	if (trace_pinless_fault_enabled() || pinless_hist_wanted()) {
		times = &measured;
		pinless_times_begin(times);
	}
	if (flags & PINLESS_FAULT_NOWAIT) {
		err = -EAGAIN;
		if (!down_read_trylock(&mirror->fault_sem))
			goto out_mm;
	} else {
		down_read(&mirror->fault_sem);
	}
	pinless_times_note(times, PINLESS_STAGE_LOCK);

	for (err = 0; len && !err; addr += n, len -= n) {
		n = pinless_range_in_leaf(addr, len);
		err = fault_in_leaf(mirror, addr, n, flags, account, stream,
				    times);
		if (err == -ENOMEM && trim(mirror))
			err = fault_in_leaf(mirror, addr, n, flags, account,
					    stream, times);
	}
	up_read(&mirror->fault_sem);
	if (unlikely(err && err != -EAGAIN))
		pinless_mirror_count_error(account, err);
out_mm:
	if (unlikely(times))
		pinless_observe_end(times, account, begin, whole, flags, err);
	/*
	 * If this is the last reference, do not tear down another process's mm
	 * here.
	 */
	if (!own)
		mmput_async(mm);
	return err;
}

/*
 * A mirror of 1 TiB has half a million leaves; they are scanned in batches, and
 * a fault waits for one batch only.
 */
#define REAP_BATCH	512

/*
 * Removes the empty ones of the next @nr leaves from a mirror; false if a fault
 * is under way. The list rotates, as for the shrinker.
 */
static bool reap_leaves(struct pinless_mirror *mirror, unsigned long nr)
{
	struct pinless_leaf *leaf;
	LIST_HEAD(dead);

	if (!down_write_trylock(&mirror->fault_sem))
		return false;
	spin_lock(&mirror->list_lock);
	for (; nr && !list_empty(&mirror->list); nr--) {
		leaf = list_first_entry(&mirror->list, struct pinless_leaf,
					node);
		if (READ_ONCE(leaf->kind) != PINLESS_LEAF_EMPTY) {
			list_move_tail(&leaf->node, &mirror->list);
			continue;
		}
		/* Only faults fill leaves, and none is under way. */
		pinless_leaf_kill(leaf);
		xa_erase(&mirror->leaves,
			 pinless_range_leaf(pinless_leaf_start(leaf)));
		list_move(&leaf->node, &dead);
		WRITE_ONCE(mirror->nr, mirror->nr - 1);
	}
	if (!list_empty(&dead))
		pinless_stamp_renew(&mirror->stamp);
	spin_unlock(&mirror->list_lock);
	up_write(&mirror->fault_sem);
	destroy_leaves(&dead);
	return true;
}

/* Removes the empty leaves from a mirror, until a fault gets in the way. */
static void reap_mirror(struct pinless_mirror *mirror)
{
	unsigned long left = READ_ONCE(mirror->nr), nr;

	for (; left; left -= nr) {
		nr = min_t(unsigned long, left, REAP_BATCH);
		if (!reap_leaves(mirror, nr))
			break;
		cond_resched();
	}
}

/* The next mirror of the list after @prev, with a reference; puts @prev. */
static struct pinless_mirror *next_mirror(struct pinless_mirror *prev)
{
	struct pinless_mirror *next = NULL, *m;

	spin_lock(&mirrors_lock);
	m = list_prepare_entry(prev, &mirrors_list, node);
	list_for_each_entry_continue(m, &mirrors_list, node) {
		if (refcount_inc_not_zero(&m->refs)) {
			next = m;
			break;
		}
	}
	spin_unlock(&mirrors_lock);
	if (prev)
		pinless_mirror_put(prev);
	return next;
}

static void reap(struct work_struct *work)
{
	struct pinless_mirror *mirror = NULL;

	while ((mirror = next_mirror(mirror)))
		reap_mirror(mirror);
}

static DECLARE_WORK(reap_work, reap);

static unsigned long shrink_count(struct shrinker *s, struct shrink_control *sc)
{
	unsigned long n = pinless_table_count() + pinless_leaf_pages();

	return n ? n : SHRINK_EMPTY;
}

/*
 * Runs in reclaim, on behalf of any thread, possibly one in the middle of a
 * fault or of an invalidation: every lock is only tried for, and what has to
 * wait for an invalidation is left to a worker.
 */
static unsigned long shrink_scan(struct shrinker *s, struct shrink_control *sc)
{
	struct pinless_mirror *mirror, *last;
	unsigned long freed = 0, scanned = 0;
	u64 begin = trace_pinless_shrink_enabled() ? ktime_get_ns() : 0;

	if (!spin_trylock(&mirrors_lock))
		return SHRINK_STOP;
	last = list_empty(&mirrors_list) ? NULL :
		list_last_entry(&mirrors_list, struct pinless_mirror, node);
	while (last && scanned < sc->nr_to_scan) {
		mirror = list_first_entry(&mirrors_list, struct pinless_mirror,
					  node);
		list_move_tail(&mirror->node, &mirrors_list);
		freed += shrink_mirror(mirror, sc->nr_to_scan, &scanned);
		if (mirror == last)
			break;
	}
	spin_unlock(&mirrors_lock);
	sc->nr_scanned = scanned;
	if (trace_pinless_shrink_enabled() && begin)
		trace_pinless_shrink(sc->nr_to_scan, scanned, freed,
				     ktime_get_ns() - begin);
	if (scanned)
		queue_work(reap_wq, &reap_work);
	return freed ? freed : SHRINK_STOP;
}

static struct shrinker shrink_template = {
	.count_objects = shrink_count,
	.scan_objects = shrink_scan,
	.seeks = DEFAULT_SEEKS,
};

static struct shrinker *shrinker;

/**
 * pinless_mirror_init() - at the start of the module
 *
 * Return: 0 or -ENOMEM.
 */
int pinless_mirror_init(void)
{
	int err;

	err = pinless_leaf_init();
	if (err)
		return err;
	err = rhashtable_init(&mirrors, &mirrors_params);
	if (err)
		goto err_leaf;
	err = -ENOMEM;
	reap_wq = alloc_workqueue("pinless_reap", WQ_UNBOUND, 1);
	if (!reap_wq)
		goto err_hash;
	shrinker = pinless_shrinker_register(&shrink_template, "pinless");
	if (!shrinker)
		goto err_wq;
	return 0;

err_wq:
	destroy_workqueue(reap_wq);
err_hash:
	rhashtable_destroy(&mirrors);
err_leaf:
	pinless_leaf_exit();
	return err;
}

/**
 * pinless_mirror_exit() - at the end of the module
 *
 * All regions, prefetches and faults are gone.
 */
void pinless_mirror_exit(void)
{
	pinless_shrinker_unregister(shrinker);
	destroy_workqueue(reap_wq);
	WARN_ON(!list_empty(&mirrors_list));
	rhashtable_destroy(&mirrors);
	pinless_leaf_exit();
}
