/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef PINLESS_CQ_H
#define PINLESS_CQ_H

#include <rdma/ib_verbs.h>

#include "compat.h"
#include "exec/cqring.h"
#include "verbs/uqueue.h"

/**
 * struct pinless_cq - a completion queue
 * @ibcq:  the core's part
 * @queue: the memory of @ring, which the process maps and polls
 * @cqn:   number of the queue
 * @ring:  where completions are added
 */
struct pinless_cq {
	struct ib_cq ibcq;
	struct pinless_uqueue *queue;
	u32 cqn;
	struct pinless_cqring ring;
};

static inline struct pinless_cq *to_pcq(struct ib_cq *ibcq)
{
	return container_of(ibcq, struct pinless_cq, ibcq);
}

int pinless_create_cq(struct ib_cq *ibcq, const struct ib_cq_init_attr *attr,
		      struct ib_udata *udata);
int pinless_destroy_cq(struct ib_cq *ibcq, struct ib_udata *udata);

#endif /* PINLESS_CQ_H */
