// SPDX-License-Identifier: GPL-2.0
/* Copyright (c) 2026 The pinless authors */

/*
 * The debug build: module parameters (/sys/module/pinless/parameters) by which
 * the tests of the contract break rules and force interleavings.
 *
 *   broken_rule      0, or the number of the rule that is broken, 1 .. 7
 *   hold_fault       N > 0: the next N faults of the writer's address space
 *                    stop between hmm_range_fault() and their commit; -1 lets
 *                    one of them go on, 0 all. Reads as the number that are
 *                    stopped
 *   hold_invalidate  the same for blockable invalidations, which stop before
 *                    they return
 *   collide          "N START LENGTH": the next N times that a fault of the
 *                    writer's address space is about to be stored, an
 *                    invalidation of that range comes first. Reads as how many
 *                    are left
 *   refuse           N: a non-blockable invalidation is refused at its N-th
 *                    leaf
 *   invalidate       "START LENGTH": a non-blockable invalidation of the
 *                    writer's own addresses, as the OOM reaper does it; write()
 *                    returns its error
 *   mirrors          how many there are
 *
 * For throw-away machines only.
 */
#include <linux/kprobes.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched/mm.h>
#include <linux/spinlock.h>
#include <linux/wait.h>

#include "obs/debug.h"

/* How long a hold lasts at the most, should the test die before it ends it. */
#define HOLD_MAX	(60 * HZ)

unsigned int pinless_broken_rule;

/* Faults wait while a refused invalidation is still counted (rule 5 broken). */
static atomic_t refused_counted;
static DECLARE_WAIT_QUEUE_HEAD(hold_wait);

static int set_rule(const char *val, const struct kernel_param *kp)
{
	int err = param_set_uint_minmax(val, kp, PINLESS_RULE_NONE,
					PINLESS_RULE_DIRTY);

	atomic_set(&refused_counted, 0);
	wake_up_all(&hold_wait);
	return err;
}

static const struct kernel_param_ops rule_ops = {
	.set = set_rule,
	.get = param_get_uint,
};

module_param_cb(broken_rule, &rule_ops, &pinless_broken_rule, 0644);

/**
 * struct hold - a point where threads are stopped
 * @lock:  protects the rest
 * @mm:    the address space whose threads are stopped; only compared
 * @armed: how many are still to be stopped
 * @held:  how many are stopped
 * @go:    how many of those may go on
 */
struct hold {
	spinlock_t lock;	/* see above */
	struct mm_struct *mm;
	int armed;
	int held;
	int go;
};

static struct hold hold_fault = {
	.lock = __SPIN_LOCK_UNLOCKED(hold_fault.lock),
};

static struct hold hold_invalidate = {
	.lock = __SPIN_LOCK_UNLOCKED(hold_invalidate.lock),
};

static bool may_go(struct hold *h)
{
	bool go;

	spin_lock(&h->lock);
	go = h->go > 0;
	if (go)
		h->go--;
	spin_unlock(&h->lock);
	return go;
}

static void stop_here(struct hold *h, struct mm_struct *mm)
{
	bool stop;

	spin_lock(&h->lock);
	stop = h->armed > 0 && h->mm == mm;
	if (stop) {
		h->armed--;
		h->held++;
	}
	spin_unlock(&h->lock);
	if (!stop)
		return;
	/* Idle: a hold on purpose must not be reported as a hung task. */
	if (!wait_event_idle_timeout(hold_wait, may_go(h), HOLD_MAX))
		pr_err("pinless: a held thread was never told to go on\n");
	spin_lock(&h->lock);
	h->held--;
	spin_unlock(&h->lock);
}

static int set_hold(const char *val, const struct kernel_param *kp)
{
	struct hold *h = kp->arg;
	int n, err;

	err = kstrtoint(val, 0, &n);
	if (err || n < -1)
		return err ? err : -EINVAL;
	spin_lock(&h->lock);
	if (n > 0) {
		h->mm = current->mm;
		h->armed = n;
	} else if (n < 0) {
		h->go++;
	} else {
		h->armed = 0;
		h->go = h->held;
	}
	spin_unlock(&h->lock);
	wake_up_all(&hold_wait);
	return 0;
}

static int get_hold(char *buffer, const struct kernel_param *kp)
{
	struct hold *h = kp->arg;

	return sysfs_emit(buffer, "%d\n", READ_ONCE(h->held));
}

static const struct kernel_param_ops hold_ops = {
	.set = set_hold,
	.get = get_hold,
};

module_param_cb(hold_fault, &hold_ops, &hold_fault, 0644);
module_param_cb(hold_invalidate, &hold_ops, &hold_invalidate, 0644);

typedef int (*invalidate_start_fn)(struct mmu_notifier_range *range);
/* Older kernels take a second argument, false here. */
typedef void (*invalidate_end_fn)(struct mmu_notifier_range *range,
				  bool only_end);

/**
 * struct collide - invalidations that meet faults
 * @lock:  protects the rest
 * @mm:    the address space whose faults are met; only compared
 * @left:  how many are still to come
 * @from:  first byte of the range
 * @to:    the byte after the last one
 * @start: the kernel's function for the beginning of an invalidation
 * @end:   and for its end
 */
static struct collide {
	spinlock_t lock;	/* see above */
	struct mm_struct *mm;
	unsigned int left;
	unsigned long from;
	unsigned long to;
	invalidate_start_fn start;
	invalidate_end_fn end;
} collide = {
	.lock = __SPIN_LOCK_UNLOCKED(collide.lock),
};

static void collide_here(struct mm_struct *mm)
{
	struct mmu_notifier_range range = {
		.mm = mm,
		.event = MMU_NOTIFY_CLEAR,
		.flags = MMU_NOTIFIER_RANGE_BLOCKABLE,
	};
	bool now;

	spin_lock(&collide.lock);
	now = collide.left && collide.mm == mm;
	if (now)
		collide.left--;
	range.start = collide.from;
	range.end = collide.to;
	spin_unlock(&collide.lock);
	if (now && !collide.start(&range))
		collide.end(&range, false);
}

static unsigned int refuse;
module_param(refuse, uint, 0644);

/* The leaves of the invalidation under way, for @refuse. */
static atomic_t nonblockable_leaves;

/**
 * pinless_debug_refuse() - whether an invalidation is to be refused
 * @range: the invalidation; nothing of it has been done yet
 *
 * Context: as an invalidation; never sleeps.
 * Return: true to return false.
 */
bool pinless_debug_refuse(const struct mmu_notifier_range *range)
{
	if (mmu_notifier_range_blockable(range))
		return pinless_broken(PINLESS_RULE_ACCEPT);
	if (atomic_inc_return(&nonblockable_leaves) != READ_ONCE(refuse))
		return false;
	/* As HMM had it in 2019: counted, and never uncounted. */
	if (pinless_broken(PINLESS_RULE_UNDO))
		atomic_inc(&refused_counted);
	return true;
}

/**
 * pinless_debug_invalidated() - an invalidation is about to return
 * @range: the invalidation; it holds no lock of the driver
 *
 * Context: sleeps if it may.
 */
void pinless_debug_invalidated(const struct mmu_notifier_range *range)
{
	if (mmu_notifier_range_blockable(range))
		stop_here(&hold_invalidate, range->mm);
}

/**
 * pinless_debug_faulted() - a fault has its pages, and stores them next
 * @mm: the address space of the fault
 *
 * Context: may sleep.
 */
void pinless_debug_faulted(struct mm_struct *mm)
{
	stop_here(&hold_fault, mm);
	collide_here(mm);
}

/**
 * pinless_debug_read_begin() - step F1
 * @mni: of a leaf
 *
 * Context: sleeps at least while an invalidation of the leaf runs.
 * Return: what mmu_interval_read_begin() does.
 */
unsigned long pinless_debug_read_begin(struct mmu_interval_notifier *mni)
{
	if (pinless_broken(PINLESS_RULE_WAIT))
		return READ_ONCE(mni->invalidate_seq);
	if (!wait_event_idle_timeout(hold_wait, !atomic_read(&refused_counted),
				     HOLD_MAX))
		pr_err("pinless: a refused invalidation was never uncounted\n");
	return mmu_interval_read_begin(mni);
}

static atomic_t mirrors;

static int get_mirrors(char *buffer, const struct kernel_param *kp)
{
	return sysfs_emit(buffer, "%d\n", atomic_read(&mirrors));
}

static const struct kernel_param_ops mirrors_ops = {
	.get = get_mirrors,
};

module_param_cb(mirrors, &mirrors_ops, NULL, 0444);

/**
 * pinless_debug_mirrors() - a mirror has come or gone
 * @n: 1 or -1
 *
 * Context: any.
 */
void pinless_debug_mirrors(int n)
{
	atomic_add(n, &mirrors);
}

/*
 * Functions that are not exported are looked up the way probes find them. The
 * probe is never armed, so no code is patched under running CPUs.
 */
static void *find_function(const char *name)
{
	struct kprobe kp = {
		.symbol_name = name,
		.flags = KPROBE_FLAG_DISABLED,
	};
	void *addr;

	if (register_kprobe(&kp))
		return NULL;
	addr = kp.addr;
	unregister_kprobe(&kp);
	return addr;
}

static int find_invalidation(invalidate_start_fn *start,
			     invalidate_end_fn *end)
{
	*start = find_function("__mmu_notifier_invalidate_range_start");
	*end = find_function("__mmu_notifier_invalidate_range_end");
	return *start && *end ? 0 : -EOPNOTSUPP;
}

static int set_invalidate(const char *val, const struct kernel_param *kp)
{
	struct mmu_notifier_range range = {
		.mm = current->mm,
		.event = MMU_NOTIFY_CLEAR,
	};
	invalidate_start_fn start;
	invalidate_end_fn end;
	unsigned long len;
	int err;

	if (sscanf(val, "%li %li", &range.start, &len) != 2 || !range.mm)
		return -EINVAL;
	range.end = range.start + len;
	err = find_invalidation(&start, &end);
	if (err)
		return err;
	if (!mm_has_notifiers(range.mm))
		return 0;
	atomic_set(&nonblockable_leaves, 0);
	err = start(&range);
	if (!err)
		end(&range, false);
	return err;
}

static const struct kernel_param_ops invalidate_ops = {
	.set = set_invalidate,
};

module_param_cb(invalidate, &invalidate_ops, NULL, 0200);

static int set_collide(const char *val, const struct kernel_param *kp)
{
	unsigned long from, len;
	invalidate_start_fn start;
	invalidate_end_fn end;
	unsigned int n;
	int err;

	if (sscanf(val, "%u %li %li", &n, &from, &len) != 3)
		return -EINVAL;
	err = find_invalidation(&start, &end);
	if (err)
		return err;
	spin_lock(&collide.lock);
	collide.mm = current->mm;
	collide.left = n;
	collide.from = from;
	collide.to = from + len;
	collide.start = start;
	collide.end = end;
	spin_unlock(&collide.lock);
	return 0;
}

static int get_collide(char *buffer, const struct kernel_param *kp)
{
	return sysfs_emit(buffer, "%u\n", READ_ONCE(collide.left));
}

static const struct kernel_param_ops collide_ops = {
	.set = set_collide,
	.get = get_collide,
};

module_param_cb(collide, &collide_ops, NULL, 0644);
