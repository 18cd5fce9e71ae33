// SPDX-License-Identifier: GPL-2.0
/* Copyright (c) 2026 The pinless authors */

/*
 * What is measured of faults when somebody looks. Nothing of this runs, and no
 * clock is read, unless a tracepoint is enabled, or histograms are.
 */
#include <linux/ktime.h>
#include <linux/rcupdate.h>

#include "obs/timing.h"
#include "mm/account.h"
#include "verbs/device.h"
#define CREATE_TRACE_POINTS
#include "obs/trace.h"

/* The device that an account's region is registered with, or NULL. Under RCU. */
static struct pinless_device *
account_device(const struct pinless_account *account)
{
	struct pinless_counters *port;

	port = account ? pinless_account_port(account) : NULL;
	return port ? container_of(port, struct pinless_device, port.counters) :
		      NULL;
}

/**
 * pinless_account_dev() - the device of an account, for tracepoints
 * @account: held by the caller, or found in this RCU section; or NULL
 *
 * Context: any.
 * Return: the number that "rdma dev" shows, or -1 when the region is gone.
 */
int pinless_account_dev(const struct pinless_account *account)
{
	struct pinless_device *pdev;
	int dev;

	rcu_read_lock();
	pdev = account_device(account);
	dev = pdev ? pdev->ibdev.index : -1;
	rcu_read_unlock();
	return dev;
}

/**
 * pinless_times_announce() - tell the tracer that a fault begins
 * @account: on whose account, held by the caller, or NULL
 * @addr:  first user address
 * @len:   bytes
 * @flags: enum pinless_fault_flags
 *
 * Context: any.
 */
void pinless_times_announce(struct pinless_account *account, u64 addr, u64 len,
			    unsigned int flags)
{
	trace_pinless_fault_begin(pinless_account_dev(account), addr, len,
				  flags);
}

/**
 * pinless_times_begin() - a fault begins
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

static void add_fault(const struct pinless_times *t,
		      const struct pinless_account *account, u64 total)
{
	struct pinless_device *pdev;
	struct pinless_hist *h;

	rcu_read_lock();
	pdev = account_device(account);
	if (pdev) {
		h = &pdev->port.hist;
		pinless_hist_add(h, PINLESS_HIST_FAULT, total);
		pinless_hist_add(h, PINLESS_HIST_FAULT_LOCK,
				 t->stage[PINLESS_STAGE_LOCK]);
		pinless_hist_add(h, PINLESS_HIST_FAULT_HMM,
				 t->stage[PINLESS_STAGE_HMM]);
		pinless_hist_add(h, PINLESS_HIST_FAULT_COMMIT,
				 t->stage[PINLESS_STAGE_COMMIT]);
		pinless_hist_add(h, PINLESS_HIST_FAULT_PAGES, t->pages);
	}
	rcu_read_unlock();
}

/**
 * pinless_times_end() - a fault is over
 * @t:     the times
 * @account: as for pinless_times_announce()
 * @addr:  likewise
 * @len:   likewise
 * @flags: likewise
 * @err:   what came of it, 0 or a negative errno
 *
 * Context: any.
 */
void pinless_times_end(struct pinless_times *t, struct pinless_account *account,
		       u64 addr, u64 len, unsigned int flags, int err)
{
	u64 total = ktime_get_ns() - t->begin;

	if (trace_pinless_fault_enabled())
		trace_pinless_fault(pinless_account_dev(account), addr, len,
				    flags, err, t, total);
	/* What a worker goes on with counts there. */
	if (pinless_hist_wanted() && err != -EAGAIN)
		add_fault(t, account, total);
}

/**
 * pinless_times_invalidated() - an invalidation is done with a leaf
 * @range:    what the kernel has said
 * @start:    first address of it in the leaf
 * @end:      the address after the last one
 * @account_id: number of the account of some of the pages
 * @pages:    how many it took, or made read-only
 * @total:    nanoseconds
 *
 * Context: any; never sleeps.
 */
void pinless_times_invalidated(const struct mmu_notifier_range *range,
			       u64 start, u64 end, u32 account_id,
			       unsigned int pages, u64 total)
{
	struct pinless_device *pdev;
	struct pinless_account *account;

	rcu_read_lock();
	account = pages ? pinless_account_find(account_id) : NULL;
	trace_pinless_invalidate(
		pinless_account_dev(account), start, end, range->event,
		mmu_notifier_range_blockable(range), pages, total);
	pdev = account_device(account);
	if (pdev)
		pinless_hist_add(&pdev->port.hist, PINLESS_HIST_INVALIDATE,
				 total);
	rcu_read_unlock();
}
