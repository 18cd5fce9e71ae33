// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Copyright (c) 2026 The pinless authors */

#include <errno.h>
#include <string.h>

#include "sendq.h"

static_assert(sizeof(struct pinless_sge) == sizeof(struct ibv_sge) &&
	      offsetof(struct pinless_sge, addr) ==
	      offsetof(struct ibv_sge, addr) &&
	      offsetof(struct pinless_sge, length) ==
	      offsetof(struct ibv_sge, length) &&
	      offsetof(struct pinless_sge, lkey) ==
	      offsetof(struct ibv_sge, lkey), "lists are copied as a whole");

enum wr_class {
	WR_NONE,
	WR_SEND,
	WR_RDMA,
	WR_READ,
	WR_ATOMIC,
};

static const struct {
	uint8_t class;
	uint8_t op;
} wr_ops[] = {
	[IBV_WR_SEND] = { WR_SEND, PINLESS_OP_SEND },
	[IBV_WR_SEND_WITH_IMM] = { WR_SEND, PINLESS_OP_SEND_IMM },
	[IBV_WR_RDMA_WRITE] = { WR_RDMA, PINLESS_OP_WRITE },
	[IBV_WR_RDMA_WRITE_WITH_IMM] = { WR_RDMA, PINLESS_OP_WRITE_IMM },
	[IBV_WR_RDMA_READ] = { WR_READ, PINLESS_OP_READ },
	[IBV_WR_ATOMIC_CMP_AND_SWP] = { WR_ATOMIC, PINLESS_OP_CMP_SWAP },
	[IBV_WR_ATOMIC_FETCH_AND_ADD] = { WR_ATOMIC, PINLESS_OP_FETCH_ADD },
};

/**
 * pinless_sq_submit() - hand entries over to the driver, and have them run
 * @qp:   the queue pair, its send queue locked
 * @prod: index after the last entry
 *
 * When the doorbell fails the driver has taken nothing, so the entries are
 * withdrawn: the call has posted nothing.
 *
 * Return: 0, or an errno value.
 */
int pinless_sq_submit(struct pinless_qp *qp, uint32_t prod)
{
	int ret = pinless_doorbell(qp->vqp.qp.context, qp->qpn, prod);

	if (likely(!ret))
		qp->sq.ring.prod = prod;
	return ret;
}

static int copy_inline(const struct pinless_qp *qp,
		       struct pinless_send_wqe *wqe,
		       const struct ibv_send_wr *wr)
{
	uint8_t *to = pinless_wqe_data(wqe);
	uint64_t total = 0;
	int i;

	for (i = 0; i < wr->num_sge; i++) {
		const struct ibv_sge *sge = &wr->sg_list[i];

		total += sge->length;
		if (total > qp->max_inline)
			return EINVAL;
		memcpy(to, (void *)(uintptr_t)sge->addr, sge->length);
		to += sge->length;
	}

	wqe->flags |= PINLESS_SEND_INLINE;
	wqe->num_sge = 0;
	wqe->inline_len = total;
	return 0;
}

static int copy_sges(const struct pinless_qp *qp, struct pinless_send_wqe *wqe,
		     const struct ibv_send_wr *wr)
{
	struct pinless_sge *to = pinless_wqe_data(wqe);
	int i;

	if (unlikely((uint32_t)wr->num_sge > qp->sq.max_sge))
		return EINVAL;

	wqe->num_sge = wr->num_sge;
	wqe->inline_len = 0;
	for (i = 0; i < wr->num_sge; i++) {
		to[i].addr = wr->sg_list[i].addr;
		to[i].length = wr->sg_list[i].length;
		to[i].lkey = wr->sg_list[i].lkey;
	}
	return 0;
}

static int build(const struct pinless_qp *qp, struct pinless_send_wqe *wqe,
		 const struct ibv_send_wr *wr)
{
	uint8_t class;

	if (unlikely((size_t)wr->opcode >= ARRAY_SIZE(wr_ops) ||
		     wr->num_sge < 0 ||
		     wr->send_flags & ~(unsigned int)(IBV_SEND_FENCE |
						      IBV_SEND_SIGNALED |
						      IBV_SEND_SOLICITED |
						      IBV_SEND_INLINE)))
		return EINVAL;

	wqe->wr_id = wr->wr_id;
	wqe->opcode = wr_ops[wr->opcode].op;
	wqe->flags = pinless_send_flags(qp, wr->send_flags);
	wqe->imm = wr->imm_data;

	class = wr_ops[wr->opcode].class;
	switch (class) {
	case WR_SEND:
		break;
	case WR_RDMA:
	case WR_READ:
		wqe->rkey = wr->wr.rdma.rkey;
		wqe->remote_addr = wr->wr.rdma.remote_addr;
		break;
	case WR_ATOMIC:
		wqe->rkey = wr->wr.atomic.rkey;
		wqe->remote_addr = wr->wr.atomic.remote_addr;
		wqe->compare_add = wr->wr.atomic.compare_add;
		wqe->swap = wr->wr.atomic.swap;
		break;
	default:
		return EINVAL;
	}

	if (!(wr->send_flags & IBV_SEND_INLINE))
		return copy_sges(qp, wqe, wr);
	if (unlikely(class == WR_READ || class == WR_ATOMIC))
		return EINVAL;
	return copy_inline(qp, wqe, wr);
}

/**
 * pinless_post_send() - ibv_post_send()
 * @ibqp:   the queue pair
 * @wr:     list of requests
 * @bad_wr: on failure the first request that was not posted
 *
 * One system call for the whole list. It runs the queue, so the completion of
 * a short request is often there when it returns.
 *
 * Return: 0; EINVAL for a request or a state that does not allow it, ENOMEM
 * when the queue is full, EIO or ENODEV when the device is gone.
 */
int pinless_post_send(struct ibv_qp *ibqp, struct ibv_send_wr *wr,
		      struct ibv_send_wr **bad_wr)
{
	struct pinless_qp *qp = to_pqp(ibqp);
	struct pinless_ring *ring = &qp->sq.ring;
	struct ibv_send_wr *first = wr;
	uint32_t prod;
	int ret = 0;
	int err;

	if (unlikely(!pinless_qp_may_send(qp) || !ring->slots)) {
		*bad_wr = wr;
		return EINVAL;
	}

	pinless_lock(&qp->sq.lock);
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
		err = pinless_sq_submit(qp, prod);
		if (unlikely(err)) {
			ret = err;
			*bad_wr = first;
		}
	}
	pinless_unlock(&qp->sq.lock);
	return ret;
}
