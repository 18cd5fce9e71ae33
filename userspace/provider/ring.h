/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/* Copyright (c) 2026 The pinless authors */
#ifndef PINLESS_RING_H
#define PINLESS_RING_H

/*
 * The protocols of pinless-abi.h seen from the process: indices, phases,
 * barriers. Nothing here knows verbs, takes a lock or makes a system call, so
 * that it can be tested against a driver simulated in plain memory.
 *
 * The driver runs concurrently, and may touch the same memory at any time
 * through its own mapping. Callers serialise the threads of the process.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pinless-abi.h"

/**
 * struct pinless_ring - a send or receive queue
 * @slots:  first entry; NULL when the queue has none
 * @stride: bytes from entry to entry
 * @mask:   number of entries, a power of two, minus one
 * @prod:   index of the next entry to write; under the queue's lock
 * @cons:   index of the oldest entry in use; advanced by polling
 */
struct pinless_ring {
	uint8_t *slots;
	uint32_t stride;
	uint32_t mask;
	uint32_t prod;
	uint32_t cons;
};

/**
 * struct pinless_cq_ring - a completion queue
 * @ctl:   words shared with the driver
 * @slots: the entries
 * @mask:  number of entries, a power of two, minus one
 * @shift: its logarithm
 * @cons:  index of the next entry to look at
 */
struct pinless_cq_ring {
	struct pinless_cq_ctl *ctl;
	struct pinless_cqe *slots;
	uint32_t mask;
	uint32_t shift;
	uint32_t cons;
};

int pinless_ring_init(struct pinless_ring *ring, void *map, uint64_t length,
		      uint32_t entries, uint32_t stride);
void pinless_ring_reset(struct pinless_ring *ring);
int pinless_cq_ring_init(struct pinless_cq_ring *cq, void *map,
			 uint64_t length, uint32_t entries);
uint32_t pinless_cq_ring_clean(struct pinless_cq_ring *cq, uint32_t qpn);

/**
 * pinless_ring_slot() - the entry of an index
 * @ring:  the queue
 * @index: any index; it is brought into range
 *
 * Return: the entry.
 */
static inline void *pinless_ring_slot(const struct pinless_ring *ring,
				      uint32_t index)
{
	return ring->slots + (size_t)(index & ring->mask) * ring->stride;
}

/**
 * pinless_ring_full() - may the entry of an index be written?
 * @ring:  the queue, with entries
 * @index: @prod, or an index beyond it while a list is being built
 *
 * The acquire pairs with pinless_ring_retire(): the entry's former content has
 * been read by the driver before its completion was seen.
 *
 * Return: true when the entry is still in use.
 */
static inline bool pinless_ring_full(const struct pinless_ring *ring,
				     uint32_t index)
{
	return index - __atomic_load_n(&ring->cons, __ATOMIC_ACQUIRE) >
	       ring->mask;
}

/**
 * pinless_ring_retire() - an entry has completed
 * @ring:  the queue
 * @index: from the completion: this entry and all before it are free again
 *
 * Never moves back, so completions that two queues report out of order do no
 * harm. Callers are serialised by the lock of the completion queue.
 */
static inline void pinless_ring_retire(struct pinless_ring *ring,
				       uint32_t index)
{
	if ((int32_t)(index + 1 - ring->cons) > 0)
		__atomic_store_n(&ring->cons, index + 1, __ATOMIC_RELEASE);
}

/**
 * pinless_rq_publish() - let the driver see posted receive entries
 * @ctl:  words shared with the driver
 * @prod: number of entries ever posted
 *
 * Either the driver, which sets @ring and then looks at @prod once more, sees
 * the new @prod, or this sees @ring: each has a full barrier between its store
 * and its load.
 *
 * Return: true when the doorbell must be rung.
 */
static inline bool pinless_rq_publish(struct pinless_rq_ctl *ctl, uint32_t prod)
{
	__atomic_store_n(&ctl->prod, prod, __ATOMIC_RELEASE);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return __atomic_load_n(&ctl->ring, __ATOMIC_RELAXED) != 0;
}

/**
 * pinless_cq_ring_peek() - the entry of an index, when it has been written
 * @cq:    the queue
 * @index: @cons, or an index beyond it
 *
 * The acquire pairs with the driver's release of the phase.
 *
 * Return: the entry, or NULL.
 */
static inline struct pinless_cqe *
pinless_cq_ring_peek(const struct pinless_cq_ring *cq, uint32_t index)
{
	struct pinless_cqe *cqe = &cq->slots[index & cq->mask];
	uint32_t phase = (index >> cq->shift) + 1;

	if (__atomic_load_n(&cqe->phase, __ATOMIC_ACQUIRE) != phase)
		return NULL;
	return cqe;
}

/**
 * pinless_cq_ring_commit() - return the entries before @cons to the driver
 * @cq: the queue
 */
static inline void pinless_cq_ring_commit(struct pinless_cq_ring *cq)
{
	__atomic_store_n(&cq->ctl->cons, cq->cons, __ATOMIC_RELEASE);
}

/**
 * pinless_cq_ring_arm() - ask for an event
 * @cq:        the queue; no lock is needed
 * @solicited: only for an entry that is solicited or in error
 *
 * A request for any entry is never weakened to one for solicited entries (IBTA
 * section 11.4.2.2). The driver may clear the word at any time, which consumes
 * an older request: the exchange then starts from PINLESS_ARM_NONE. With the
 * barrier either the driver sees the request when it adds the next entry, or the
 * caller sees that entry, as it polls once more after this.
 */
static inline void pinless_cq_ring_arm(struct pinless_cq_ring *cq,
				       bool solicited)
{
	uint32_t want = solicited ? PINLESS_ARM_SOLICITED : PINLESS_ARM_NEXT;
	uint32_t old = __atomic_load_n(&cq->ctl->arm, __ATOMIC_RELAXED);

	while (old < want &&
	       !__atomic_compare_exchange_n(&cq->ctl->arm, &old, want, true,
					    __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
		;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

#endif /* PINLESS_RING_H */
