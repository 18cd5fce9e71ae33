// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Copyright (c) 2026 The pinless authors */

/*
 * ibv_wr_*(): the send queue stays locked from ibv_wr_start() to its end. A
 * builder opens the next entry, setters fill it. The first error is kept and
 * makes ibv_wr_complete() fail, which then posts nothing.
 */

#include <errno.h>
#include <string.h>

#include "sendq.h"

enum {
	RC_SEND_OPS = IBV_QP_EX_WITH_SEND | IBV_QP_EX_WITH_SEND_WITH_IMM |
		      IBV_QP_EX_WITH_RDMA_WRITE |
		      IBV_QP_EX_WITH_RDMA_WRITE_WITH_IMM |
		      IBV_QP_EX_WITH_RDMA_READ |
		      IBV_QP_EX_WITH_ATOMIC_CMP_AND_SWP |
		      IBV_QP_EX_WITH_ATOMIC_FETCH_AND_ADD,
};

static inline struct pinless_qp *ex_to_pqp(struct ibv_qp_ex *ibqp)
{
	return container_of(ibqp, struct pinless_qp, vqp.qp_ex);
}

/*
 * After an error builders and setters must do nothing. There is no open entry
 * then, which is the only thing they need to check.
 */
static void fail(struct pinless_qp *qp, int err)
{
	if (!qp->wr_err)
		qp->wr_err = err;
	qp->wr_cur = NULL;
}

static struct pinless_send_wqe *open_wqe(struct ibv_qp_ex *ibqp, uint8_t op)
{
	struct pinless_qp *qp = ex_to_pqp(ibqp);
	struct pinless_send_wqe *wqe;

	if (unlikely(qp->wr_err))
		return NULL;
	if (unlikely(pinless_ring_full(&qp->sq.ring, qp->wr_prod))) {
		fail(qp, ENOMEM);
		return NULL;
	}

	wqe = pinless_ring_slot(&qp->sq.ring, qp->wr_prod);
	wqe->wr_id = ibqp->wr_id;
	wqe->opcode = op;
	wqe->flags = pinless_send_flags(qp, ibqp->wr_flags);
	wqe->num_sge = 0;
	wqe->inline_len = 0;
	qp->wr_cur = wqe;
	qp->wr_prod++;
	return wqe;
}

static struct pinless_send_wqe *open_remote(struct ibv_qp_ex *ibqp, uint8_t op,
					    uint32_t rkey, uint64_t remote_addr)
{
	struct pinless_send_wqe *wqe = open_wqe(ibqp, op);

	if (likely(wqe)) {
		wqe->rkey = rkey;
		wqe->remote_addr = remote_addr;
	}
	return wqe;
}

static void wr_send(struct ibv_qp_ex *ibqp)
{
	open_wqe(ibqp, PINLESS_OP_SEND);
}

static void wr_send_imm(struct ibv_qp_ex *ibqp, __be32 imm)
{
	struct pinless_send_wqe *wqe = open_wqe(ibqp, PINLESS_OP_SEND_IMM);

	if (likely(wqe))
		wqe->imm = imm;
}

static void wr_rdma_write(struct ibv_qp_ex *ibqp, uint32_t rkey,
			  uint64_t remote_addr)
{
	open_remote(ibqp, PINLESS_OP_WRITE, rkey, remote_addr);
}

static void wr_rdma_write_imm(struct ibv_qp_ex *ibqp, uint32_t rkey,
			      uint64_t remote_addr, __be32 imm)
{
	struct pinless_send_wqe *wqe;

	wqe = open_remote(ibqp, PINLESS_OP_WRITE_IMM, rkey, remote_addr);
	if (likely(wqe))
		wqe->imm = imm;
}

static void wr_rdma_read(struct ibv_qp_ex *ibqp, uint32_t rkey,
			 uint64_t remote_addr)
{
	open_remote(ibqp, PINLESS_OP_READ, rkey, remote_addr);
}

static void wr_atomic_cmp_swp(struct ibv_qp_ex *ibqp, uint32_t rkey,
			      uint64_t remote_addr, uint64_t compare,
			      uint64_t swap)
{
	struct pinless_send_wqe *wqe;

	wqe = open_remote(ibqp, PINLESS_OP_CMP_SWAP, rkey, remote_addr);
	if (likely(wqe)) {
		wqe->compare_add = compare;
		wqe->swap = swap;
	}
}

static void wr_atomic_fetch_add(struct ibv_qp_ex *ibqp, uint32_t rkey,
				uint64_t remote_addr, uint64_t add)
{
	struct pinless_send_wqe *wqe;

	wqe = open_remote(ibqp, PINLESS_OP_FETCH_ADD, rkey, remote_addr);
	if (likely(wqe))
		wqe->compare_add = add;
}

static void wr_set_sge(struct ibv_qp_ex *ibqp, uint32_t lkey, uint64_t addr,
		       uint32_t length)
{
	struct pinless_qp *qp = ex_to_pqp(ibqp);
	struct pinless_sge *sge;

	if (unlikely(!qp->wr_cur))
		return;
	if (unlikely(!qp->sq.max_sge)) {
		fail(qp, EINVAL);
		return;
	}

	sge = pinless_wqe_data(qp->wr_cur);
	sge->addr = addr;
	sge->length = length;
	sge->lkey = lkey;
	qp->wr_cur->num_sge = 1;
}

static void wr_set_sge_list(struct ibv_qp_ex *ibqp, size_t num_sge,
			    const struct ibv_sge *list)
{
	struct pinless_qp *qp = ex_to_pqp(ibqp);

	if (unlikely(!qp->wr_cur))
		return;
	if (unlikely(num_sge > qp->sq.max_sge)) {
		fail(qp, EINVAL);
		return;
	}

	memcpy(pinless_wqe_data(qp->wr_cur), list, num_sge * sizeof(*list));
	qp->wr_cur->num_sge = num_sge;
}

static void wr_set_inline_data_list(struct ibv_qp_ex *ibqp, size_t num_buf,
				    const struct ibv_data_buf *list)
{
	struct pinless_qp *qp = ex_to_pqp(ibqp);
	struct pinless_send_wqe *wqe = qp->wr_cur;
	size_t total = 0;
	uint8_t *to;
	size_t i;

	if (unlikely(!wqe))
		return;
	if (unlikely(wqe->opcode > PINLESS_OP_WRITE_IMM)) {
		fail(qp, EINVAL);
		return;
	}

	to = pinless_wqe_data(wqe);
	for (i = 0; i < num_buf; i++) {
		if (unlikely(list[i].length > qp->max_inline - total)) {
			fail(qp, EINVAL);
			return;
		}
		memcpy(to + total, list[i].addr, list[i].length);
		total += list[i].length;
	}
	wqe->flags |= PINLESS_SEND_INLINE;
	wqe->inline_len = total;
}

static void wr_set_inline_data(struct ibv_qp_ex *ibqp, void *addr,
			       size_t length)
{
	struct ibv_data_buf buf = { .addr = addr, .length = length };

	wr_set_inline_data_list(ibqp, 1, &buf);
}

static void wr_start(struct ibv_qp_ex *ibqp)
{
	struct pinless_qp *qp = ex_to_pqp(ibqp);

	pinless_lock(&qp->sq.lock);
	qp->wr_prod = qp->sq.ring.prod;
	qp->wr_cur = NULL;
	qp->wr_err = 0;
	if (unlikely(!pinless_qp_may_send(qp) || !qp->sq.ring.slots))
		qp->wr_err = EINVAL;
}

static int wr_complete(struct ibv_qp_ex *ibqp)
{
	struct pinless_qp *qp = ex_to_pqp(ibqp);
	int ret = qp->wr_err;

	if (likely(!ret && qp->wr_prod != qp->sq.ring.prod))
		ret = pinless_sq_submit(qp, qp->wr_prod);
	pinless_unlock(&qp->sq.lock);
	return ret;
}

static void wr_abort(struct ibv_qp_ex *ibqp)
{
	pinless_unlock(&ex_to_pqp(ibqp)->sq.lock);
}

/**
 * pinless_wr_check_ops() - are the requested send operations supported?
 * @qp_type:  enum ibv_qp_type
 * @send_ops: IBV_QP_EX_WITH_*
 *
 * Return: 0, or EOPNOTSUPP.
 */
int pinless_wr_check_ops(uint32_t qp_type, uint64_t send_ops)
{
	if (qp_type != IBV_QPT_RC || !check_comp_mask(send_ops, RC_SEND_OPS))
		return EOPNOTSUPP;
	return 0;
}

/**
 * pinless_wr_set_ops() - fill in the functions behind ibv_wr_*()
 * @qp:       the queue pair
 * @send_ops: IBV_QP_EX_WITH_*, as checked by pinless_wr_check_ops()
 */
void pinless_wr_set_ops(struct pinless_qp *qp, uint64_t send_ops)
{
	struct ibv_qp_ex *ex = &qp->vqp.qp_ex;

	if (send_ops & IBV_QP_EX_WITH_SEND)
		ex->wr_send = wr_send;
	if (send_ops & IBV_QP_EX_WITH_SEND_WITH_IMM)
		ex->wr_send_imm = wr_send_imm;
	if (send_ops & IBV_QP_EX_WITH_RDMA_WRITE)
		ex->wr_rdma_write = wr_rdma_write;
	if (send_ops & IBV_QP_EX_WITH_RDMA_WRITE_WITH_IMM)
		ex->wr_rdma_write_imm = wr_rdma_write_imm;
	if (send_ops & IBV_QP_EX_WITH_RDMA_READ)
		ex->wr_rdma_read = wr_rdma_read;
	if (send_ops & IBV_QP_EX_WITH_ATOMIC_CMP_AND_SWP)
		ex->wr_atomic_cmp_swp = wr_atomic_cmp_swp;
	if (send_ops & IBV_QP_EX_WITH_ATOMIC_FETCH_AND_ADD)
		ex->wr_atomic_fetch_add = wr_atomic_fetch_add;

	ex->wr_set_sge = wr_set_sge;
	ex->wr_set_sge_list = wr_set_sge_list;
	ex->wr_set_inline_data = wr_set_inline_data;
	ex->wr_set_inline_data_list = wr_set_inline_data_list;
	ex->wr_start = wr_start;
	ex->wr_complete = wr_complete;
	ex->wr_abort = wr_abort;
}
