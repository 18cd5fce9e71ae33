/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef PINLESS_STATS_H
#define PINLESS_STATS_H

#include <linux/percpu.h>
#include <linux/types.h>
#include <rdma/ib_verbs.h>

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
 * @pcpu: one set for each CPU; summed up when read
 */
struct pinless_counters {
	struct pinless_counter_values __percpu *pcpu;
};

/**
 * pinless_count() - add to a port counter
 * @c:       counters of the device; NULL counts nothing
 * @counter: which
 * @n:       how many
 *
 * Context: any.
 */
static inline void pinless_count(struct pinless_counters *c,
				 enum pinless_counter counter, u64 n)
{
	if (c)
		this_cpu_add(c->pcpu->v[counter], n);
}

int pinless_counters_init(struct pinless_counters *c);
void pinless_counters_destroy(struct pinless_counters *c);

extern const struct rdma_stat_desc pinless_stat_descs[PINLESS_CNT_COUNT];
struct rdma_hw_stats *pinless_alloc_hw_port_stats(struct ib_device *ibdev,
						  u32 port);
int pinless_get_hw_stats(struct ib_device *ibdev, struct rdma_hw_stats *stats,
			 u32 port, int index);

#endif /* PINLESS_STATS_H */
