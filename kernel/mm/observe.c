// SPDX-License-Identifier: GPL-2.0
/* Copyright (c) 2026 The pinless authors */

/*
 * Tracepoints and histograms of faults and invalidations: from the account of
 * the pages to the port that obs/ is handed. Called only while a tracepoint or
 * a histogram is on.
 */
#include <linux/rcupdate.h>

#include "obs/timing.h"
#include "obs/trace.h"
#include "mm/account.h"
#include "mm/observe.h"

static struct pinless_port *port_of(const struct pinless_account *account)
{
	return account ? pinless_account_port(account) : NULL;
}

/**
 * pinless_observe_begin() - tell the tracer that a fault begins
 * @account: charged with the fault, held by the caller; or NULL
 * @addr:    first user address
 * @len:     bytes
 * @flags:   enum pinless_fault_flags
 *
 * Context: any.
 */
void pinless_observe_begin(const struct pinless_account *account, u64 addr,
			   u64 len, unsigned int flags)
{
	rcu_read_lock();
	trace_pinless_fault_begin(pinless_times_dev(port_of(account)), addr,
				  len, flags);
	rcu_read_unlock();
}

/**
 * pinless_observe_end() - a fault is over
 * @t:       the times
 * @account: as for pinless_observe_begin()
 * @addr:    likewise
 * @len:     likewise
 * @flags:   likewise
 * @err:     its result, 0 or a negative errno
 *
 * Context: any.
 */
void pinless_observe_end(struct pinless_times *t,
			 const struct pinless_account *account, u64 addr,
			 u64 len, unsigned int flags, int err)
{
	rcu_read_lock();
	pinless_times_end(t, port_of(account), addr, len, flags, err);
	rcu_read_unlock();
}

/**
 * pinless_observe_invalidation() - an invalidation is done with a leaf
 * @range:      the invalidation
 * @start:      first address of it in the leaf
 * @end:        the address after the last one
 * @account_id: number of the account of some of the pages
 * @pages:      how many it took, or made read-only
 * @total:      nanoseconds
 *
 * Context: any; never sleeps.
 */
void pinless_observe_invalidation(const struct mmu_notifier_range *range,
				  u64 start, u64 end, u32 account_id,
				  unsigned int pages, u64 total)
{
	const struct pinless_account *account;

	rcu_read_lock();
	account = pages ? pinless_account_find(account_id) : NULL;
	pinless_times_invalidated(range, start, end, port_of(account), pages,
				  total);
	rcu_read_unlock();
}
