// SPDX-License-Identifier: GPL-2.0
/* Copyright (c) 2026 The pinless authors */
#include <linux/err.h>
#include <linux/slab.h>

#include "base/alloc.h"
#include "mm/account.h"

/*
 * One name space for all devices, because mirrors are shared between devices.
 * Numbers are given out in a cycle: an entry of the table may name a region
 * that is gone, and would charge the next one of that number; after a whole
 * cycle such entries are few.
 */
static struct pinless_idtable owners;

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

	owner = kzalloc(sizeof(*owner), PINLESS_GFP_USER);
	if (!owner)
		return ERR_PTR(-ENOMEM);
	refcount_set(&owner->refs, 1);
	owner->port = port;
	err = pinless_idtable_add(&owners, owner, &owner->id, NULL);
	if (err) {
		kfree(owner);
		return ERR_PTR(err);
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
	pinless_idtable_remove(&owners, owner->id);
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
	return pinless_idtable_find(&owners, id);
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
 * pinless_owner_init() - at the start of the module
 *
 * Return: 0 or -ENOMEM.
 */
int pinless_owner_init(void)
{
	return pinless_idtable_init(&owners);
}

/**
 * pinless_owner_exit() - at the end of the module
 *
 * Context: process context; all devices are gone, and all mirrors, so that no
 * invalidation looks for an owner.
 */
void pinless_owner_exit(void)
{
	pinless_idtable_destroy(&owners);
}
