// SPDX-License-Identifier: GPL-2.0
/* Copyright (c) 2026 The pinless authors */

#include "obs/stats.h"
#include "mm/leaf.h"
#include "verbs/device.h"

#define X(member, counter, text) { .name = counter },
const struct rdma_stat_desc pinless_stat_descs[PINLESS_CNT_COUNT] = {
	PINLESS_COUNTERS(X)
};

#undef X

/**
 * pinless_counters_init() - make the counters of a device
 * @c: filled in
 *
 * Context: process context, may sleep.
 * Return: 0, or -ENOMEM.
 */
int pinless_counters_init(struct pinless_counters *c)
{
	c->pcpu = alloc_percpu(struct pinless_counter_values);
	return c->pcpu ? 0 : -ENOMEM;
}

/**
 * pinless_counters_destroy() - free the counters of a device
 * @c: nobody counts any more
 *
 * Context: process context.
 */
void pinless_counters_destroy(struct pinless_counters *c)
{
	free_percpu(c->pcpu);
	c->pcpu = NULL;
}

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

	stats = rdma_alloc_hw_stats_struct(pinless_stat_descs,
					   PINLESS_CNT_COUNT, 0);
	if (stats)
		stats->lifespan = -1UL;
	return stats;
}

/* What is the sum of others is not counted by itself. */
static void add_sums(u64 *v)
{
	int i;

	v[PINLESS_CNT_FAULTS] = v[PINLESS_CNT_FAULTS_INITIATOR] +
				v[PINLESS_CNT_FAULTS_TARGET];
	v[PINLESS_CNT_DROPPED] = 0;
	for (i = PINLESS_CNT_INVAL_UNMAP; i <= PINLESS_CNT_INVAL_OTHER; i++)
		if (i != PINLESS_CNT_INVAL_PROTECT_PAGE)
			v[PINLESS_CNT_DROPPED] += v[i];
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
	struct pinless_counters *c = &to_pdev(ibdev)->port.counters;
	int cpu, i;

	if (!port)
		return -EINVAL;

	for (i = 0; i < PINLESS_CNT_COUNT; i++)
		stats->value[i] = 0;
	for_each_possible_cpu(cpu)
		for (i = 0; i < PINLESS_CNT_COUNT; i++)
			stats->value[i] += per_cpu_ptr(c->pcpu, cpu)->v[i];
	add_sums(stats->value);
	stats->value[PINLESS_CNT_TABLE_BYTES] = pinless_leaf_bytes();
	return PINLESS_CNT_COUNT;
}
