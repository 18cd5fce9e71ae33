/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef PINLESS_OBSERVE_H
#define PINLESS_OBSERVE_H

#include <linux/types.h>

struct mmu_notifier_range;
struct pinless_account;
struct pinless_times;

void pinless_observe_begin(const struct pinless_account *account, u64 addr,
			   u64 len, unsigned int flags);
void pinless_observe_end(struct pinless_times *t,
			 const struct pinless_account *account, u64 addr,
			 u64 len, unsigned int flags, int err);
void pinless_observe_invalidation(const struct mmu_notifier_range *range,
				  u64 start, u64 end, u32 account_id,
				  unsigned int pages, u64 total);

#endif /* PINLESS_OBSERVE_H */
