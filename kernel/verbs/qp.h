/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef PINLESS_QP_H
#define PINLESS_QP_H

#include <rdma/ib_verbs.h>

struct pinless_device;
struct pinless_qpc;

/**
 * struct pinless_qp - what the core allocates for a queue pair
 * @ibqp: the core's part
 * @c:    the queue pair itself; it may live on while somebody still looks at it
 */
struct pinless_qp {
	struct ib_qp ibqp;
	struct pinless_qpc *c;
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

/**
 * pinless_qp_ring() - the doorbell: work was posted to a queue
 * @uctx: the context of the process that rings
 * @word: as PINLESS_METHOD_RING describes it
 *
 * Context: process context, may sleep; no locks held.
 * Return: 0, -EINVAL for a queue pair or an index that is none of the caller's.
 */
int pinless_qp_ring(struct ib_ucontext *uctx, u64 word);

int pinless_qp_init(void);	/* the workqueues */
void pinless_qp_exit(void);

#endif /* PINLESS_QP_H */
