// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Copyright (c) 2026 The pinless authors */

#include <errno.h>

#include "ring.h"

static bool is_power_of_2(uint32_t n)
{
	return n && !(n & (n - 1));
}

/**
 * pinless_ring_init() - lay a ring over a mapped queue
 * @ring:    filled in
 * @map:     the mapping; not used when @entries is 0
 * @length:  its bytes
 * @entries: a power of two, or 0
 * @stride:  bytes from entry to entry, a multiple of 8
 *
 * Return: 0, or EINVAL when the numbers do not fit together.
 */
int pinless_ring_init(struct pinless_ring *ring, void *map, uint64_t length,
		      uint32_t entries, uint32_t stride)
{
	*ring = (struct pinless_ring){};
	if (!entries)
		return 0;
	if (!is_power_of_2(entries) || !stride || stride % 8 ||
	    PINLESS_CTL_BYTES + (uint64_t)entries * stride > length)
		return EINVAL;

	ring->slots = (uint8_t *)map + PINLESS_CTL_BYTES;
	ring->stride = stride;
	ring->mask = entries - 1;
	return 0;
}

/**
 * pinless_ring_reset() - back to index 0, as the driver does on RESET
 * @ring: the queue; its completions have been removed, so none of them can
 *        retire an entry that is posted from now on
 */
void pinless_ring_reset(struct pinless_ring *ring)
{
	ring->prod = 0;
	__atomic_store_n(&ring->cons, 0, __ATOMIC_RELEASE);
}

/**
 * pinless_cq_ring_init() - lay a completion ring over a mapped queue
 * @cq:      filled in
 * @map:     the mapping
 * @length:  its bytes
 * @entries: a power of two
 *
 * Return: 0, or EINVAL when the numbers do not fit together.
 */
int pinless_cq_ring_init(struct pinless_cq_ring *cq, void *map,
			 uint64_t length, uint32_t entries)
{
	if (!is_power_of_2(entries) ||
	    PINLESS_CTL_BYTES + entries * (uint64_t)sizeof(*cq->slots) > length)
		return EINVAL;

	*cq = (struct pinless_cq_ring){
		.ctl = map,
		.slots = (void *)((uint8_t *)map + PINLESS_CTL_BYTES),
		.mask = entries - 1,
		.shift = __builtin_ctz(entries),
	};
	return 0;
}

/**
 * pinless_cq_ring_clean() - remove the entries of a queue pair
 * @cq:  the queue, locked
 * @qpn: the queue pair; the driver adds no entry of it any more
 *
 * The kept entries are moved towards the newest one, in order, and the freed
 * slots are returned to the driver. All slots that are touched lie between @cons
 * and the newest entry found here, and none has been returned before; the driver
 * writes only beyond them. An entry that moves gets the phase of its new index.
 *
 * Return: number of entries removed.
 */
uint32_t pinless_cq_ring_clean(struct pinless_cq_ring *cq, uint32_t qpn)
{
	uint32_t end = cq->cons;
	uint32_t freed = 0;
	uint32_t i;

	/* Ends after at most one round: these slots keep their phase. */
	while (pinless_cq_ring_peek(cq, end))
		end++;

	for (i = end; i != cq->cons; i--) {
		struct pinless_cqe *from = &cq->slots[(i - 1) & cq->mask];
		uint32_t to = i - 1 + freed;

		if (from->qpn == qpn) {
			freed++;
		} else if (freed) {
			cq->slots[to & cq->mask] = *from;
			cq->slots[to & cq->mask].phase = (to >> cq->shift) + 1;
		}
	}

	if (freed) {
		cq->cons += freed;
		pinless_cq_ring_commit(cq);
	}
	return freed;
}
