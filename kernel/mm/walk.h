/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef PINLESS_WALK_H
#define PINLESS_WALK_H

#include <linux/types.h>

struct mm_struct;
struct page;

bool pinless_page_usable(struct page *page);
unsigned int pinless_walk(struct mm_struct *mm, unsigned long addr,
			  unsigned int pages, unsigned long *pfns);

#endif /* PINLESS_WALK_H */
