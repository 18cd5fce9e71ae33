// SPDX-License-Identifier: GPL-2.0
/* Copyright (c) 2026 The pinless authors */

#include "obs/stats.h"

/**
 * pinless_counters_init() - allocate the counters of a device
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
 * @c: no CPU adds to them any more
 *
 * Context: process context.
 */
void pinless_counters_destroy(struct pinless_counters *c)
{
	free_percpu(c->pcpu);
	c->pcpu = NULL;
}

/* Counters that are sums of others are not counted themselves. */
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
 * pinless_counters_read() - the counters of a device, summed up over all CPUs
 * @c: counters of the device
 * @v: out: PINLESS_CNT_COUNT values; PINLESS_CNT_TABLE_BYTES belongs to no
 *     device and reads 0
 *
 * Context: process context.
 */
void pinless_counters_read(const struct pinless_counters *c, u64 *v)
{
	int cpu, i;

	for (i = 0; i < PINLESS_CNT_COUNT; i++)
		v[i] = 0;
	for_each_possible_cpu(cpu)
		for (i = 0; i < PINLESS_CNT_COUNT; i++)
			v[i] += per_cpu_ptr(c->pcpu, cpu)->v[i];
	add_sums(v);
}
