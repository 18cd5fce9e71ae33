/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef PINLESS_STATS_H
#define PINLESS_STATS_H

#include <linux/percpu.h>
#include <linux/types.h>

#include "obs/counters.h"

#define X(member, name, text) PINLESS_CNT_##member,
enum pinless_counter {
	PINLESS_COUNTERS(X)
	PINLESS_CNT_COUNT
};

#undef X

struct pinless_counter_values {
	u64 v[PINLESS_CNT_COUNT];
};

/**
 * struct pinless_counters - the counters of one device
 * @pcpu: one set for each CPU, summed up on reading
 */
struct pinless_counters {
	struct pinless_counter_values __percpu *pcpu;
};

/**
 * pinless_count() - add to a port counter
 * @c:       counters of the device
 * @counter: which one
 * @n:       how much to add
 *
 * Context: any.
 */
static inline void pinless_count(struct pinless_counters *c,
				 enum pinless_counter counter, u64 n)
{
	this_cpu_add(c->pcpu->v[counter], n);
}

int pinless_counters_init(struct pinless_counters *c);
void pinless_counters_destroy(struct pinless_counters *c);
void pinless_counters_read(const struct pinless_counters *c, u64 *v);

#endif /* PINLESS_STATS_H */
