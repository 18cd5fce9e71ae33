// SPDX-License-Identifier: GPL-2.0
/* Copyright (c) 2026 The pinless authors */
#include <linux/err.h>
#include <linux/slab.h>

#include "base/alloc.h"
#include "mm/account.h"

/*
 * One number space for all devices, because devices share mirrors. Numbers are
 * handed out cyclically: a translation entry may name a region that is gone,
 * and would charge the next one with that number; after a full cycle such
 * entries are few.
 */
static struct pinless_idtable accounts;

/**
 * pinless_account_create() - allocate an account
 * @port: of the device that the region is registered with
 *
 * Context: process context, may sleep.
 * Return: the account, ERR_PTR(-ENOMEM), or ERR_PTR(-ENOSPC) if all numbers are
 * taken.
 */
struct pinless_account *pinless_account_create(struct pinless_port *port)
{
	struct pinless_account *account;
	int err;

	account = kzalloc(sizeof(*account), PINLESS_GFP_USER);
	if (!account)
		return ERR_PTR(-ENOMEM);
	refcount_set(&account->refs, 1);
	account->port = port;
	err = pinless_idtable_add(&accounts, account, &account->id, NULL);
	if (err) {
		kfree(account);
		return ERR_PTR(err);
	}
	return account;
}

/**
 * pinless_account_destroy() - the region is gone
 * @account: from pinless_account_create(), or NULL
 *
 * From here on a look-up by number does not find the account, and holders that
 * still have it charge no device.
 *
 * Context: any, interrupts enabled; never sleeps.
 */
void pinless_account_destroy(struct pinless_account *account)
{
	if (!account)
		return;
	pinless_idtable_remove(&accounts, account->id);
	WRITE_ONCE(account->port, NULL);
	pinless_account_put(account);
}

/**
 * pinless_account_find() - the account that has a number
 * @id: any number; no account has PINLESS_ACCOUNT_NONE
 *
 * Context: an RCU read-side section; the result may be used until its end.
 * Return: the account, or NULL if it is gone.
 */
struct pinless_account *pinless_account_find(u32 id)
{
	return pinless_idtable_find(&accounts, id);
}

/**
 * pinless_account_put() - drop a reference
 * @account: or NULL
 *
 * Context: any; never sleeps.
 */
void pinless_account_put(struct pinless_account *account)
{
	if (account && refcount_dec_and_test(&account->refs))
		kfree_rcu(account, rcu);
}

/**
 * pinless_account_init() - at the start of the module
 *
 * Return: 0 or -ENOMEM.
 */
int pinless_account_init(void)
{
	return pinless_idtable_init(&accounts);
}

/**
 * pinless_account_exit() - at the end of the module
 *
 * Context: process context; all devices are gone, and all mirrors, so that no
 * invalidation looks for an account.
 */
void pinless_account_exit(void)
{
	pinless_idtable_destroy(&accounts);
}
