/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef PINLESS_STAMP_H
#define PINLESS_STAMP_H

#include <linux/atomic.h>
#include <linux/types.h>

/*
 * A stamp lets a reader cache a pointer that it has looked up in a table,
 * without a reference. The table has a stamp, whose value is never used twice,
 * neither in this table nor in another:
 *
 *   removal                           look-up, under RCU
 *   erase the object                  stamp = pinless_stamp_read()
 *   pinless_stamp_renew()             is it that of the cached pointer?
 *   free it after a grace period      yes: use the pointer
 *                                     no: look it up, cache it with the stamp
 *
 * A look-up that reads the new stamp finds the object erased, so the pointer is
 * never cached with the new stamp. One that reads the old stamp entered its RCU
 * section before the grace period began.
 */
struct pinless_stamp {
	u64 value;
};

extern atomic64_t pinless_stamps;

static inline void pinless_stamp_renew(struct pinless_stamp *stamp)
{
	/* Release: the erasure comes first. */
	smp_store_release(&stamp->value, atomic64_inc_return(&pinless_stamps));
}

static inline u64 pinless_stamp_read(const struct pinless_stamp *stamp)
{
	/* Acquire: the look-up comes later. */
	return smp_load_acquire(&stamp->value);
}

#endif /* PINLESS_STAMP_H */
