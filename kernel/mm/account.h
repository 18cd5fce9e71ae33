/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef PINLESS_ACCOUNT_H
#define PINLESS_ACCOUNT_H

#include <linux/atomic.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/types.h>

#include "base/idtable.h"
#include "obs/port.h"

/*
 * An account is what translation entries are charged to, one for each region.
 * Regions that overlap share the entries of the mirror, so an entry remembers,
 * in 20 bits, the account of the access or prefetch that faulted it in; an
 * invalidation finds the account by that number and charges it. The cost does
 * not depend on how many regions cover the page.
 *
 * An account outlives its region while it is held: a fault that has to sleep
 * drops the region, holds the account and the mirror, and goes on.
 */
#define PINLESS_ACCOUNT_BITS	PINLESS_ID_BITS
#define PINLESS_ACCOUNT_NONE	0u

/**
 * struct pinless_account - what a region has cost
 * @id:            1 .. 2^20 - 1, unique in the module while the region lives
 * @refs:          one for the region, one for each fault under way
 * @faults:        pages that accesses through the region found missing
 * @invalidations: pages that the region brought in and that were dropped again
 * @prefetched:    pages that ibv_advise_mr brought in
 * @port:          of the device; NULL once the region is gone. Read it only
 *                 through the functions below
 * @rcu:           frees it
 */
struct pinless_account {
	u32 id;
	refcount_t refs;
	atomic64_t faults;
	atomic64_t invalidations;
	atomic64_t prefetched;
	struct pinless_port *port;
	struct rcu_head rcu;
};

struct pinless_account *pinless_account_create(struct pinless_port *port);
void pinless_account_destroy(struct pinless_account *account);
struct pinless_account *pinless_account_find(u32 id);
void pinless_account_put(struct pinless_account *account);
int pinless_account_init(void);
void pinless_account_exit(void);

/**
 * pinless_account_hold() - take one more reference
 * @account: held by the caller, or of a region that the caller holds; or NULL
 *
 * Context: any.
 */
static inline void pinless_account_hold(struct pinless_account *account)
{
	if (account)
		refcount_inc(&account->refs);
}

/**
 * pinless_account_gone() - whether the region has been deregistered
 * @account: held by the caller
 *
 * Context: any.
 * Return: true if further work on its account is in vain.
 */
static inline bool pinless_account_gone(const struct pinless_account *account)
{
	return !READ_ONCE(account->port);
}

/* The port of the account's device, or NULL. Under RCU while it is in use. */
static inline struct pinless_port *
pinless_account_port(const struct pinless_account *account)
{
	return READ_ONCE(account->port);
}

/**
 * pinless_account_count() - add to a port counter of the account's device
 * @account: held by the caller, or found in this RCU section; NULL counts
 *           nothing
 * @counter: which one
 * @n:       how much to add
 *
 * The port exists for as long as the account's @port can be read here:
 * pinless_account_destroy() clears it, all regions of a device are gone before
 * the device is, and the device waits for a grace period before it frees its
 * counters and itself.
 *
 * Context: any.
 */
static inline void pinless_account_count(struct pinless_account *account,
					 enum pinless_counter counter, u64 n)
{
	struct pinless_port *port;

	if (!account)
		return;
	rcu_read_lock();
	port = pinless_account_port(account);
	if (port)
		pinless_count(&port->counters, counter, n);
	rcu_read_unlock();
}

#endif /* PINLESS_ACCOUNT_H */
