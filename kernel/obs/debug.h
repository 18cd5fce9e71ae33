/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef PINLESS_DEBUG_H
#define PINLESS_DEBUG_H

#include <linux/mmu_notifier.h>
#include <linux/types.h>

/*
 * What tests of the contract of the mirror (docs/contract.md) need of the
 * driver: to break a rule on purpose, and to hold a fault or an invalidation at
 * the point where others can come between. Only in a build with
 * PINLESS_DEBUG=1; otherwise all of it is constant and leaves no code.
 */

/* The rules M1 .. M6, and one that is not about invalidations. */
enum pinless_rule {
	PINLESS_RULE_NONE,
	PINLESS_RULE_MIRROR,	/* one mirror for an address space */
	PINLESS_RULE_DROP,	/* an invalidation takes the entries away */
	PINLESS_RULE_RETRY,	/* a fault that collided is done again */
	PINLESS_RULE_WAIT,	/* a fault waits for a running invalidation */
	PINLESS_RULE_UNDO,	/* a refused invalidation leaves nothing behind */
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
