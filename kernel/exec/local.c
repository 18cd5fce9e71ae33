// SPDX-License-Identifier: GPL-2.0
/* Copyright (c) 2026 The pinless authors */

/*
 * The transport to a responder on the same host: what the two ends of a reliable
 * connection do (IBTA 9.7), without the packets in between. The caller has the
 * token of the requester. Whatever is done on the responder's side is done in
 * pieces, each of them under the responder's lock and after a look at its state,
 * so that nothing of it is touched any more when its modify_qp() or destroy_qp()
 * has returned.
 */
#include "exec/local.h"
#include "exec/peer.h"
#include "exec/resp.h"
#include "exec/wqe.h"

static enum pinless_step fail(struct pinless_op *op, enum ib_wc_status status,
			      u32 verr)
{
	op->status = status;
	op->verr = verr;
	return PINLESS_STEP_FAIL;
}

static void forget_peer(struct pinless_qpc *c)
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
	if (c->resp.begun)
		return p->conn == c->resp.conn;
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
	forget_peer(c);
	return NULL;
}

static void peer_unlock(struct pinless_qpc *p)
{
	__acquire(&p->lock);
	spin_unlock(&p->lock);
}

/* What the requester makes of the responder's verdict, but for OK and MISS. */
static enum pinless_step judge(struct pinless_qpc *c, struct pinless_qpc *p,
			       enum pinless_verdict verdict)
{
	struct pinless_op *op = &c->op;

	switch (verdict) {
	case PINLESS_RESP_RNR:
		op->rnr_code = p->attr.min_rnr_timer;
		return PINLESS_STEP_RNR;
	case PINLESS_RESP_NAK_INVALID:
		return fail(op, IB_WC_REM_INV_REQ_ERR, c->resp.verr);
	case PINLESS_RESP_NAK_ACCESS:
		return fail(op, IB_WC_REM_ACCESS_ERR, c->resp.verr);
	case PINLESS_RESP_NAK_OP:
		return fail(op, IB_WC_REM_OP_ERR, c->resp.verr);
	case PINLESS_RESP_OK:
	case PINLESS_RESP_MISS:
	case PINLESS_RESP_DROP:
		break;
	}
	return PINLESS_STEP_SILENT;
}

/* Notes what must be faulted; the window that is held keeps it. */
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

static enum pinless_side far_side(const struct pinless_msg *msg)
{
	return pinless_op_is_send(msg->opcode) ? PINLESS_SIDE_RECV :
						 PINLESS_SIDE_REMOTE;
}

/*
 * Moves one piece between the two walks, the peer being locked. DONE means that
 * something was moved, or that there is no budget left to try again.
 */
static enum pinless_step move_piece(struct pinless_qpc *c,
				    struct pinless_qpc *p, u64 *budget)
{
	struct pinless_sgl *near = &c->op.walk, *far = &c->resp.walk;
	const struct pinless_msg *msg = &c->msg;
	bool read = msg->opcode == PINLESS_OP_READ;
	struct pinless_op *op = &c->op;
	enum pinless_verdict verdict;
	struct pinless_miss miss;
	u64 len, n;
	u32 verr;

	if (!pinless_sgl_place(near, &c->domain, &verr))
		return fail(op, IB_WC_LOC_PROT_ERR, verr);
	verdict = pinless_resp_place(p, &c->resp, msg);
	if (verdict != PINLESS_RESP_OK)
		return judge(c, p, verdict);

	len = min3(near->left, far->left, msg->length - op->done);
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
			miss.write == read ? PINLESS_SIDE_LOCAL :
					     far_side(msg));
}

static enum pinless_step swap_word(struct pinless_qpc *c, struct pinless_qpc *p)
{
	enum pinless_verdict verdict;
	struct pinless_miss miss;

	verdict = pinless_resp_atomic(p, &c->resp, &c->msg, &miss);
	if (verdict == PINLESS_RESP_OK)
		return PINLESS_STEP_DONE;
	if (verdict == PINLESS_RESP_MISS)
		return need_set(&c->op, &miss, sizeof(u64),
				PINLESS_SIDE_REMOTE);
	return judge(c, p, verdict);
}

/* Stores the result of an atomic; the responder has nothing to do with it. */
static enum pinless_step store_word(struct pinless_qpc *c)
{
	struct pinless_op *op = &c->op;
	struct pinless_sgl *near = &op->walk, result;
	u64 *old = &c->resp.old;
	struct pinless_miss miss;
	u64 len, n;
	u32 verr;

	while (op->done < sizeof(*old)) {
		op->word = (struct pinless_sge){
			.addr = (uintptr_t)old + op->done,
			.length = sizeof(*old) - op->done,
		};
		pinless_sgl_init_kernel(&result, &op->word);
		pinless_sgl_place(&result, NULL, &verr);
		if (!pinless_sgl_place(near, &c->domain, &verr))
			return fail(op, IB_WC_LOC_PROT_ERR, verr);
		len = min(near->left, result.left);
		n = pinless_copy(&near->place, &result.place, len, &miss);
		pinless_sgl_advance(near, n);
		op->done += n;
		if (miss.mem)
			return need_set(op, &miss, len - n, PINLESS_SIDE_LOCAL);
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
	const struct pinless_msg *msg = &c->msg;
	struct pinless_op *op = &c->op;
	enum pinless_verdict verdict;
	enum pinless_step step;

	if (!c->resp.begun) {
		verdict = pinless_resp_begin(p, &c->resp, msg, c->hints);
		if (verdict != PINLESS_RESP_OK)
			return judge(c, p, verdict);
		op->resends = 0;
	}
	if (pinless_op_is_atomic(msg->opcode))
		return swap_word(c, p);
	if (op->done < msg->length) {
		if (!*budget)
			return PINLESS_STEP_MORE;
		step = move_piece(c, p, budget);
		if (step != PINLESS_STEP_DONE)
			return step;
		if (op->done < msg->length)
			return PINLESS_STEP_MORE;
	}
	if (msg->opcode == PINLESS_OP_WRITE || msg->opcode == PINLESS_OP_READ)
		return PINLESS_STEP_DONE;
	verdict = pinless_resp_end(p, &c->resp, msg);
	return likely(verdict == PINLESS_RESP_OK) ? PINLESS_STEP_DONE :
						    judge(c, p, verdict);
}

static enum pinless_step exec(struct pinless_qpc *c, u64 *budget)
{
	struct pinless_op *op = &c->op;
	enum pinless_step step;
	struct pinless_qpc *p;
	u32 verr;

	if (c->resp.swapped)
		return store_word(c);
	if (!c->resp.begun && !pinless_sgl_check(&op->walk, &c->domain, &verr))
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
	if (step == PINLESS_STEP_DONE && c->resp.swapped)
		return store_word(c);
	return step;
}

static void local_release(struct pinless_qpc *c)
{
	pinless_sgl_release(&c->op.walk);
	pinless_sgl_release(&c->resp.walk);
}

static enum pinless_step local_exec(struct pinless_qpc *c, u64 *budget)
{
	enum pinless_step step;

	pinless_assert_token(c);
	step = exec(c, budget);
	if (step != PINLESS_STEP_MISS)
		local_release(c);
	return step;
}

static enum pinless_step local_fault_failed(struct pinless_qpc *c, int err)
{
	u32 verr = err == -ENOMEM ? PINLESS_VERR_NOMEM : PINLESS_VERR_FAULT;
	enum pinless_verdict verdict;
	enum pinless_step step;
	struct pinless_qpc *p;

	pinless_assert_token(c);
	/* Without an answer a timer is waited for next. */
	local_release(c);
	if (c->op.need.side == PINLESS_SIDE_LOCAL)
		return fail(&c->op, IB_WC_LOC_PROT_ERR, verr);
	p = peer_lock(c);
	if (!p)
		return PINLESS_STEP_SILENT;
	verdict = pinless_resp_refuse(p, &c->resp, &c->msg, verr);
	step = judge(c, p, verdict);
	peer_unlock(p);
	return step;
}

static void local_reset(struct pinless_qpc *c)
{
	local_release(c);
	forget_peer(c);
}

const struct pinless_xport_ops pinless_local_ops = {
	.exec = local_exec,
	.fault_failed = local_fault_failed,
	.release = local_release,
	.reset = local_reset,
};
