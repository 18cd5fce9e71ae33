/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef PINLESS_STAMP_H
#define PINLESS_STAMP_H

#include <linux/atomic.h>
#include <linux/types.h>

/*
 * Stamps let somebody keep a pointer that he has looked up in a table, without
 * a reference. The table has a stamp, which never had this value before,
 * neither there nor in another table:
 *
 *   who removes                       who looks up, under RCU
 *   erase the object                  stamp = pinless_stamp_read()
 *   pinless_stamp_renew()             stamp is that of the kept pointer?
 *   free it after a grace period      yes: use it
 *                                     no: look it up, keep it with the stamp
 *
 * Whoever reads the new stamp finds the object erased, so with the new stamp it
 * is never kept. Whoever reads the old one has entered his RCU section before
 * the grace period began.
 */
struct pinless_stamp {
	u64 value;
};

extern atomic64_t pinless_stamps;

static inline void pinless_stamp_renew(struct pinless_stamp *stamp)
{
	/* Release: after the erasure. */
	smp_store_release(&stamp->value, atomic64_inc_return(&pinless_stamps));
}

static inline u64 pinless_stamp_read(const struct pinless_stamp *stamp)
{
	/* Acquire: before the look-up. */
	return smp_load_acquire(&stamp->value);
}

#endif /* PINLESS_STAMP_H */
