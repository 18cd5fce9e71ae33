/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef PINLESS_CQRING_H
#define PINLESS_CQRING_H

#include <linux/spinlock.h>
#include <rdma/ib_verbs.h>

#include "uapi/pinless-abi.h"
#include "obs/port.h"

/**
 * struct pinless_cqring - the ring that completions are added to
 * @va:      control words, then entries, as the consumer has them mapped
 * @port:    of the device, for its counters
 * @ibcq:    handlers of events
 * @lock:    serialises producers; protects @prod and @broken
 * @prod:    index of the next entry
 * @entries: a power of two
 * @broken:  it has overflowed; nothing is added any more
 * @stamped: the consumer asked for time stamps
 */
struct pinless_cqring {
	void *va;
	struct pinless_port *port;
	struct ib_cq *ibcq;
	spinlock_t lock; /* see above */
	u32 prod;
	u32 entries;
	bool broken;
	bool stamped;
};

int pinless_cqring_push(struct pinless_cqring *ring, struct pinless_cqe *cqe,
			bool solicited);

#endif /* PINLESS_CQRING_H */
