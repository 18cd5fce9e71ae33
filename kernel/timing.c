// SPDX-License-Identifier: GPL-2.0
/* Copyright (c) 2026 The pinless authors */

/*
 * What is measured of faults when somebody looks. Nothing of this runs, and no
 * clock is read, unless a tracepoint is enabled.
 */
#include <linux/ktime.h>
#include <linux/rcupdate.h>

#include "device.h"
#include "owner.h"
#include "timing.h"
#define CREATE_TRACE_POINTS
#include "trace.h"

/**
 * pinless_port_index() - which device counters belong to
 * @port: the counters, or NULL
 *
 * Context: the RCU read-side section in which @port was read.
 * Return: the number of the device, as "rdma dev" shows it, or 0.
 */
u32 pinless_port_index(struct pinless_counters *port)
{
	struct pinless_device *pdev;

	if (!port)
		return 0;
	pdev = container_of(port, struct pinless_device, counters);
	return pdev->ibdev.index;
}

static u32 owner_index(const struct pinless_owner *owner)
{
	u32 index = 0;

	rcu_read_lock();
	if (owner)
		index = pinless_port_index(pinless_owner_port(owner));
	rcu_read_unlock();
	return index;
}

/**
 * pinless_times_begin() - a fault begins
 * @t:     filled in
 * @owner: on whose account, held by the caller, or NULL
 * @addr:  first user address
 * @len:   bytes
 * @flags: enum pinless_fault_flags
 *
 * Context: any.
 */
void pinless_times_begin(struct pinless_times *t, struct pinless_owner *owner,
			 u64 addr, u64 len, unsigned int flags)
{
	if (trace_pinless_fault_begin_enabled())
		trace_pinless_fault_begin(owner_index(owner), addr, len, flags);
	*t = (struct pinless_times){};
	t->begin = ktime_get_ns();
	t->mark = t->begin;
}

/**
 * pinless_times_stage() - the time since the last call, or the beginning, was
 * that of a stage
 * @t:     the times
 * @stage: which stage
 *
 * Context: any.
 */
void pinless_times_stage(struct pinless_times *t, enum pinless_stage stage)
{
	u64 now = ktime_get_ns();

	t->stage[stage] += now - t->mark;
	t->mark = now;
}

/**
 * pinless_times_end() - a fault is over
 * @t:     the times
 * @owner: as for pinless_times_begin()
 * @addr:  likewise
 * @len:   likewise
 * @flags: likewise
 * @err:   what came of it, 0 or a negative errno
 *
 * Context: any.
 */
void pinless_times_end(struct pinless_times *t, struct pinless_owner *owner,
		       u64 addr, u64 len, unsigned int flags, int err)
{
	u64 total = ktime_get_ns() - t->begin;

	if (trace_pinless_fault_enabled())
		trace_pinless_fault(owner_index(owner), addr, len, flags, err,
				    t, total);
}
