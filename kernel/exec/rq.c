// SPDX-License-Identifier: GPL-2.0
/* Copyright (c) 2026 The pinless authors */

#include "exec/qpc.h"
#include "exec/rq.h"
#include "exec/wqe.h"
#include "verbs/cq.h"

static struct pinless_rq_ctl *rq_ctl(struct pinless_rq *rq)
{
	return rq->queue->va;
}

/* Entries posted and not taken; more than there is room for when it is nonsense. */
static u32 rq_level(struct pinless_rq *rq)
{
	/* Pairs with the release of the process: entries before the index. */
	return smp_load_acquire(&rq_ctl(rq)->prod) - rq->cons;
}

static const struct pinless_recv_wqe *rq_slot(struct pinless_rq *rq)
{
	return pinless_slot(rq->queue->va, rq->cons, rq->entries, rq->stride);
}

static void rq_next(struct pinless_rq *rq)
{
	rq->cons++;
	WRITE_ONCE(rq_ctl(rq)->cons, rq->cons);
}

/**
 * pinless_recvq_take() - take the next receive work request
 * @c:   the queue pair; its lock is held, and none is being filled
 * @sge: out: a copy of its elements; room for PINLESS_MAX_SGE
 * @num: out: how many
 *
 * Context: any.
 * Return: enum pinless_recv. When it is bad the caller completes it in error.
 */
enum pinless_recv pinless_recvq_take(struct pinless_qpc *c,
				     struct pinless_sge *sge, u32 *num)
{
	const struct pinless_recv_wqe *wqe;
	struct pinless_rq *rq = &c->rq;
	u32 level;

	lockdep_assert_held(&c->lock);
	if (!rq->entries)
		return PINLESS_RECV_EMPTY;
	level = rq_level(rq);
	if (!level)
		return PINLESS_RECV_EMPTY;

	/* The slot is the process' own, whatever the index says. */
	wqe = rq_slot(rq);
	rq->wr_id = READ_ONCE(wqe->wr_id);
	rq->taken = true;
	rq_next(rq);
	pinless_count(&c->pdev->port.counters, PINLESS_CNT_RECV_WQES, 1);

	if (level > rq->entries)
		return PINLESS_RECV_BAD_INDEX;
	if (!pinless_recv_take(wqe, c->cap.max_recv_sge, sge, num))
		return PINLESS_RECV_BAD_NUM_SGE;
	return PINLESS_RECV_TAKEN;
}

/**
 * pinless_recvq_complete() - complete the receive work request being filled
 * @c:         the queue pair; its lock is held
 * @cqe:       status, opcode, length and flags; the rest is filled in here
 * @solicited: the sender asked for an event
 *
 * Context: any.
 * Return: 0, or -EOVERFLOW.
 */
int pinless_recvq_complete(struct pinless_qpc *c, struct pinless_cqe *cqe,
			   bool solicited)
{
	lockdep_assert_held(&c->lock);
	cqe->wr_id = c->rq.wr_id;
	cqe->qpn = c->qpn;
	cqe->src_qp = c->attr.dest_qp_num;
	cqe->index = c->rq.cons - 1;
	c->rq.taken = false;
	return pinless_cq_push(c->rcq, cqe, solicited);
}

/* Status of what a queue pair in the error state still had to do. */
static int complete_flushed(struct pinless_qpc *c)
{
	struct pinless_cqe cqe = {
		.status = IB_WC_WR_FLUSH_ERR,
		.vendor_err = PINLESS_VERR_FLUSH,
		.opcode = IB_WC_RECV,
	};

	return pinless_recvq_complete(c, &cqe, true);
}

/**
 * pinless_recvq_flush() - complete what was posted, in the error state
 * @c:      the queue pair; its lock is held, its state is IB_QPS_ERR
 * @budget: how many may be completed now; what is left of that
 *
 * The process rings the doorbell for what it posts from now on: it stores its
 * index, then loads @ring; here @ring is stored, then the index is loaded, with
 * a full barrier between the two on either side.
 *
 * Context: any.
 * Return: true when nothing is left.
 */
bool pinless_recvq_flush(struct pinless_qpc *c, u32 *budget)
{
	struct pinless_rq *rq = &c->rq;
	u32 level;
	int err = 0;

	lockdep_assert_held(&c->lock);
	if (!rq->entries)
		return true;
	WRITE_ONCE(rq_ctl(rq)->ring, 1);
	smp_mb(); /* pairs with the barrier in the provider, see above */

	if (rq->taken)
		err = complete_flushed(c);
	for (level = rq_level(rq); !err && level; level--) {
		if (level > rq->entries)
			break;	/* nonsense: there is nothing to complete */
		if (!*budget)
			return false;
		--*budget;
		rq->wr_id = READ_ONCE(rq_slot(rq)->wr_id);
		rq->taken = true;
		rq_next(rq);
		err = complete_flushed(c);
	}
	rq->taken = false;
	return true;
}

/**
 * pinless_recvq_reset() - forget what was posted
 * @c: the queue pair; its lock is held, its state is IB_QPS_RESET
 *
 * Context: any.
 */
void pinless_recvq_reset(struct pinless_qpc *c)
{
	struct pinless_rq *rq = &c->rq;

	lockdep_assert_held(&c->lock);
	rq->taken = false;
	rq->cons = 0;
	if (!rq->entries)
		return;
	WRITE_ONCE(rq_ctl(rq)->prod, 0);
	WRITE_ONCE(rq_ctl(rq)->ring, 0);
	WRITE_ONCE(rq_ctl(rq)->cons, 0);
}
