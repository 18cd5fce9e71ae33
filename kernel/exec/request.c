// SPDX-License-Identifier: GPL-2.0
/* Copyright (c) 2026 The pinless authors */

/*
 * A send work request: how it is taken from the queue, and how it ends. The
 * caller has the token.
 */
#include "exec/cqring.h"
#include "exec/request.h"
#include "exec/wqe.h"

/*
 * The process could change the entry at any time: what is copied here counts.
 * Returns what follows the entry's head.
 */
static __always_inline const void *fetch_head(struct pinless_qpc *c)
{
	const void *slot = pinless_slot(c->sq.va, c->sq.cons, c->sq.entries,
					c->sq.stride);

	memcpy(&c->op.wqe, slot, sizeof(c->op.wqe));
	/* No compiler may look at the slot again instead of the copy. */
	barrier();
	return slot + sizeof(c->op.wqe);
}

/* What the responder is told of the entry. */
static void make_msg(struct pinless_msg *msg,
		     const struct pinless_send_wqe *wqe)
{
	msg->opcode = wqe->opcode;
	msg->solicited = wqe->flags & PINLESS_SEND_SOLICITED;
	msg->imm = wqe->imm;
	msg->rkey = wqe->rkey;
	msg->addr = wqe->remote_addr;
	if (pinless_op_is_atomic(wqe->opcode)) {
		msg->compare_add = wqe->compare_add;
		msg->swap = wqe->swap;
	}
}

/**
 * pinless_request_fetch() - copy the next entry of the send queue, and check it
 * @c: the queue pair; the caller has the token, and no request is under way
 *
 * Context: any.
 * Return: true if the request is under way now; false: pinless_request_fail()
 * ends it, with the status in @c->op.
 */
bool pinless_request_fetch(struct pinless_qpc *c)
{
	const struct pinless_wqe_limits limits = {
		.max_sge = c->cap.max_send_sge,
		.max_inline = c->cap.max_inline_data,
		.rd_atomic = c->attr.max_rd_atomic,
	};
	struct pinless_op *op = &c->op;
	const void *tail;

	pinless_assert_token(c);
	op->active = true;
	op->done = 0;
	op->resends = 0;
	op->rnrs = 0;
	op->index = c->sq.cons;
	op->walk.window = NULL;
	c->resp.begun = false;
	c->resp.swapped = false;
	c->resp.walk.window = NULL;
	tail = fetch_head(c);
	pinless_count(&c->port->counters, PINLESS_CNT_SEND_WQES, 1);

	op->verr = pinless_wqe_take(&op->wqe, tail, &limits, c->sq.payload,
				    &c->msg.length);
	if (op->verr) {
		op->status = op->verr == PINLESS_VERR_LENGTH ?
				     IB_WC_LOC_LEN_ERR :
				     IB_WC_LOC_QP_OP_ERR;
		return false;
	}
	make_msg(&c->msg, &op->wqe);
	if (op->wqe.flags & PINLESS_SEND_INLINE) {
		op->inl = (struct pinless_sge){
			.addr = (uintptr_t)c->sq.payload,
			.length = c->msg.length,
		};
		pinless_sgl_init_kernel(&op->walk, &op->inl);
	} else {
		pinless_sgl_init(&op->walk, c->sq.payload, op->wqe.num_sge,
				 pinless_op_is_answered(op->wqe.opcode) ?
					 IB_ACCESS_LOCAL_WRITE :
					 0,
				 &c->hints[PINLESS_SIDE_LOCAL]);
	}
	return true;
}

static const u8 wc_opcode[PINLESS_OP_COUNT] = {
	[PINLESS_OP_SEND] = IB_WC_SEND,
	[PINLESS_OP_SEND_IMM] = IB_WC_SEND,
	[PINLESS_OP_WRITE] = IB_WC_RDMA_WRITE,
	[PINLESS_OP_WRITE_IMM] = IB_WC_RDMA_WRITE,
	[PINLESS_OP_READ] = IB_WC_RDMA_READ,
	[PINLESS_OP_CMP_SWAP] = IB_WC_COMP_SWAP,
	[PINLESS_OP_FETCH_ADD] = IB_WC_FETCH_ADD,
};

/**
 * pinless_request_finish() - the request at the head of the send queue is over
 * @c:      the queue pair; the caller has the token, and the transport holds
 *          no window of the request any more
 * @status: of its completion
 * @verr:   enum pinless_vendor_err
 *
 * Without a signal a request completes in silence, unless in error.
 *
 * Context: process context, no locks held; takes the lock of a completion ring
 * or of the queue pair.
 */
void pinless_request_finish(struct pinless_qpc *c, enum ib_wc_status status,
			    u32 verr)
{
	struct pinless_op *op = &c->op;
	struct pinless_cqe cqe;
	bool told = true;
	u8 opcode = op->wqe.opcode;

	pinless_assert_token(c);
	lockdep_assert(!op->walk.window && !c->resp.walk.window);
	op->active = false;
	/*
	 * Before the completion, whose store is a release: the process may post
	 * into the slot as soon as it has polled, and the doorbell must then
	 * find it free.
	 */
	WRITE_ONCE(c->sq.cons, c->sq.cons + 1);

	if (status != IB_WC_SUCCESS || c->sq_sig_all ||
	    (op->wqe.flags & PINLESS_SEND_SIGNALED)) {
		cqe = (struct pinless_cqe){
			.wr_id = op->wqe.wr_id,
			.byte_len = c->msg.length,
			.qpn = c->qpn,
			.src_qp = c->attr.dest_qp_num,
			.index = op->index,
			.status = status,
			.vendor_err = verr,
			.opcode = opcode < PINLESS_OP_COUNT ?
					  wc_opcode[opcode] :
					  IB_WC_SEND,
		};
		told = !pinless_cqring_push(c->scq, &cqe, false);
	}

	if (!told) {
		spin_lock(&c->lock);
		pinless_qpc_fail_event(c, IB_EVENT_QP_FATAL);
		spin_unlock(&c->lock);
	}
}

/**
 * pinless_request_fail() - the request ends with the requester's own error
 * @c: as for pinless_request_finish(); @c->op has status and vendor error
 *
 * The completion tells of the error, so no event is raised; the queue pair is
 * in the error state before it.
 *
 * Context: as pinless_request_finish().
 */
void pinless_request_fail(struct pinless_qpc *c)
{
	spin_lock(&c->lock);
	pinless_qpc_fail(c);
	spin_unlock(&c->lock);
	pinless_request_finish(c, c->op.status, c->op.verr);
}

/**
 * pinless_request_flush() - complete the next entry as flushed
 * @c: as for pinless_request_finish(), in the error state, with an entry left
 *
 * Context: as pinless_request_finish().
 */
void pinless_request_flush(struct pinless_qpc *c)
{
	fetch_head(c);
	c->op.index = c->sq.cons;
	c->msg.length = 0;
	pinless_request_finish(c, IB_WC_WR_FLUSH_ERR, PINLESS_VERR_FLUSH);
}
