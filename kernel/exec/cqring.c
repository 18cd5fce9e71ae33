// SPDX-License-Identifier: GPL-2.0
/* Copyright (c) 2026 The pinless authors */

#include <linux/ktime.h>
#include <linux/log2.h>

#include "exec/cqring.h"

static struct pinless_cq_ctl *ring_ctl(const struct pinless_cqring *ring)
{
	return ring->va;
}

static struct pinless_cqe *ring_slot(const struct pinless_cqring *ring,
				     u32 index)
{
	struct pinless_cqe *first = ring->va + PINLESS_CTL_BYTES;

	return first + (index & (ring->entries - 1));
}

/*
 * The driver stores an entry, then loads @arm; the process stores @arm, then
 * looks for entries; a full barrier stands between the two on either side. So
 * if this finds the queue unarmed, the process, arming it later, finds the
 * entry.
 *
 * The exchange fails when @arm has changed since it was loaded. Either another
 * entry has raised the event, or the process has armed the queue anew and
 * therefore looks for entries after this one was stored.
 */
static void ring_notify(struct pinless_cqring *ring, bool solicited)
{
	struct pinless_cq_ctl *ctl = ring_ctl(ring);
	u32 arm;

	smp_mb(); /* pairs with the barrier of the process, see above */
	arm = READ_ONCE(ctl->arm);
	if (likely(arm == PINLESS_ARM_NONE))
		return;
	if (arm == PINLESS_ARM_SOLICITED && !solicited)
		return;
	if (cmpxchg(&ctl->arm, arm, PINLESS_ARM_NONE) == arm)
		ring->ibcq->comp_handler(ring->ibcq, ring->ibcq->cq_context);
}

static void report_overflow(struct pinless_cqring *ring)
{
	struct ib_cq *ibcq = ring->ibcq;
	struct ib_event event = {
		.event = IB_EVENT_CQ_ERR,
		.device = ibcq->device,
		.element.cq = ibcq,
	};

	pinless_count(&ring->port->counters, PINLESS_CNT_CQ_OVERFLOWS, 1);
	if (ibcq->event_handler)
		ibcq->event_handler(&event, ibcq->cq_context);
}

/**
 * pinless_cqring_push() - add a completion, and raise the event if it is armed
 * @ring:      the ring; the caller holds a queue pair that uses it
 * @cqe:       the entry; @phase and @timestamp are filled in here
 * @solicited: raises the event of a queue that is armed for solicited ones
 *
 * An entry in error always counts as solicited (IBTA 11.4.2.2). The index of
 * the process decides only on overflow: an impossible value, like a full queue,
 * breaks the queue of that process (IBTA 10.10.3.4, 11.6.3.2), and
 * IB_EVENT_CQ_ERR is raised once.
 *
 * Context: process context, spinlocks of queue pairs may be held; takes the
 * lock of the ring, never sleeps.
 * Return: 0, or -EOVERFLOW: the caller puts its queue pair in the error state.
 */
int pinless_cqring_push(struct pinless_cqring *ring, struct pinless_cqe *cqe,
			bool solicited)
{
	struct pinless_cq_ctl *ctl = ring_ctl(ring);
	struct pinless_cqe *slot;
	bool first;

	spin_lock(&ring->lock);
	if (unlikely(ring->broken ||
		     ring->prod - READ_ONCE(ctl->cons) >= ring->entries)) {
		first = !ring->broken;
		ring->broken = true;
		spin_unlock(&ring->lock);
		if (first)
			report_overflow(ring);
		return -EOVERFLOW;
	}

	slot = ring_slot(ring, ring->prod);
	cqe->timestamp = ring->stamped ? ktime_get_raw_ns() : 0;
	memcpy(slot, cqe, offsetof(struct pinless_cqe, phase));
	/* The process loads the phase first, with acquire order. */
	smp_store_release(&slot->phase,
			  (ring->prod >> ilog2(ring->entries)) + 1);
	ring->prod++;
	spin_unlock(&ring->lock);

	ring_notify(ring, solicited || cqe->status);
	return 0;
}
