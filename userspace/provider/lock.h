/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/* Copyright (c) 2026 The pinless authors */
#ifndef PINLESS_LOCK_H
#define PINLESS_LOCK_H

#include <stdbool.h>
#include <stdint.h>

/**
 * struct pinless_lock - a lock of the data path; zeroed memory is unlocked
 * @word: 0 free, 1 held, 2 held and there may be sleepers
 * @off:  never taken: the user promised a single thread
 *
 * Uncontended, it costs one inline exchange, less than a pthread mutex. Waiters
 * sleep, unlike those of a pthread spinlock: the lock of a send queue is held
 * over the doorbell, and on one processor spinning would only delay the holder.
 */
struct pinless_lock {
	uint32_t word;
	bool off;
};

void pinless_lock_wait(struct pinless_lock *lock);
void pinless_lock_wake(struct pinless_lock *lock);

/**
 * pinless_lock() - take a lock
 * @lock: not held by the caller
 */
static inline void pinless_lock(struct pinless_lock *lock)
{
	uint32_t free = 0;

	if (!lock->off &&
	    !__atomic_compare_exchange_n(&lock->word, &free, 1, false,
					 __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		pinless_lock_wait(lock);
}

/**
 * pinless_unlock() - release a lock
 * @lock: held by the caller
 */
static inline void pinless_unlock(struct pinless_lock *lock)
{
	if (!lock->off &&
	    __atomic_exchange_n(&lock->word, 0, __ATOMIC_RELEASE) == 2)
		pinless_lock_wake(lock);
}

#endif /* PINLESS_LOCK_H */
