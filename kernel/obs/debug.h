/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef PINLESS_DEBUG_H
#define PINLESS_DEBUG_H

#include <linux/mmu_notifier.h>
#include <linux/types.h>

/*
 * Hooks for the tests of the mirror's contract (docs/contract.md): they break a
 * rule on purpose, or hold a fault or an invalidation at the point where others
 * can race with it. Built with PINLESS_DEBUG=1 only; otherwise all of them are
 * constant and leave no code.
 */

/* The rules M1 .. M6, and one that does not concern invalidations. */
enum pinless_rule {
	PINLESS_RULE_NONE,
	PINLESS_RULE_MIRROR,	/* one mirror for each address space */
	PINLESS_RULE_DROP,	/* an invalidation takes the entries away */
	PINLESS_RULE_RETRY,	/* a fault that collided is retried */
	PINLESS_RULE_WAIT,	/* a fault waits for a running invalidation */
	PINLESS_RULE_UNDO,	/* a refused invalidation leaves no trace */
	PINLESS_RULE_ACCEPT,	/* a blockable invalidation is not refused */
	PINLESS_RULE_DIRTY,	/* a page that is written is marked dirty */
};

#ifdef PINLESS_DEBUG

extern unsigned int pinless_broken_rule;

static inline bool pinless_broken(enum pinless_rule rule)
{
	return READ_ONCE(pinless_broken_rule) == rule;
}

bool pinless_debug_refuse(const struct mmu_notifier_range *range);
void pinless_debug_invalidated(const struct mmu_notifier_range *range);
void pinless_debug_faulted(struct mm_struct *mm);
void pinless_debug_mirrors(int n);
unsigned long pinless_debug_read_begin(struct mmu_interval_notifier *mni);

#else

static inline bool pinless_broken(enum pinless_rule rule)
{
	return false;
}

static inline bool
pinless_debug_refuse(const struct mmu_notifier_range *range)
{
	return false;
}

static inline void
pinless_debug_invalidated(const struct mmu_notifier_range *range)
{
}

static inline void pinless_debug_faulted(struct mm_struct *mm)
{
}

static inline void pinless_debug_mirrors(int n)
{
}

#define pinless_debug_read_begin mmu_interval_read_begin

#endif /* PINLESS_DEBUG */

#endif /* PINLESS_DEBUG_H */
