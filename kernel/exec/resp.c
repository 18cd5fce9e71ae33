// SPDX-License-Identifier: GPL-2.0
/* Copyright (c) 2026 The pinless authors */

/*
 * The responder: what a queue pair does with a message (IBTA 9.7.5), and all
 * checks of it. The responder's queue pair is locked and was found to be
 * connected to the requester; how the message has come is the transport's
 * affair, and so is what the verdict turns into.
 */
#include "exec/cqring.h"
#include "exec/resp.h"
#include "exec/rq.h"
#include "exec/wqe.h"

/*
 * The responder refuses (IBTA 9.9.3.1, table 58): its queue pair goes to the
 * error state with an event.
 */
static enum pinless_verdict refuse(struct pinless_qpc *p,
				   struct pinless_resp *r,
				   enum pinless_verdict verdict, u32 verr)
{
	pinless_qpc_fail_event(p, verdict == PINLESS_RESP_NAK_ACCESS ?
					  IB_EVENT_QP_ACCESS_ERR :
					  IB_EVENT_QP_REQ_ERR);
	r->verr = verr;
	return verdict;
}

/*
 * The responder's receive work request ends in error, which tells its process;
 * no event is raised then.
 */
static enum pinless_verdict refuse_recv(struct pinless_qpc *p,
					struct pinless_resp *r,
					enum ib_wc_status status,
					enum pinless_verdict verdict, u32 verr)
{
	struct pinless_cqe cqe = {
		.status = status,
		.vendor_err = verr,
		.opcode = IB_WC_RECV,
	};

	pinless_rq_complete(p, &cqe, true);
	pinless_qpc_fail(p);
	r->verr = verr;
	return verdict;
}

/* Takes a receive work request, if there is a proper one. */
static enum pinless_verdict take_recv(struct pinless_qpc *p,
				      struct pinless_resp *r, u32 *num)
{
	switch (pinless_rq_take(p, r->recv_sge, num)) {
	case PINLESS_RECV_EMPTY:
		return PINLESS_RESP_RNR;
	case PINLESS_RECV_BAD_INDEX:
		return refuse_recv(p, r, IB_WC_LOC_QP_OP_ERR,
				   PINLESS_RESP_NAK_OP, PINLESS_VERR_INDEX);
	case PINLESS_RECV_BAD_NUM_SGE:
		return refuse_recv(p, r, IB_WC_LOC_QP_OP_ERR,
				   PINLESS_RESP_NAK_OP, PINLESS_VERR_NUM_SGE);
	case PINLESS_RECV_TAKEN:
		break;
	}
	return PINLESS_RESP_OK;
}

/* A SEND is accepted where there is receive work, and room. */
static enum pinless_verdict begin_send(struct pinless_qpc *p,
				       struct pinless_resp *r,
				       const struct pinless_msg *msg,
				       struct pinless_hints *hints)
{
	enum pinless_verdict verdict;
	u32 num = 0;

	verdict = take_recv(p, r, &num);
	if (verdict != PINLESS_RESP_OK)
		return verdict;
	if (msg->length > pinless_sge_total(r->recv_sge, num))
		return refuse_recv(p, r, IB_WC_LOC_LEN_ERR,
				   PINLESS_RESP_NAK_INVALID,
				   PINLESS_VERR_RECV_LENGTH);
	pinless_sgl_init(&r->walk, r->recv_sge, num, IB_ACCESS_LOCAL_WRITE,
			 hints);
	return PINLESS_RESP_OK;
}

/* The right that an opcode needs, of the queue pair and of the region. */
static const int remote_access[PINLESS_OP_COUNT] = {
	[PINLESS_OP_WRITE] = IB_ACCESS_REMOTE_WRITE,
	[PINLESS_OP_WRITE_IMM] = IB_ACCESS_REMOTE_WRITE,
	[PINLESS_OP_READ] = IB_ACCESS_REMOTE_READ,
	[PINLESS_OP_CMP_SWAP] = IB_ACCESS_REMOTE_ATOMIC,
	[PINLESS_OP_FETCH_ADD] = IB_ACCESS_REMOTE_ATOMIC,
};

/* A WRITE, a READ or an atomic is accepted where the queue pair allows it. */
static enum pinless_verdict begin_rdma(struct pinless_qpc *p,
				       struct pinless_resp *r,
				       const struct pinless_msg *msg,
				       struct pinless_hints *hints)
{
	int access = remote_access[msg->opcode];

	if (!(p->attr.qp_access_flags & access))
		return refuse(p, r, PINLESS_RESP_NAK_INVALID,
			      PINLESS_VERR_ACCESS);
	if (access != IB_ACCESS_REMOTE_WRITE && !p->attr.max_dest_rd_atomic)
		return refuse(p, r, PINLESS_RESP_NAK_INVALID,
			      PINLESS_VERR_RD_ATOMIC);
	if (access == IB_ACCESS_REMOTE_ATOMIC &&
	    !IS_ALIGNED(msg->addr, sizeof(u64)))
		return refuse(p, r, PINLESS_RESP_NAK_INVALID,
			      PINLESS_VERR_ALIGN);
	r->far = (struct pinless_sge){
		.addr = msg->addr,
		.length = msg->length,
		.lkey = msg->rkey,
	};
	pinless_sgl_init(&r->walk, &r->far, 1, access, hints);
	return PINLESS_RESP_OK;
}

/**
 * pinless_resp_begin() - the first packet of a message arrives
 * @p:     the responder's queue pair; its lock is held
 * @r:     state of the message; filled in
 * @msg:   the message
 * @hints: PINLESS_SIDES of them, for the walks along the responder's memory
 *
 * Context: any; takes the lock of a completion ring.
 * Return: OK: the message is accepted. RNR or DROP: begin again later. NAK_*:
 * refused, the queue pair is in the error state.
 */
enum pinless_verdict pinless_resp_begin(struct pinless_qpc *p,
					struct pinless_resp *r,
					const struct pinless_msg *msg,
					struct pinless_hints *hints)
{
	enum pinless_verdict verdict;

	lockdep_assert_held(&p->lock);
	if (unlikely(p->state == IB_QPS_RTR && !p->comm_est)) {
		p->comm_est = true;
		pinless_qpc_event(p, IB_EVENT_COMM_EST);
	}
	/*
	 * Half a message has arrived, of a connection that the requester has
	 * left: on a wire, the first packet of another has the wrong PSN.
	 */
	if (unlikely(p->rq.taken))
		return PINLESS_RESP_DROP;
	if (pinless_op_is_send(msg->opcode))
		verdict = begin_send(p, r, msg, &hints[PINLESS_SIDE_RECV]);
	else
		verdict = begin_rdma(p, r, msg, &hints[PINLESS_SIDE_REMOTE]);
	if (verdict == PINLESS_RESP_OK) {
		r->conn = p->conn;
		r->begun = true;
	}
	return verdict;
}

/**
 * pinless_resp_refuse() - the responder's memory is not to be had
 * @p:    the responder's queue pair; its lock is held
 * @r:    state of the message
 * @msg:  the message, begun
 * @verr: enum pinless_vendor_err
 *
 * A region, or the memory behind it, refuses the access: for a SEND that is the
 * fault of the receive work request, otherwise that of the message.
 *
 * Context: any; takes the lock of a completion ring.
 * Return: NAK_OP or NAK_ACCESS.
 */
enum pinless_verdict pinless_resp_refuse(struct pinless_qpc *p,
					 struct pinless_resp *r,
					 const struct pinless_msg *msg,
					 u32 verr)
{
	lockdep_assert_held(&p->lock);
	if (pinless_op_is_send(msg->opcode))
		return refuse_recv(p, r, IB_WC_LOC_PROT_ERR,
				   PINLESS_RESP_NAK_OP, verr);
	return refuse(p, r, PINLESS_RESP_NAK_ACCESS, verr);
}

/**
 * pinless_resp_atomic() - read, change and write the word of an atomic, once
 * @p:    the responder's queue pair; its lock is held
 * @r:    state of the message; @old is the result on success
 * @msg:  the message, begun
 * @miss: out, with MISS: the page that is not in the translation
 *
 * Context: any; takes the lock of a leaf.
 * Return: OK, MISS, or NAK_*.
 */
enum pinless_verdict pinless_resp_atomic(struct pinless_qpc *p,
					 struct pinless_resp *r,
					 const struct pinless_msg *msg,
					 struct pinless_miss *miss)
{
	enum pinless_verdict verdict;

	verdict = pinless_resp_place(p, r, msg);
	if (verdict != PINLESS_RESP_OK)
		return verdict;
	/* Aligned as the iova is, it need not be so in memory. */
	if (!IS_ALIGNED(r->walk.place.addr, sizeof(u64)))
		return refuse(p, r, PINLESS_RESP_NAK_INVALID,
			      PINLESS_VERR_ALIGN);
	if (!pinless_atomic(&r->walk.place, msg->opcode == PINLESS_OP_CMP_SWAP,
			    msg->compare_add, msg->swap, &r->old, miss))
		return PINLESS_RESP_MISS;
	r->swapped = true;
	return PINLESS_RESP_OK;
}

/**
 * pinless_resp_end() - the last packet of a message has arrived
 * @p:   the responder's queue pair; its lock is held
 * @r:   state of the message
 * @msg: the message, all of whose bytes have been moved
 *
 * Where the message takes a receive work request it is completed; for a WRITE
 * with immediate data it is taken here.
 *
 * Context: any; takes the lock of a completion ring.
 * Return: OK; RNR: end again later; NAK_*.
 */
enum pinless_verdict pinless_resp_end(struct pinless_qpc *p,
				      struct pinless_resp *r,
				      const struct pinless_msg *msg)
{
	bool imm = msg->opcode == PINLESS_OP_WRITE_IMM;
	struct pinless_cqe cqe = {
		.status = IB_WC_SUCCESS,
		.opcode = imm ? IB_WC_RECV_RDMA_WITH_IMM : IB_WC_RECV,
		.byte_len = msg->length,
	};
	enum pinless_verdict verdict;
	u32 num;

	lockdep_assert_held(&p->lock);
	if (!imm && !pinless_op_is_send(msg->opcode))
		return PINLESS_RESP_OK;
	if (msg->opcode != PINLESS_OP_SEND) {
		cqe.flags = IB_WC_WITH_IMM;
		cqe.imm = msg->imm;
	}
	if (imm) {
		verdict = take_recv(p, r, &num);
		if (verdict != PINLESS_RESP_OK)
			return verdict;
	}
	if (pinless_rq_complete(p, &cqe, msg->solicited)) {
		pinless_qpc_fail_event(p, IB_EVENT_QP_FATAL);
		r->verr = PINLESS_VERR_CQ;
		return PINLESS_RESP_NAK_OP;
	}
	return PINLESS_RESP_OK;
}
