/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef PINLESS_QP_H
#define PINLESS_QP_H

#include <rdma/ib_verbs.h>

struct pinless_qpc;
struct pinless_uqueue;

/**
 * struct pinless_qp - what the core allocates for a queue pair
 * @ibqp: the core's part
 * @c:    the queue pair itself, which a peer may hold for longer
 * @sq:   memory of the send queue; NULL without one
 * @rq:   memory of the receive queue; NULL without one
 */
struct pinless_qp {
	struct ib_qp ibqp;
	struct pinless_qpc *c;
	struct pinless_uqueue *sq;
	struct pinless_uqueue *rq;
};

static inline struct pinless_qp *to_pqp(struct ib_qp *ibqp)
{
	return container_of(ibqp, struct pinless_qp, ibqp);
}

int pinless_create_qp(struct ib_qp *ibqp, struct ib_qp_init_attr *attr,
		      struct ib_udata *udata);
int pinless_modify_qp(struct ib_qp *ibqp, struct ib_qp_attr *attr, int mask,
		      struct ib_udata *udata);
int pinless_query_qp(struct ib_qp *ibqp, struct ib_qp_attr *attr, int mask,
		     struct ib_qp_init_attr *init);
int pinless_destroy_qp(struct ib_qp *ibqp, struct ib_udata *udata);

int pinless_qp_ring(struct ib_ucontext *uctx, u64 word);

#endif /* PINLESS_QP_H */
