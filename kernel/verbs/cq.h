/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef PINLESS_CQ_H
#define PINLESS_CQ_H

#include <linux/spinlock.h>
#include <rdma/ib_verbs.h>

#include "compat.h"
#include "verbs/uqueue.h"

/**
 * struct pinless_cq - a completion queue
 * @ibcq:    the core's part
 * @queue:   the memory that the process polls
 * @lock:    serialises those who add entries; protects @prod and @broken
 * @prod:    index of the next entry
 * @entries: a power of two
 * @cqn:     number of the queue
 * @broken:  it has overflowed; nothing is added any more
 * @stamped: the process asked for time stamps
 */
struct pinless_cq {
	struct ib_cq ibcq;
	struct pinless_uqueue *queue;
	spinlock_t lock;	/* see above */
	u32 prod;
	u32 entries;
	u32 cqn;
	bool broken;
	bool stamped;
};

static inline struct pinless_cq *to_pcq(struct ib_cq *ibcq)
{
	return container_of(ibcq, struct pinless_cq, ibcq);
}

/**
 * pinless_cq_push() - add a completion, and tell who waits for it
 * @cq:        the queue
 * @cqe:       the entry; @phase and @timestamp are filled in here
 * @solicited: wakes a queue that was armed for solicited events
 *
 * An entry in error always counts as solicited. On overflow the queue is
 * broken, IB_EVENT_CQ_ERR is raised once, and the caller puts its queue pair in
 * the error state.
 *
 * Context: process context, spinlocks of queue pairs may be held.
 * Return: 0, or -EOVERFLOW.
 */
int pinless_cq_push(struct pinless_cq *cq, struct pinless_cqe *cqe,
		    bool solicited);

int pinless_create_cq(struct ib_cq *ibcq, const struct ib_cq_init_attr *attr,
		      struct ib_udata *udata);
int pinless_destroy_cq(struct ib_cq *ibcq, struct ib_udata *udata);

#endif /* PINLESS_CQ_H */
