/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef PINLESS_FAULT_H
#define PINLESS_FAULT_H

#include <linux/types.h>

#include "base/fault_flags.h"

struct pinless_leaf;
struct pinless_account;
struct pinless_times;

/**
 * struct pinless_fault - what a fault in one leaf is about
 * @leaf:       the leaf; page numbers are within it
 * @want_first: what must be there in the end: from this page
 * @want_last:  to this page
 * @last:       the window: pages after @want_last, up to this one, are looked at,
 *              but not faulted; fault.c only lowers it
 * @flags:      enum pinless_fault_flags
 * @account:      on whose account, held, or NULL
 * @ahead:      out: neighbours looked at
 * @neighbours: out: neighbours that were there, and were stored
 * @missing:    out: pages asked for that were missing, and are there now
 * @calls:      out: times that the kernel was asked
 * @retries:    out: times that an invalidation came between
 * @times:      where its time goes; NULL when nobody wants to know
 * @minor:      current->min_flt before
 * @major:      current->maj_flt before
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

int pinless_leaf_fault(struct pinless_fault *f);

#endif /* PINLESS_FAULT_H */
