/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef PINLESS_TIMING_H
#define PINLESS_TIMING_H

#include <linux/types.h>

#include "obs/stages.h"

struct mmu_notifier_range;
struct pinless_port;

void pinless_times_begin(struct pinless_times *t);
void pinless_times_stage(struct pinless_times *t, enum pinless_stage stage);
void pinless_times_end(struct pinless_times *t, struct pinless_port *port,
		       u64 addr, u64 len, unsigned int flags, int err);
int pinless_times_dev(const struct pinless_port *port);
void pinless_times_invalidated(const struct mmu_notifier_range *range,
			       u64 start, u64 end, struct pinless_port *port,
			       unsigned int pages, u64 total);

/**
 * pinless_times_note() - end a stage, if the fault is measured
 * @t:     the times, or NULL if it is not
 * @stage: which stage
 *
 * Context: any.
 */
static __always_inline void pinless_times_note(struct pinless_times *t,
					       enum pinless_stage stage)
{
	if (unlikely(t))
		pinless_times_stage(t, stage);
}

#endif /* PINLESS_TIMING_H */
