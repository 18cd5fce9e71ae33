// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Copyright (c) 2026 The pinless authors */

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lock.h"

/* Polling a queue takes less time than falling asleep. */
#define SPINS	100

static void futex(struct pinless_lock *lock, int op, uint32_t value)
{
	syscall(SYS_futex, &lock->word, op | FUTEX_PRIVATE_FLAG, value, NULL,
		NULL, 0);
}

/**
 * pinless_lock_wait() - take a contended lock
 * @lock: the lock
 *
 * Spins a little, then sleeps. After spinning the lock is taken with 2, as there
 * may be other sleepers: at worst the unlock then makes one needless wake-up.
 * FUTEX_WAIT sleeps only while the word is 2, so no wake-up is lost.
 */
void pinless_lock_wait(struct pinless_lock *lock)
{
	uint32_t free;
	int i;

	for (i = 0; i < SPINS; i++) {
		free = 0;
		if (!__atomic_load_n(&lock->word, __ATOMIC_RELAXED) &&
		    __atomic_compare_exchange_n(&lock->word, &free, 1, false,
						__ATOMIC_ACQUIRE,
						__ATOMIC_RELAXED))
			return;
	}

	while (__atomic_exchange_n(&lock->word, 2, __ATOMIC_ACQUIRE))
		futex(lock, FUTEX_WAIT, 2);
}

/**
 * pinless_lock_wake() - wake a sleeper, if any, of a lock just released
 * @lock: the lock
 */
void pinless_lock_wake(struct pinless_lock *lock)
{
	futex(lock, FUTEX_WAKE, 1);
}
