/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef PINLESS_STAGES_H
#define PINLESS_STAGES_H

#include <linux/types.h>

/* Where the time of a fault goes. */
enum pinless_stage {
	PINLESS_STAGE_LOCK,	/* wait for locks and invalidations */
	PINLESS_STAGE_HMM,	/* look in the page tables, fault */
	PINLESS_STAGE_COMMIT,	/* allocate, store the entries */
	PINLESS_STAGES
};

/**
 * struct pinless_times - where the time of a fault goes, if that is measured
 * @begin:      ktime_get_ns() when it began
 * @mark:       the same, when its last stage ended
 * @stage:      nanoseconds in each stage
 * @pages:      pages that were missing and have been brought in
 * @neighbours: pages that were taken along
 * @calls:      times that the kernel was asked
 * @retries:    times that an invalidation collided
 */
struct pinless_times {
	u64 begin;
	u64 mark;
	u64 stage[PINLESS_STAGES];
	unsigned int pages;
	unsigned int neighbours;
	unsigned int calls;
	unsigned int retries;
};

#endif /* PINLESS_STAGES_H */
