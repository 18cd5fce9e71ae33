// SPDX-License-Identifier: GPL-2.0
/* Copyright (c) 2026 The pinless authors */

/*
 * Execution of one send work request against a responder on the same host: what
 * the two ends of a reliable connection do (IBTA 9.7), without the packets in
 * between. The caller has the token of the requester. Whatever is done on the
 * responder's side is done in pieces, each of them under the responder's lock
 * and after a look at its state, so that nothing of it is touched any more when
 * its modify_qp() or destroy_qp() has returned.
 */
#include "mm/access.h"
#include "mm/account.h"
#include "exec/exec.h"
#include "exec/peer.h"
#include "exec/rq.h"
#include "exec/wqe.h"
#include "verbs/cq.h"
#include "verbs/mr.h"

static enum pinless_step fail(struct pinless_op *op, enum ib_wc_status status,
			      u32 verr)
{
	op->status = status;
	op->verr = verr;
	return PINLESS_STEP_FAIL;
}

/**
 * pinless_exec_forget_peer() - let go of who answered last
 * @c: the queue pair; the caller has the token
 *
 * Context: any.
 */
void pinless_exec_forget_peer(struct pinless_qpc *c)
{
	pinless_qpc_put(c->peer);
	c->peer = NULL;
}

/* Whether the peer hears us: what a packet would be checked for. */
static bool peer_hears(const struct pinless_qpc *c, struct pinless_qpc *p)
{
	lockdep_assert_held(&p->lock);
	if (p->dead || (p->state != IB_QPS_RTR && p->state != IB_QPS_RTS &&
			p->state != IB_QPS_SQD))
		return false;
	if (c->op.begun)
		return p->conn == c->op.conn;
	if (p->conn == c->peer_conn)
		return true;
	return p->attr.dest_qp_num == c->qpn && p->net == c->net &&
	       !memcmp(&p->dgid, &c->sgid, sizeof(p->dgid)) &&
	       !memcmp(&p->sgid, &c->dgid, sizeof(p->sgid));
}

/*
 * Locks the peer if it is there and connected to us. NULL otherwise, with no
 * lock held.
 */
static struct pinless_qpc *peer_lock(struct pinless_qpc *c)
{
	struct pinless_qpc *p = c->peer;

	if (!p) {
		c->peer_conn = 0;
		p = pinless_peer_find(&c->dgid, c->net, c->attr.dest_qp_num);
		if (!p)
			return NULL;
		c->peer = p;
	}
	spin_lock(&p->lock);
	if (likely(peer_hears(c, p))) {
		c->peer_conn = p->conn;
		/* Sparse counts locks by function, and this one keeps one. */
		__release(&p->lock);
		return p;
	}
	spin_unlock(&p->lock);
	pinless_exec_forget_peer(c);
	return NULL;
}

static void peer_unlock(struct pinless_qpc *p)
{
	__acquire(&p->lock);
	spin_unlock(&p->lock);
}

/*
 * The responder refuses (IBTA 9.9.3.1, table 58): its queue pair goes to the
 * error state with an event, and the requester is told by a NAK.
 */
static enum pinless_step refuse(struct pinless_op *op, struct pinless_qpc *p,
				enum ib_wc_status status, u32 verr)
{
	pinless_qpc_fail(p, status == IB_WC_REM_ACCESS_ERR ?
				IB_EVENT_QP_ACCESS_ERR : IB_EVENT_QP_REQ_ERR);
	return fail(op, status, verr);
}

/*
 * The responder's receive work request ends in error, which tells its process;
 * no event is raised then.
 */
static enum pinless_step refuse_recv(struct pinless_op *op,
				     struct pinless_qpc *p,
				     enum ib_wc_status recv_status,
				     enum ib_wc_status status, u32 verr)
{
	struct pinless_cqe cqe = {
		.status = recv_status,
		.vendor_err = verr,
		.opcode = IB_WC_RECV,
	};

	pinless_recvq_complete(p, &cqe, true);
	pinless_qpc_fail(p, IB_EVENT_COMM_EST);
	return fail(op, status, verr);
}

static bool is_atomic(const struct pinless_op *op)
{
	return op->wqe.opcode == PINLESS_OP_CMP_SWAP ||
	       op->wqe.opcode == PINLESS_OP_FETCH_ADD;
}

static bool is_send(const struct pinless_op *op)
{
	return op->wqe.opcode == PINLESS_OP_SEND ||
	       op->wqe.opcode == PINLESS_OP_SEND_IMM;
}

static bool is_read(const struct pinless_op *op)
{
	return op->wqe.opcode == PINLESS_OP_READ;
}

/* Takes a receive work request of the responder, if it has a proper one. */
static enum pinless_step take_recv(struct pinless_op *op,
				   struct pinless_qpc *p, u32 *num)
{
	switch (pinless_recvq_take(p, op->recv_sge, num)) {
	case PINLESS_RECV_EMPTY:
		return PINLESS_STEP_RNR;
	case PINLESS_RECV_BAD_INDEX:
		return refuse_recv(op, p, IB_WC_LOC_QP_OP_ERR,
				   IB_WC_REM_OP_ERR, PINLESS_VERR_INDEX);
	case PINLESS_RECV_BAD_NUM_SGE:
		return refuse_recv(op, p, IB_WC_LOC_QP_OP_ERR,
				   IB_WC_REM_OP_ERR, PINLESS_VERR_NUM_SGE);
	case PINLESS_RECV_TAKEN:
		break;
	}
	return PINLESS_STEP_DONE;
}

/* The responder accepts a SEND: it has receive work, and room. */
static enum pinless_step begin_send(struct pinless_op *op,
				    struct pinless_qpc *p,
				    struct pinless_hints *hints)
{
	enum pinless_step step;
	u32 num = 0;

	step = take_recv(op, p, &num);
	if (step != PINLESS_STEP_DONE)
		return step;
	if (op->length > pinless_sge_total(op->recv_sge, num))
		return refuse_recv(op, p, IB_WC_LOC_LEN_ERR,
				   IB_WC_REM_INV_REQ_ERR,
				   PINLESS_VERR_RECV_LENGTH);
	pinless_sgl_init(&op->remote, op->recv_sge, num, IB_ACCESS_LOCAL_WRITE,
			 hints);
	return PINLESS_STEP_DONE;
}

/* The responder accepts a WRITE, a READ or an atomic: it allows them. */
static enum pinless_step begin_rdma(struct pinless_op *op,
				    struct pinless_qpc *p, int access,
				    struct pinless_hints *hints)
{
	if (!(p->attr.qp_access_flags & access))
		return refuse(op, p, IB_WC_REM_INV_REQ_ERR,
			      PINLESS_VERR_ACCESS);
	if (access != IB_ACCESS_REMOTE_WRITE && !p->attr.max_dest_rd_atomic)
		return refuse(op, p, IB_WC_REM_INV_REQ_ERR,
			      PINLESS_VERR_RD_ATOMIC);
	if (is_atomic(op) && !IS_ALIGNED(op->wqe.remote_addr, sizeof(u64)))
		return refuse(op, p, IB_WC_REM_INV_REQ_ERR,
			      PINLESS_VERR_ALIGN);
	op->far = (struct pinless_sge){
		.addr = op->wqe.remote_addr,
		.length = op->length,
		.lkey = op->wqe.rkey,
	};
	pinless_sgl_init(&op->remote, &op->far, 1, access, hints);
	return PINLESS_STEP_DONE;
}

/* The first packet arrives; the peer is locked. */
static enum pinless_step begin(struct pinless_qpc *c, struct pinless_qpc *p)
{
	struct pinless_hints *remote = &c->hints[PINLESS_SIDE_REMOTE];
	struct pinless_op *op = &c->op;
	enum pinless_step step;

	if (unlikely(p->state == IB_QPS_RTR && !p->comm_est)) {
		p->comm_est = true;
		pinless_qpc_event(p, IB_EVENT_COMM_EST);
	}
	/*
	 * Half a message has arrived, of a connection that the requester has
	 * left: on a wire, the first packet of another has the wrong PSN.
	 */
	if (unlikely(p->rq.taken))
		return PINLESS_STEP_SILENT;
	if (is_send(op))
		step = begin_send(op, p, &c->hints[PINLESS_SIDE_RECV]);
	else if (is_read(op))
		step = begin_rdma(op, p, IB_ACCESS_REMOTE_READ, remote);
	else if (is_atomic(op))
		step = begin_rdma(op, p, IB_ACCESS_REMOTE_ATOMIC, remote);
	else
		step = begin_rdma(op, p, IB_ACCESS_REMOTE_WRITE, remote);
	if (step == PINLESS_STEP_DONE) {
		op->conn = p->conn;
		op->begun = true;
		op->resends = 0;
	}
	return step;
}

/* A region, or the memory behind it, refuses an access. The peer is locked. */
static enum pinless_step side_refuses(struct pinless_op *op,
				      struct pinless_qpc *p,
				      enum pinless_side side, u32 verr)
{
	switch (side) {
	case PINLESS_SIDE_REMOTE:
		return refuse(op, p, IB_WC_REM_ACCESS_ERR, verr);
	case PINLESS_SIDE_RECV:
		return refuse_recv(op, p, IB_WC_LOC_PROT_ERR, IB_WC_REM_OP_ERR,
				   verr);
	default:
		return fail(op, IB_WC_LOC_PROT_ERR, verr);
	}
}

/* Notes what must be faulted; the region that is held keeps it. */
static enum pinless_step need_set(struct pinless_op *op,
				  const struct pinless_miss *miss, u64 len,
				  enum pinless_side side)
{
	struct pinless_need *need = &op->need;

	need->mirror = miss->mem->mirror;
	need->account = miss->mem->account;
	need->addr = miss->addr;
	need->len = len;
	need->last = miss->mem->last;
	need->write = miss->write;
	need->side = side;
	return PINLESS_STEP_MISS;
}

static enum pinless_side far_side(const struct pinless_op *op)
{
	return is_send(op) ? PINLESS_SIDE_RECV : PINLESS_SIDE_REMOTE;
}

/*
 * Moves one piece between the two walks, the peer being locked. DONE means that
 * something was moved, or that there is no budget left to try again.
 */
static enum pinless_step move_piece(struct pinless_qpc *c,
				    struct pinless_qpc *p, u64 *budget)
{
	struct pinless_op *op = &c->op;
	struct pinless_sgl *near = &op->local, *far = &op->remote;
	bool read = is_read(op);
	struct pinless_miss miss;
	u64 len, n;
	u32 verr;

	if (!pinless_sgl_place(near, c->pdev, c->pd, &verr))
		return fail(op, IB_WC_LOC_PROT_ERR, verr);
	if (!pinless_sgl_place(far, p->pdev, p->pd, &verr))
		return side_refuses(op, p, far_side(op), verr);

	len = min3(near->left, far->left, op->length - op->done);
	if (read)
		n = pinless_copy(&near->place, &far->place, len, &miss);
	else
		n = pinless_copy(&far->place, &near->place, len, &miss);
	pinless_sgl_advance(near, n);
	pinless_sgl_advance(far, n);
	op->done += n;
	*budget -= min(*budget, n);
	if (likely(!miss.mem)) {
		/* Others have their turn. */
		if (unlikely(!n))
			*budget = 0;
		return PINLESS_STEP_DONE;
	}
	/* What is missing is what comes next. */
	return need_set(op, &miss, len - n,
			miss.write == read ? PINLESS_SIDE_LOCAL : far_side(op));
}

/* Reads, changes and writes the responder's word, once; the peer is locked. */
static enum pinless_step swap_word(struct pinless_qpc *c, struct pinless_qpc *p)
{
	struct pinless_op *op = &c->op;
	struct pinless_sgl *far = &op->remote;
	struct pinless_miss miss;
	u32 verr;

	if (!pinless_sgl_place(far, p->pdev, p->pd, &verr))
		return side_refuses(op, p, PINLESS_SIDE_REMOTE, verr);
	/* Aligned as the iova is, it need not be so in memory. */
	if (!IS_ALIGNED(far->place.addr, sizeof(u64)))
		return refuse(op, p, IB_WC_REM_INV_REQ_ERR, PINLESS_VERR_ALIGN);
	if (!pinless_atomic(&far->place, op->wqe.opcode == PINLESS_OP_CMP_SWAP,
			    op->wqe.compare_add, op->wqe.swap, &op->old, &miss))
		return need_set(op, &miss, sizeof(u64), PINLESS_SIDE_REMOTE);
	op->swapped = true;
	return PINLESS_STEP_DONE;
}

/* Stores the result of an atomic; the responder has nothing to do with it. */
static enum pinless_step store_word(struct pinless_qpc *c)
{
	struct pinless_op *op = &c->op;
	struct pinless_sgl *near = &op->local, result;
	struct pinless_miss miss;
	u64 len, n;
	u32 verr;

	while (op->done < sizeof(op->old)) {
		op->word = (struct pinless_sge){
			.addr = (uintptr_t)&op->old + op->done,
			.length = sizeof(op->old) - op->done,
		};
		pinless_sgl_init_kernel(&result, &op->word);
		pinless_sgl_place(&result, NULL, NULL, &verr);
		if (!pinless_sgl_place(near, c->pdev, c->pd, &verr))
			return fail(op, IB_WC_LOC_PROT_ERR, verr);
		len = min(near->left, result.left);
		n = pinless_copy(&near->place, &result.place, len, &miss);
		pinless_sgl_advance(near, n);
		op->done += n;
		if (miss.mem)
			return need_set(op, &miss, len - n,
					PINLESS_SIDE_LOCAL);
	}
	return PINLESS_STEP_DONE;
}

/* The last packet arrives: the responder's process is told. It is locked. */
static enum pinless_step finish(struct pinless_op *op, struct pinless_qpc *p)
{
	bool imm = op->wqe.opcode == PINLESS_OP_WRITE_IMM;
	struct pinless_cqe cqe = {
		.status = IB_WC_SUCCESS,
		.opcode = imm ? IB_WC_RECV_RDMA_WITH_IMM : IB_WC_RECV,
		.byte_len = op->length,
	};
	enum pinless_step step;
	u32 num;

	if (op->wqe.opcode != PINLESS_OP_SEND) {
		cqe.flags = IB_WC_WITH_IMM;
		cqe.imm = op->wqe.imm;
	}
	if (imm) {
		step = take_recv(op, p, &num);
		if (step != PINLESS_STEP_DONE)
			return step;
	}
	if (pinless_recvq_complete(p, &cqe,
				   op->wqe.flags & PINLESS_SEND_SOLICITED)) {
		pinless_qpc_fail(p, IB_EVENT_QP_FATAL);
		return fail(op, IB_WC_REM_OP_ERR, PINLESS_VERR_CQ);
	}
	return PINLESS_STEP_DONE;
}

/*
 * What can be done in one go with the peer locked, which for a short message is
 * all of it. MORE with a budget left: let others have the lock, and go on.
 */
static enum pinless_step go(struct pinless_qpc *c, struct pinless_qpc *p,
			    u64 *budget)
{
	struct pinless_op *op = &c->op;
	enum pinless_step step;

	if (!op->begun) {
		step = begin(c, p);
		if (step != PINLESS_STEP_DONE)
			return step;
	}
	if (is_atomic(op))
		return swap_word(c, p);
	if (op->done < op->length) {
		if (!*budget)
			return PINLESS_STEP_MORE;
		step = move_piece(c, p, budget);
		if (step != PINLESS_STEP_DONE)
			return step;
		if (op->done < op->length)
			return PINLESS_STEP_MORE;
	}
	if (is_send(op) || op->wqe.opcode == PINLESS_OP_WRITE_IMM)
		return finish(op, p);
	return PINLESS_STEP_DONE;
}

static enum pinless_step exec(struct pinless_qpc *c, u64 *budget)
{
	struct pinless_op *op = &c->op;
	enum pinless_step step;
	struct pinless_qpc *p;
	u32 verr;

	if (op->swapped)
		return store_word(c);
	if (!op->begun && !pinless_sgl_check(&op->local, c->pdev, c->pd, &verr))
		return fail(op, IB_WC_LOC_PROT_ERR, verr);
	for (;;) {
		p = peer_lock(c);
		if (!p)
			return PINLESS_STEP_SILENT;
		step = go(c, p, budget);
		peer_unlock(p);
		if (step != PINLESS_STEP_MORE || !*budget)
			break;
		cond_resched();
	}
	if (step == PINLESS_STEP_DONE && op->swapped)
		return store_word(c);
	return step;
}

/**
 * pinless_exec() - take the send work request under way as far as it goes
 * @c:      the queue pair; the caller has the token, and @c->op is active
 * @budget: bytes that may be moved now; what is left of that
 *
 * With PINLESS_STEP_MISS the regions stay held, for a caller who faults at once
 * what @c->op.need says, and comes back; before anything that may take longer
 * he holds mirror and account himself, and calls pinless_exec_release().
 *
 * Context: process context, no locks held; takes the lock of the peer, waits
 * for nothing.
 * Return: enum pinless_step.
 */
enum pinless_step pinless_exec(struct pinless_qpc *c, u64 *budget)
{
	enum pinless_step step = exec(c, budget);

	if (step != PINLESS_STEP_MISS)
		pinless_exec_release(c);
	return step;
}

/**
 * pinless_exec_release() - let go of the regions of the request under way
 * @c: the queue pair; the caller has the token
 *
 * Context: any.
 */
void pinless_exec_release(struct pinless_qpc *c)
{
	pinless_sgl_release(&c->op.local);
	pinless_sgl_release(&c->op.remote);
}

/**
 * pinless_exec_fault_failed() - what was needed is not to be had
 * @c:    the queue pair; the caller has the token
 * @side: whose memory it is
 * @err:  what pinless_mirror_fault() said
 *
 * Context: as pinless_exec().
 * Return: PINLESS_STEP_FAIL, or PINLESS_STEP_SILENT when the peer has gone in
 * the meantime.
 */
enum pinless_step pinless_exec_fault_failed(struct pinless_qpc *c,
					    enum pinless_side side, int err)
{
	u32 verr = err == -ENOMEM ? PINLESS_VERR_NOMEM : PINLESS_VERR_FAULT;
	enum pinless_step step;
	struct pinless_qpc *p;

	/* When nobody answers a timer is waited for next. */
	pinless_exec_release(c);
	if (side == PINLESS_SIDE_LOCAL)
		return fail(&c->op, IB_WC_LOC_PROT_ERR, verr);
	p = peer_lock(c);
	if (!p)
		return PINLESS_STEP_SILENT;
	step = side_refuses(&c->op, p, side, verr);
	peer_unlock(p);
	return step;
}
