// SPDX-License-Identifier: GPL-2.0
/* Copyright (c) 2026 The pinless authors */

/*
 * When a send queue runs, and for how long. The doorbell runs it inline until it
 * is empty, the budget is spent, or it must wait; a worker does the rest. One
 * context at a time has the token (qpc.h).
 */
#include <linux/ktime.h>
#include <linux/slab.h>

#include "base/alloc.h"
#include "base/charge.h"
#include "obs/trace.h"
#include "mm/account.h"
#include "mm/mirror.h"
#include "mm/slow.h"
#include "exec/request.h"
#include "exec/rq.h"
#include "exec/sendq.h"
#include "exec/xport.h"

/*
 * What is done in one go: bytes moved or faulted. A request costs at least
 * REQUEST_COST bytes, so a doorbell runs at most 64 of them. A worker delays
 * only those that wait for the token.
 */
#define RING_BUDGET	(256u << 10)
#define WORK_BUDGET	(2u << 20)
#define REQUEST_COST	(RING_BUDGET / 64)

/**
 * struct run - a run of a send queue, by a worker or by a doorbell
 * @c:      the queue pair
 * @budget: bytes that are left of what may be done
 * @timed:  the next step follows a fault, and is to be traced
 */
struct run {
	struct pinless_qpc *c;
	u64 budget;
	bool timed;
};

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
 * Returns the token until a timer goes off. It stays when the state has changed
 * meanwhile.
 */
static enum pinless_token wait_timer(struct pinless_qpc *c, unsigned long delay)
{
	enum pinless_token token = PINLESS_TOKEN_KEPT;

	spin_lock(&c->lock);
	if (!c->dead && (c->state == IB_QPS_RTS || c->state == IB_QPS_SQD)) {
		c->wait = PINLESS_WAIT_TIMER;
		pinless_qpc_queue_work(c, delay);
		pinless_qpc_return(c);
		token = PINLESS_TOKEN_GONE;
	}
	spin_unlock(&c->lock);
	return token;
}

/* The requester gives up. */
static enum pinless_token give_up(struct pinless_qpc *c,
				  enum ib_wc_status status, u32 verr)
{
	c->op.status = status;
	c->op.verr = verr;
	pinless_request_fail(c);
	return PINLESS_TOKEN_KEPT;
}

/*
 * The receiver is not ready: its timer tells how long to wait, our attribute how
 * often; 7 is without end (IBTA 9.7.5.2.8).
 */
static enum pinless_token wait_rnr(struct pinless_qpc *c)
{
	struct pinless_op *op = &c->op;
	unsigned long delay;

	pinless_count(&c->port->counters, PINLESS_CNT_RNR, 1);
	if (c->attr.rnr_retry != 7 && op->rnrs++ >= c->attr.rnr_retry)
		return give_up(c, IB_WC_RNR_RETRY_EXC_ERR, PINLESS_VERR_RNR);
	/*
	 * At least as long as the receiver asks for: n jiffies may be over after
	 * n - 1. Less than one is rounded up to one, which is enough mostly.
	 */
	delay = usecs_to_jiffies(rnr_usecs(op->rnr_code));
	if (delay > 1)
		delay++;
	return wait_timer(c, delay);
}

/* Poll interval for an absent peer when the QP has no ACK timeout. */
#define UNTIMED_RETRY	(HZ / 10)

/*
 * No answer: the request would be sent again after each time-out of
 * 4.096 us * 2^timeout, retry_cnt times (IBTA 9.7.6.1.3, 11.2.4.2). 0 is no
 * time-out at all.
 */
static enum pinless_token wait_ack(struct pinless_qpc *c)
{
	u64 nsecs;

	pinless_count(&c->port->counters, PINLESS_CNT_TIMEOUTS, 1);
	if (!c->attr.timeout)
		return wait_timer(c, UNTIMED_RETRY);
	if (c->op.resends++ > c->attr.retry_cnt)
		return give_up(c, IB_WC_RETRY_EXC_ERR,
			       PINLESS_VERR_UNREACHABLE);
	nsecs = 4096ull << c->attr.timeout;
	return wait_timer(c, nsecs_to_jiffies(nsecs) + 1);
}

static void run_queue(struct pinless_qpc *c, u64 budget);

/* A fault that may take any time. It holds the queue pair, but not the token. */
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

	/* By the time it has its turn, the wait for it may have ended. */
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
 * Hands a fault to a worker of its own, which holds mirror and account instead of
 * the windows, and returns the token. The token stays when there is no memory,
 * or the state has changed.
 */
static enum pinless_token wait_fault(struct pinless_qpc *c)
{
	enum pinless_token token = PINLESS_TOKEN_KEPT;
	struct mem_cgroup *memcg, *old;
	struct slow_fault *f;

	memcg = pinless_charge_begin(c->op.need.mirror->mm, &old);
	f = kmalloc(sizeof(*f), PINLESS_GFP_USER);
	pinless_charge_end(memcg, old);
	if (!f) {
		pinless_mirror_count_error(c->op.need.account, -ENOMEM);
		c->xport->release(c);
		c->fault_err = -ENOMEM;
		return PINLESS_TOKEN_KEPT;
	}
	INIT_WORK(&f->slow.work, slow_fault_work);
	f->c = c;
	f->need = c->op.need;
	need_hold(&f->need);
	c->xport->release(c);
	/*
	 * With less memory than the message needs, its first pages would be
	 * reclaimed before the last are there: copy in between.
	 */
	f->need.len = min_t(u64, f->need.len, RING_BUDGET);

	spin_lock(&c->lock);
	if (c->dead || (c->state != IB_QPS_RTS && c->state != IB_QPS_SQD))
		goto out;
	f->seq = ++c->wait_seq;
	if (!pinless_slow_begin(&f->need.mirror->slow, &f->slow)) {
		c->fault_err = -ENOMEM;
		goto out;
	}
	/* The worker looks at this under the lock, which is still held. */
	c->wait = PINLESS_WAIT_FAULT;
	refcount_inc(&c->refs);
	pinless_count(&c->port->counters, PINLESS_CNT_FAULT_DEFERRED, 1);
	pinless_qpc_return(c);
	token = PINLESS_TOKEN_GONE;
out:
	spin_unlock(&c->lock);
	if (token == PINLESS_TOKEN_KEPT) {
		if (c->fault_err)
			pinless_mirror_count_error(f->need.account,
						   c->fault_err);
		need_put(&f->need);
		kfree(f);
	}
	return token;
}

/* What is missing is faulted here if that is quick. */
static enum pinless_token serve_miss(struct run *r)
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
	r->timed =
		(trace_pinless_copy_enabled() || pinless_hist_wanted()) && !err;
	return PINLESS_TOKEN_KEPT;
}

/* The budget is spent: the worker goes on. */
static enum pinless_token hand_over(struct pinless_qpc *c)
{
	spin_lock(&c->lock);
	pinless_count(&c->port->counters, PINLESS_CNT_DEFERRED, 1);
	pinless_qpc_hand_over(c);
	spin_unlock(&c->lock);
	return PINLESS_TOKEN_GONE;
}

/* What follows from a step of the request. */
static __always_inline enum pinless_token conclude(struct run *r,
						   enum pinless_step step)
{
	struct pinless_qpc *c = r->c;

	switch (step) {
	case PINLESS_STEP_DONE:
		pinless_count(&c->port->counters, PINLESS_CNT_BYTES,
			      c->msg.length);
		r->budget -= min_t(u64, r->budget, REQUEST_COST);
		pinless_request_finish(c, IB_WC_SUCCESS, PINLESS_VERR_NONE);
		return PINLESS_TOKEN_KEPT;
	case PINLESS_STEP_FAIL:
		pinless_request_fail(c);
		return PINLESS_TOKEN_KEPT;
	case PINLESS_STEP_MORE:
		return PINLESS_TOKEN_KEPT;
	case PINLESS_STEP_MISS:
		return serve_miss(r);
	case PINLESS_STEP_RNR:
		return wait_rnr(c);
	case PINLESS_STEP_SILENT:
		return wait_ack(c);
	}
	return PINLESS_TOKEN_KEPT;
}

/*
 * The step after a fault, with a tracer or histograms on: what the copy takes,
 * and what follows it. Another miss is found again by the next step, whose time
 * is not counted.
 */
static noinline enum pinless_token timed_step(struct run *r)
{
	struct pinless_qpc *c = r->c;
	u32 dev = c->port->index, qpn = c->qpn;
	u64 before = c->op.done, bytes, begin, copied;
	enum pinless_token token = PINLESS_TOKEN_KEPT;
	enum pinless_step step;

	r->timed = false;
	begin = ktime_get_ns();
	step = c->xport->exec(c, &r->budget);
	copied = ktime_get_ns();
	bytes = c->op.done - before;
	/* Before the completion: a process that polls it finds the step counted. */
	pinless_hist_add(&c->port->hist, PINLESS_HIST_COPY, copied - begin);
	if (step != PINLESS_STEP_MISS)
		token = conclude(r, step);
	trace_pinless_copy(dev, qpn, bytes, step == PINLESS_STEP_DONE,
			   copied - begin, ktime_get_ns() - copied);
	return token;
}

/* One step of the request under way. */
static enum pinless_token step(struct run *r)
{
	struct pinless_qpc *c = r->c;
	enum pinless_step step;
	int err = c->fault_err;

	if (!r->budget) {
		c->xport->release(c);
		return hand_over(c);
	}
	c->fault_err = 0;
	/* Set only where the fault has succeeded. */
	if (unlikely(r->timed))
		return timed_step(r);
	if (unlikely(err && err != -EBUSY && err != -EINTR))
		step = c->xport->fault_failed(c, err);
	else
		step = c->xport->exec(c, &r->budget);
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
	if (c->op.active) {
		c->xport->release(c);
		pinless_request_finish(c, IB_WC_WR_FLUSH_ERR,
				       PINLESS_VERR_FLUSH);
	}
	spin_lock(&c->lock);
	prod = c->sq.prod;
	spin_unlock(&c->lock);
	for (; c->sq.cons != prod && budget; budget--)
		pinless_request_flush(c);
	spin_lock(&c->lock);
	done = pinless_rq_flush(c, &budget);
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

/* Works until there is nothing to do, or the token is gone. */
static enum pinless_token work_off(struct run *r)
{
	struct pinless_qpc *c = r->c;
	u8 state;

	for (;;) {
		state = READ_ONCE(c->state);
		if (READ_ONCE(c->dead))
			return PINLESS_TOKEN_KEPT;
		if (state == IB_QPS_ERR)
			return flush(r) ? PINLESS_TOKEN_KEPT : hand_over(c);
		if (state != IB_QPS_RTS && state != IB_QPS_SQD)
			return PINLESS_TOKEN_KEPT;
		if (!c->op.active) {
			if (state == IB_QPS_SQD) {
				tell_drained(c);
				return PINLESS_TOKEN_KEPT;
			}
			/* Pairs with the release of the doorbell: entries first. */
			if (c->sq.cons == smp_load_acquire(&c->sq.prod))
				return PINLESS_TOKEN_KEPT;
			if (!pinless_request_fetch(c)) {
				pinless_request_fail(c);
				continue;
			}
		}
		if (step(r) == PINLESS_TOKEN_GONE)
			return PINLESS_TOKEN_GONE;
	}
}

static void run_queue(struct pinless_qpc *c, u64 budget)
{
	struct run r = { .c = c, .budget = budget };
	bool again;

	do {
		pinless_assert_token(c);
		if (work_off(&r) == PINLESS_TOKEN_GONE)
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
 * pinless_sendq_run() - run a send queue on behalf of a doorbell
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
 * @c: the queue pair, in the state RESET; the token is free
 *
 * Context: process context; no locks held.
 */
void pinless_sendq_reset(struct pinless_qpc *c)
{
	c->xport->reset(c);
	c->op.active = false;
	c->fault_err = 0;
	memset(c->hints, 0, sizeof(c->hints));
	spin_lock(&c->lock);
	c->sq.prod = 0;
	c->sq.cons = 0;
	spin_unlock(&c->lock);
}
