// SPDX-License-Identifier: GPL-2.0
/* Copyright (c) 2026 The pinless authors */

/* The port counters as the RDMA core asks for them. */
#include "obs/stats.h"
#include "mm/leaf.h"
#include "verbs/device.h"
#include "verbs/hwstats.h"

#define X(member, counter, text) { .name = counter },
static const struct rdma_stat_desc stat_descs[PINLESS_CNT_COUNT] = {
	PINLESS_COUNTERS(X)
};

#undef X

/**
 * pinless_alloc_hw_port_stats() - op alloc_hw_port_stats
 * @ibdev: the device
 * @port:  1
 *
 * The core serves readers from values that have not outlived their life span,
 * which begins with the clock tick of the last reading. One of -1 ticks is over
 * when it begins, so that every reader sees the present values.
 *
 * Context: process context, may sleep.
 * Return: what the core fills by pinless_get_hw_stats(), or NULL.
 */
struct rdma_hw_stats *pinless_alloc_hw_port_stats(struct ib_device *ibdev,
						  u32 port)
{
	struct rdma_hw_stats *stats;

	stats = rdma_alloc_hw_stats_struct(stat_descs, PINLESS_CNT_COUNT, 0);
	if (stats)
		stats->lifespan = -1UL;
	return stats;
}

/**
 * pinless_get_hw_stats() - op get_hw_stats
 * @ibdev: the device
 * @stats: to fill
 * @port:  1; 0 asks for counters of the device, which there are none of
 * @index: the one counter wanted, or PINLESS_CNT_COUNT; all are summed up
 *
 * Context: process context.
 * Return: PINLESS_CNT_COUNT, or -EINVAL.
 */
int pinless_get_hw_stats(struct ib_device *ibdev, struct rdma_hw_stats *stats,
			 u32 port, int index)
{
	if (!port)
		return -EINVAL;

	pinless_counters_read(&to_pdev(ibdev)->port.counters, stats->value);
	stats->value[PINLESS_CNT_TABLE_BYTES] = pinless_leaf_bytes();
	return PINLESS_CNT_COUNT;
}
