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
 * struct pinless_fault - a fault in one leaf
 * @leaf:       the leaf; page numbers are relative to it
 * @want_first: first page asked for
 * @want_last:  last page asked for
 * @last:       the window: pages after @want_last, up to this one, are looked
 *              at, but not faulted; fault.c only lowers it
 * @flags:      enum pinless_fault_flags
 * @account:    charged with the pages, held; or NULL
 * @ahead:      out: neighbours looked at
 * @neighbours: out: neighbours that were mapped, and were stored
 * @missing:    out: pages asked for that were missing and have been stored
 * @calls:      out: times that the kernel was asked
 * @retries:    out: times that an invalidation collided
 * @times:      where its time goes; NULL if it is not measured
 * @minor:      current->min_flt at the beginning
 * @major:      current->maj_flt at the beginning
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
