// SPDX-License-Identifier: GPL-2.0
/* Copyright (c) 2026 The pinless authors */

/*
 * What is measured of faults and invalidations. None of this runs, and no clock
 * is read, unless a tracepoint or the histograms of a device are enabled.
 */
#include <linux/ktime.h>

#include "obs/port.h"
#include "obs/timing.h"
#define CREATE_TRACE_POINTS
#include "obs/trace.h"

/**
 * pinless_times_dev() - the device of a port, for tracepoints
 * @port: or NULL
 *
 * Context: any.
 * Return: the number that "rdma dev" shows, or -1 for NULL.
 */
int pinless_times_dev(const struct pinless_port *port)
{
	return port ? port->index : -1;
}

/**
 * pinless_times_begin() - start the clock of a fault
 * @t: filled in
 *
 * Context: any.
 */
void pinless_times_begin(struct pinless_times *t)
{
	*t = (struct pinless_times){};
	t->begin = ktime_get_ns();
	t->mark = t->begin;
}

/**
 * pinless_times_stage() - charge a stage with the time since the last call
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

static void add_fault(struct pinless_hist *h, const struct pinless_times *t,
		      u64 total)
{
	pinless_hist_add(h, PINLESS_HIST_FAULT, total);
	pinless_hist_add(h, PINLESS_HIST_FAULT_LOCK,
			 t->stage[PINLESS_STAGE_LOCK]);
	pinless_hist_add(h, PINLESS_HIST_FAULT_HMM,
			 t->stage[PINLESS_STAGE_HMM]);
	pinless_hist_add(h, PINLESS_HIST_FAULT_COMMIT,
			 t->stage[PINLESS_STAGE_COMMIT]);
	pinless_hist_add(h, PINLESS_HIST_FAULT_PAGES, t->pages);
}

/**
 * pinless_times_end() - a fault is over
 * @t:     the times
 * @port:  of the device that it was for; NULL if the region is gone
 * @addr:  first user address
 * @len:   bytes
 * @flags: enum pinless_fault_flags
 * @err:   its result, 0 or a negative errno
 *
 * Context: any; @port stays meanwhile.
 */
void pinless_times_end(struct pinless_times *t, struct pinless_port *port,
		       u64 addr, u64 len, unsigned int flags, int err)
{
	u64 total = ktime_get_ns() - t->begin;

	if (trace_pinless_fault_enabled())
		trace_pinless_fault(pinless_times_dev(port), addr, len, flags,
				    err, t, total);
	/* -EAGAIN: a worker goes on with it, and adds it when it is done. */
	if (port && pinless_hist_wanted() && err != -EAGAIN)
		add_fault(&port->hist, t, total);
}

/**
 * pinless_times_invalidated() - an invalidation is done with a leaf
 * @range: the invalidation
 * @start: first address of it in the leaf
 * @end:   the address after the last one
 * @port:  of a device that some of the pages were brought in for; or NULL
 * @pages: how many it took, or made read-only
 * @total: nanoseconds
 *
 * Context: any; never sleeps; @port stays meanwhile.
 */
void pinless_times_invalidated(const struct mmu_notifier_range *range,
			       u64 start, u64 end, struct pinless_port *port,
			       unsigned int pages, u64 total)
{
	int dev = pinless_times_dev(port);

	trace_pinless_invalidate(dev, start, end, range->event,
				 mmu_notifier_range_blockable(range), pages,
				 total);
	if (port)
		pinless_hist_add(&port->hist, PINLESS_HIST_INVALIDATE, total);
}
