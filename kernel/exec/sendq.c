// SPDX-License-Identifier: GPL-2.0
/* Copyright (c) 2026 The pinless authors */

/*
 * Who runs a send queue, and for how long. The one who rings runs it at once,
 * in his own context, until it is empty, his budget is used up, or something
 * has to be waited for; the rest is done by workers. One at a time has the
 * token (qpc.h).
 */
#include <linux/ktime.h>
#include <linux/slab.h>

#include "base/alloc.h"
#include "base/charge.h"
#include "obs/trace.h"
#include "mm/account.h"
#include "mm/mirror.h"
#include "mm/slow.h"
#include "exec/exec.h"
#include "exec/rq.h"
#include "exec/sendq.h"
#include "exec/wqe.h"
#include "verbs/cq.h"

/*
 * What is done in one go: bytes moved or faulted. A request costs as much as
 * this many bytes even when it moves fewer, so whoever rings runs at most 64
 * requests. A worker keeps nobody waiting but those who want the token.
 */
#define RING_BUDGET	(256u << 10)
#define WORK_BUDGET	(2u << 20)
#define REQUEST_COST	(RING_BUDGET / 64)

/* A run: by a worker, or by the one who has rung. */
struct run {
	struct pinless_qpc *c;
	u64 budget;
};

/* The process could change the entry at any time: what is copied here counts. */
static void fetch_head(struct pinless_qpc *c)
{
	const void *slot = pinless_slot(c->sq.queue->va, c->sq.cons,
					c->sq.entries, c->sq.stride);

	memcpy(&c->op.wqe, slot, sizeof(c->op.wqe));
	/* No compiler may look at the slot again instead of the copy. */
	barrier();
}

/* Copies the next entry and checks the copy. False: it ends in error. */
static bool fetch(struct pinless_qpc *c)
{
	const void *tail = pinless_slot(c->sq.queue->va, c->sq.cons,
					c->sq.entries, c->sq.stride) +
			   sizeof(struct pinless_send_wqe);
	const struct pinless_wqe_limits limits = {
		.max_sge = c->cap.max_send_sge,
		.max_inline = c->cap.max_inline_data,
		.rd_atomic = c->attr.max_rd_atomic,
	};
	struct pinless_op *op = &c->op;

	op->active = true;
	op->begun = false;
	op->swapped = false;
	op->done = 0;
	op->resends = 0;
	op->rnrs = 0;
	op->index = c->sq.cons;
	op->remote.mr = NULL;
	op->local.mr = NULL;
	fetch_head(c);
	pinless_count(&c->pdev->port.counters, PINLESS_CNT_SEND_WQES, 1);

	op->verr = pinless_wqe_take(&op->wqe, tail, &limits, c->sq.payload,
				    &op->length);
	if (op->verr) {
		op->status = op->verr == PINLESS_VERR_LENGTH ?
				     IB_WC_LOC_LEN_ERR : IB_WC_LOC_QP_OP_ERR;
		return false;
	}
	if (op->wqe.flags & PINLESS_SEND_INLINE) {
		op->inl = (struct pinless_sge){
			.addr = (uintptr_t)c->sq.payload,
			.length = op->length,
		};
		pinless_sgl_init_kernel(&op->local, &op->inl);
	} else {
		pinless_sgl_init(&op->local, c->sq.payload, op->wqe.num_sge,
				 pinless_wqe_is_answered(&op->wqe) ?
					 IB_ACCESS_LOCAL_WRITE : 0,
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

/*
 * The request at the head of the queue is over. Those without a signal complete
 * in silence, unless in error.
 */
static void finish_wr(struct pinless_qpc *c, enum ib_wc_status status, u32 verr)
{
	struct pinless_op *op = &c->op;
	struct pinless_cqe cqe;
	bool told = true;
	u8 opcode = op->wqe.opcode;

	op->active = false;
	pinless_sgl_release(&op->local);
	pinless_sgl_release(&op->remote);

	/*
	 * Before the completion, whose store is a release: who polls it may post
	 * into the slot at once, and the doorbell must then find it free.
	 */
	WRITE_ONCE(c->sq.cons, c->sq.cons + 1);

	if (status != IB_WC_SUCCESS || c->sq_sig_all ||
	    (op->wqe.flags & PINLESS_SEND_SIGNALED)) {
		cqe = (struct pinless_cqe){
			.wr_id = op->wqe.wr_id,
			.byte_len = op->length,
			.qpn = c->qpn,
			.src_qp = c->attr.dest_qp_num,
			.index = op->index,
			.status = status,
			.vendor_err = verr,
			.opcode = opcode < PINLESS_OP_COUNT ?
					  wc_opcode[opcode] : IB_WC_SEND,
		};
		told = !pinless_cq_push(c->scq, &cqe, false);
	}

	if (!told) {
		spin_lock(&c->lock);
		pinless_qpc_fail(c, IB_EVENT_QP_FATAL);
		spin_unlock(&c->lock);
	}
}

/* A requester's own error: it completes so, and the queue pair fails. */
static void finish_wr_in_error(struct pinless_qpc *c)
{
	spin_lock(&c->lock);
	/* The completion tells it; the state is there before it. */
	pinless_qpc_fail(c, IB_EVENT_COMM_EST);
	spin_unlock(&c->lock);
	finish_wr(c, c->op.status, c->op.verr);
}

/* IBTA table 45: microseconds of the 5-bit encodings of the RNR NAK timer. */
static unsigned int rnr_usecs(u8 code)
{
	static const u32 usecs[32] = {
		655360, 10, 20, 30, 40, 60, 80, 120, 160, 240, 320, 480, 640,
		960, 1280, 1920, 2560, 3840, 5120, 7680, 10240, 15360, 20480,
		30720, 40960, 61440, 81920, 122880, 163840, 245760, 327680,
		491520,
	};

	return usecs[code & 31];
}

/*
 * Gives the token back until a timer goes off. False: something has happened
 * that goes before, and the token stays.
 */
static bool wait_timer(struct pinless_qpc *c, unsigned long delay)
{
	bool waits = false;

	spin_lock(&c->lock);
	if (!c->dead && (c->state == IB_QPS_RTS || c->state == IB_QPS_SQD)) {
		c->wait = PINLESS_WAIT_TIMER;
		pinless_qpc_queue_work(c, delay);
		pinless_qpc_return(c);
		waits = true;
	}
	spin_unlock(&c->lock);
	return waits;
}

/*
 * The receiver is not ready: its timer tells how long to wait, our attribute how
 * often; 7 is for ever (IBTA 9.7.5.2.8). True: the token is gone.
 */
static bool wait_rnr(struct pinless_qpc *c)
{
	struct pinless_op *op = &c->op;
	struct pinless_qpc *p = c->peer;
	unsigned long delay;
	unsigned int usecs;

	pinless_count(&c->pdev->port.counters, PINLESS_CNT_RNR, 1);
	if (c->attr.rnr_retry != 7 && op->rnrs++ >= c->attr.rnr_retry) {
		op->status = IB_WC_RNR_RETRY_EXC_ERR;
		op->verr = PINLESS_VERR_RNR;
		finish_wr_in_error(c);
		return false;
	}
	/*
	 * At least as long as the receiver asks for: n jiffies may be over after
	 * n - 1. Less than one is rounded up to one, which is enough mostly.
	 */
	usecs = rnr_usecs(READ_ONCE(p->attr.min_rnr_timer));
	delay = usecs_to_jiffies(usecs);
	if (delay > 1)
		delay++;
	return wait_timer(c, delay);
}

/* With no time-out asked for, this often is looked whether somebody answers. */
#define UNTIMED_RETRY	(HZ / 10)

/*
 * Nobody answers: the request would be sent again after each time-out of
 * 4.096 us * 2^timeout, retry_cnt times (IBTA 9.7.6.1.3, 11.2.4.2). 0 is no
 * time-out at all. True: the token is gone.
 */
static bool wait_ack(struct pinless_qpc *c)
{
	struct pinless_op *op = &c->op;
	u64 nsecs;

	pinless_count(&c->pdev->port.counters, PINLESS_CNT_TIMEOUTS, 1);
	if (!c->attr.timeout)
		return wait_timer(c, UNTIMED_RETRY);
	if (op->resends++ > c->attr.retry_cnt) {
		op->status = IB_WC_RETRY_EXC_ERR;
		op->verr = PINLESS_VERR_UNREACHABLE;
		finish_wr_in_error(c);
		return false;
	}
	nsecs = 4096ull << c->attr.timeout;
	return wait_timer(c, nsecs_to_jiffies(nsecs) + 1);
}

static void run_queue(struct pinless_qpc *c, u64 budget);

/* A fault that may take any time; it holds the queue pair, and not the token. */
struct slow_fault {
	struct pinless_slow slow;
	struct pinless_qpc *c;
	struct pinless_need need;
	u32 seq;
};

static void need_hold(struct pinless_need *need)
{
	pinless_mirror_hold(need->mirror);
	pinless_account_hold(need->account);
}

static void need_put(struct pinless_need *need)
{
	pinless_account_put(need->account);
	pinless_mirror_put(need->mirror);
}

static unsigned int need_flags(const struct pinless_need *need)
{
	return (need->write ? PINLESS_FAULT_WRITE : 0) |
	       (need->side != PINLESS_SIDE_LOCAL ? PINLESS_FAULT_TARGET : 0);
}

static void slow_fault_work(struct work_struct *work)
{
	struct slow_fault *f = container_of(work, struct slow_fault, slow.work);
	struct pinless_qpc *c = f->c;
	bool taken = false;
	int err = 0;

	/* It may have waited for its turn for longer than anybody wants it. */
	if (READ_ONCE(c->wait_seq) == f->seq)
		err = pinless_mirror_fault(f->need.mirror, f->need.addr,
					   f->need.len, need_flags(&f->need),
					   f->need.account, NULL);
	pinless_slow_end(&f->need.mirror->slow);
	need_put(&f->need);

	spin_lock(&c->lock);
	if (!c->dead && c->wait == PINLESS_WAIT_FAULT &&
	    c->wait_seq == f->seq) {
		c->wait = PINLESS_WAIT_NONE;
		c->fault_err = err;
		taken = pinless_qpc_take(c);
	}
	spin_unlock(&c->lock);
	kfree(f);
	if (taken)
		run_queue(c, WORK_BUDGET);
	pinless_qpc_put(c);
}

/*
 * Hands a fault to a worker of its own, which keeps mirror and account instead of
 * the regions, and gives the token back. False: the token stays.
 */
static bool wait_fault(struct pinless_qpc *c)
{
	struct mem_cgroup *memcg, *old;
	struct slow_fault *f;
	bool waits = false;

	memcg = pinless_charge_begin(c->op.need.mirror->mm, &old);
	f = kmalloc(sizeof(*f), PINLESS_GFP_USER);
	pinless_charge_end(memcg, old);
	if (!f) {
		pinless_mirror_count_error(c->op.need.account, -ENOMEM);
		pinless_exec_release(c);
		c->fault_err = -ENOMEM;
		return false;
	}
	INIT_WORK(&f->slow.work, slow_fault_work);
	f->c = c;
	f->need = c->op.need;
	need_hold(&f->need);
	pinless_exec_release(c);
	/*
	 * With less memory than the message needs, its first pages would be
	 * reclaimed before the last are there: copy in between.
	 */
	f->need.len = min_t(u64, f->need.len, RING_BUDGET);

	spin_lock(&c->lock);
	if (c->dead || (c->state != IB_QPS_RTS && c->state != IB_QPS_SQD))
		goto out;
	f->seq = ++c->wait_seq;
	waits = pinless_slow_begin(&f->need.mirror->slow, &f->slow);
	if (!waits) {
		c->fault_err = -ENOMEM;
		goto out;
	}
	/* The worker comes to look at this when we have left the lock. */
	c->wait = PINLESS_WAIT_FAULT;
	refcount_inc(&c->refs);
	pinless_count(&c->pdev->port.counters, PINLESS_CNT_FAULT_DEFERRED, 1);
	pinless_qpc_return(c);
out:
	spin_unlock(&c->lock);
	if (!waits) {
		if (c->fault_err)
			pinless_mirror_count_error(f->need.account,
						   c->fault_err);
		need_put(&f->need);
		kfree(f);
	}
	return waits;
}

static bool resume_timed(struct run *r);

/* Whether the next round of work_off() would take a step. A look, as there. */
static bool goes_on(const struct pinless_qpc *c)
{
	u8 state = READ_ONCE(c->state);

	return !READ_ONCE(c->dead) &&
	       (state == IB_QPS_RTS || state == IB_QPS_SQD);
}

/* What is missing is faulted here if that is quick. True: the token is gone. */
static bool serve_miss(struct run *r)
{
	struct pinless_need *need = &r->c->op.need;
	struct pinless_stream *stream = &r->c->hints[need->side].stream;
	u64 len = min_t(u64, need->len, RING_BUDGET);
	int err;

	stream->last = need->last;
	err = pinless_mirror_fault(need->mirror, need->addr, len,
				   PINLESS_FAULT_NOWAIT | need_flags(need),
				   need->account, stream);
	if (err == -EAGAIN)
		return wait_fault(r->c);
	r->c->fault_err = err;
	r->budget -= min_t(u64, r->budget, max_t(u64, len, REQUEST_COST));
	if ((trace_pinless_copy_enabled() || pinless_hist_wanted()) && !err &&
	    r->budget && goes_on(r->c))
		return resume_timed(r);
	return false;
}

/* The budget is used up: the worker goes on, with the token. */
static void hand_over(struct pinless_qpc *c)
{
	spin_lock(&c->lock);
	pinless_count(&c->pdev->port.counters, PINLESS_CNT_DEFERRED, 1);
	pinless_qpc_hand_over(c);
	spin_unlock(&c->lock);
}

/* What follows from a step of the request. True: the token is gone. */
static __always_inline bool conclude(struct run *r, enum pinless_step step)
{
	struct pinless_qpc *c = r->c;

	switch (step) {
	case PINLESS_STEP_DONE:
		pinless_count(&c->pdev->port.counters, PINLESS_CNT_BYTES,
			      c->op.length);
		r->budget -= min_t(u64, r->budget, REQUEST_COST);
		finish_wr(c, IB_WC_SUCCESS, PINLESS_VERR_NONE);
		return false;
	case PINLESS_STEP_FAIL:
		finish_wr_in_error(c);
		return false;
	case PINLESS_STEP_MORE:
		return false;
	case PINLESS_STEP_MISS:
		return serve_miss(r);
	case PINLESS_STEP_RNR:
		return wait_rnr(c);
	case PINLESS_STEP_SILENT:
		return wait_ack(c);
	}
	return false;
}

/*
 * The step after a fault, while somebody wants to know what it takes; without
 * that the next round of work_off() does it. So does it with another miss, which
 * it finds again. True: the token is gone.
 */
static noinline bool resume_timed(struct run *r)
{
	struct pinless_qpc *c = r->c;
	u32 dev = c->pdev->ibdev.index, qpn = c->qpn;
	u64 before = c->op.done, bytes, begin, copied;
	enum pinless_step step;
	bool gone = false;

	begin = ktime_get_ns();
	step = pinless_exec(c, &r->budget);
	copied = ktime_get_ns();
	bytes = c->op.done - before;
	/* Before the completion: who has that finds the step counted. */
	pinless_hist_add(&c->pdev->port.hist, PINLESS_HIST_COPY,
			 copied - begin);
	if (step != PINLESS_STEP_MISS)
		gone = conclude(r, step);
	trace_pinless_copy(dev, qpn, bytes, step == PINLESS_STEP_DONE,
			   copied - begin, ktime_get_ns() - copied);
	return gone;
}

/* One step of the request under way. True: the token is gone. */
static bool step(struct run *r)
{
	struct pinless_qpc *c = r->c;
	enum pinless_step step;
	int err = c->fault_err;

	c->fault_err = 0;
	if (!r->budget) {
		c->fault_err = err;
		pinless_exec_release(c);
		hand_over(c);
		return true;
	}
	if (unlikely(err && err != -EBUSY && err != -EINTR))
		step = pinless_exec_fault_failed(c, c->op.need.side, err);
	else
		step = pinless_exec(c, &r->budget);
	return conclude(r, step);
}

/* Completes some of what is left in the error state. True: nothing is left. */
static bool flush(struct run *r)
{
	struct pinless_qpc *c = r->c;
	/* What is flushed of the receive queue is flushed under the lock. */
	u32 budget = min_t(u32, r->budget, RING_BUDGET) / REQUEST_COST, prod;
	bool done;

	c->fault_err = 0;
	if (c->op.active)
		finish_wr(c, IB_WC_WR_FLUSH_ERR, PINLESS_VERR_FLUSH);
	spin_lock(&c->lock);
	prod = c->sq.prod;
	spin_unlock(&c->lock);
	for (; c->sq.cons != prod && budget; budget--) {
		fetch_head(c);
		c->op.index = c->sq.cons;
		c->op.length = 0;
		finish_wr(c, IB_WC_WR_FLUSH_ERR, PINLESS_VERR_FLUSH);
	}
	spin_lock(&c->lock);
	done = pinless_recvq_flush(c, &budget);
	spin_unlock(&c->lock);
	r->budget = (u64)budget * REQUEST_COST;
	return done && c->sq.cons == prod;
}

/* In SQD, once: what was begun is done (IBTA 10.3.1.5). */
static void tell_drained(struct pinless_qpc *c)
{
	spin_lock(&c->lock);
	if (!c->dead && c->state == IB_QPS_SQD && c->drain) {
		c->drain = false;
		pinless_qpc_event(c, IB_EVENT_SQ_DRAINED);
	}
	spin_unlock(&c->lock);
}

/*
 * Works until there is nothing to do, or the token is gone, which it returns as
 * true.
 */
static bool work_off(struct run *r)
{
	struct pinless_qpc *c = r->c;
	u8 state;

	for (;;) {
		state = READ_ONCE(c->state);
		if (READ_ONCE(c->dead))
			return false;
		if (state == IB_QPS_ERR) {
			if (flush(r))
				return false;
			hand_over(c);
			return true;
		}
		if (state != IB_QPS_RTS && state != IB_QPS_SQD)
			return false;
		if (!c->op.active) {
			if (state == IB_QPS_SQD) {
				tell_drained(c);
				return false;
			}
			/* Pairs with the release of whoever rang: entries first. */
			if (c->sq.cons == smp_load_acquire(&c->sq.prod))
				return false;
			if (!fetch(c)) {
				finish_wr_in_error(c);
				continue;
			}
		}
		if (step(r))
			return true;
	}
}

static void run_queue(struct pinless_qpc *c, u64 budget)
{
	struct run r = { .c = c, .budget = budget };
	bool again;

	do {
		if (work_off(&r))
			return;
		spin_lock(&c->lock);
		again = c->again && !c->dead;
		c->again = false;
		if (!again)
			pinless_qpc_return(c);
		spin_unlock(&c->lock);
	} while (again);
}

/**
 * pinless_sendq_run() - run a send queue on behalf of who has rung
 * @c: the queue pair; the caller has the token, which is given back or on
 *
 * Context: process context, may sleep for as long as the kernel needs to get
 * memory; no locks held.
 */
void pinless_sendq_run(struct pinless_qpc *c)
{
	run_queue(c, RING_BUDGET);
}

/**
 * pinless_sendq_work() - a timer has gone off, or the token was handed over
 * @work: of a queue pair; it has brought a reference
 *
 * Context: a worker.
 */
void pinless_sendq_work(struct work_struct *work)
{
	struct pinless_qpc *c = container_of(to_delayed_work(work),
					     struct pinless_qpc, work);
	bool mine;

	spin_lock(&c->lock);
	if (c->handed) {
		c->handed = false;
		mine = true;
	} else if (!c->dead && c->wait == PINLESS_WAIT_TIMER) {
		c->wait = PINLESS_WAIT_NONE;
		mine = pinless_qpc_take(c);
	} else {
		mine = false;
	}
	spin_unlock(&c->lock);
	if (mine)
		run_queue(c, WORK_BUDGET);
	pinless_qpc_put(c);
}

/**
 * pinless_sendq_reset() - forget what was posted and what was under way
 * @c: the queue pair, in the state RESET; nobody has the token
 *
 * Context: process context; no locks held.
 */
void pinless_sendq_reset(struct pinless_qpc *c)
{
	pinless_exec_release(c);
	pinless_exec_forget_peer(c);
	c->op.active = false;
	c->fault_err = 0;
	memset(c->hints, 0, sizeof(c->hints));
	spin_lock(&c->lock);
	c->sq.prod = 0;
	c->sq.cons = 0;
	spin_unlock(&c->lock);
}
