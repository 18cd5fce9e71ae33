// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Copyright (c) 2026 The pinless authors */

#include <errno.h>

#include "pinless.h"

static int build(const struct pinless_qp *qp, struct pinless_recv_wqe *wqe,
		 const struct ibv_recv_wr *wr)
{
	struct pinless_sge *to = (void *)(wqe + 1);
	int i;

	if (unlikely((uint32_t)wr->num_sge > qp->rq.max_sge))
		return EINVAL;

	wqe->wr_id = wr->wr_id;
	wqe->num_sge = wr->num_sge;
	for (i = 0; i < wr->num_sge; i++) {
		to[i].addr = wr->sg_list[i].addr;
		to[i].length = wr->sg_list[i].length;
		to[i].lkey = wr->sg_list[i].lkey;
	}
	return 0;
}

/**
 * pinless_post_recv() - ibv_post_recv()
 * @ibqp:   the queue pair, in any state but RESET (IBTA section 10.3.1)
 * @wr:     list of requests
 * @bad_wr: on failure the first request that was not posted
 *
 * No system call, unless the driver has asked for one: because a message waits
 * for a receive request, or because the queue pair flushes.
 *
 * Return: 0; EINVAL for a request or a state that does not allow it, ENOMEM
 * when the queue is full, EIO or ENODEV when the device is gone.
 */
int pinless_post_recv(struct ibv_qp *ibqp, struct ibv_recv_wr *wr,
		      struct ibv_recv_wr **bad_wr)
{
	struct pinless_qp *qp = to_pqp(ibqp);
	struct pinless_ring *ring = &qp->rq.ring;
	struct ibv_recv_wr *first = wr;
	uint32_t prod;
	int ret = 0;
	int err;

	if (unlikely(!ring->slots ||
		     atomic_load_explicit(&qp->state, memory_order_relaxed) ==
		     IBV_QPS_RESET)) {
		*bad_wr = wr;
		return EINVAL;
	}

	pinless_lock(&qp->rq.lock);
	for (prod = ring->prod; wr; wr = wr->next, prod++) {
		if (unlikely(pinless_ring_full(ring, prod))) {
			ret = ENOMEM;
			break;
		}
		ret = build(qp, pinless_ring_slot(ring, prod), wr);
		if (unlikely(ret))
			break;
	}
	if (unlikely(ret))
		*bad_wr = wr;

	if (likely(prod != ring->prod)) {
		ring->prod = prod;
		if (pinless_rq_publish(qp->rq_ctl, prod)) {
			/*
			 * The entries are not withdrawn when this fails: the
			 * driver may already have some. It fails only when the
			 * device is gone.
			 */
			err = pinless_doorbell(ibqp->context,
					       qp->qpn | PINLESS_RING_RECV, 0);
			if (unlikely(err)) {
				ret = err;
				*bad_wr = first;
			}
		}
	}
	pinless_unlock(&qp->rq.lock);
	return ret;
}
