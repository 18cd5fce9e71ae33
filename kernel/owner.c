// SPDX-License-Identifier: GPL-2.0
/* Copyright (c) 2026 The pinless authors */
#include <linux/err.h>
#include <linux/slab.h>
#include <linux/xarray.h>

#include "owner.h"

/*
 * One name space for all devices, because mirrors are shared between devices.
 * Numbers are given out in a cycle: an entry of the table may name a region
 * that is gone, and would charge the next one of that number; after a whole
 * cycle such entries are few.
 */
static DEFINE_XARRAY_ALLOC1(owners);
static u32 next_id;	/* under the lock of owners */

/**
 * pinless_owner_create() - a new account
 * @port: counters of the device that the region is registered with
 *
 * Context: process context, may sleep.
 * Return: the owner, ERR_PTR(-ENOMEM), or ERR_PTR(-ENOSPC) when all numbers are
 * taken.
 */
struct pinless_owner *pinless_owner_create(struct pinless_counters *port)
{
	struct pinless_owner *owner;
	int err;

	owner = kzalloc(sizeof(*owner), GFP_KERNEL_ACCOUNT);
	if (!owner)
		return ERR_PTR(-ENOMEM);
	refcount_set(&owner->refs, 1);
	owner->port = port;
	/* Stored with release order: who finds it finds @port and the zeros. */
	err = xa_alloc_cyclic(&owners, &owner->id, owner,
			      XA_LIMIT(1, (1 << PINLESS_OWNER_BITS) - 1),
			      &next_id, GFP_KERNEL);
	if (err < 0) {
		kfree(owner);
		return ERR_PTR(err == -EBUSY ? -ENOSPC : err);
	}
	return owner;
}

/**
 * pinless_owner_destroy() - the region is gone
 * @owner: from pinless_owner_create(), or NULL
 *
 * From here on nobody finds the owner by its number, and those who still have
 * it charge no device.
 *
 * Context: any, interrupts enabled; never sleeps.
 */
void pinless_owner_destroy(struct pinless_owner *owner)
{
	if (!owner)
		return;
	xa_erase(&owners, owner->id);
	WRITE_ONCE(owner->port, NULL);
	pinless_owner_put(owner);
}

/**
 * pinless_owner_find() - the owner that has a number
 * @id: any number; PINLESS_OWNER_NONE is nobody's
 *
 * Context: an RCU read-side section, which is how long the result may be used.
 * Return: the owner, or NULL when it is gone.
 */
struct pinless_owner *pinless_owner_find(u32 id)
{
	return id == PINLESS_OWNER_NONE ? NULL : xa_load(&owners, id);
}

/**
 * pinless_owner_put() - drop a reference
 * @owner: or NULL
 *
 * Context: any; never sleeps.
 */
void pinless_owner_put(struct pinless_owner *owner)
{
	if (owner && refcount_dec_and_test(&owner->refs))
		kfree_rcu(owner, rcu);
}

/**
 * pinless_owner_exit() - at the end of the module
 *
 * Context: process context; all devices are gone.
 */
void pinless_owner_exit(void)
{
	WARN_ON(!xa_empty(&owners));
	xa_destroy(&owners);
}
