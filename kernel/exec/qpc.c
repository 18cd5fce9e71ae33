// SPDX-License-Identifier: GPL-2.0
/* Copyright (c) 2026 The pinless authors */

#include <linux/slab.h>
#include <linux/wait_bit.h>

#include "exec/ca.h"
#include "exec/qpc.h"

static struct workqueue_struct *run_wq;

/**
 * pinless_qpc_free() - free a queue pair
 * @c: its last reference is gone; destroy_qp() has freed what it had
 *
 * Context: any.
 */
void pinless_qpc_free(struct pinless_qpc *c)
{
	kfree_rcu(c, rcu);
}

/**
 * pinless_qpc_event() - raise an asynchronous event of a queue pair
 * @c:    the queue pair; its lock is held, and it is not dead
 * @type: which
 *
 * Context: any.
 */
void pinless_qpc_event(struct pinless_qpc *c, enum ib_event_type type)
{
	struct ib_event event = {
		.event = type,
		.device = c->ca->ibdev,
		.element.qp = c->ibqp,
	};

	lockdep_assert_held(&c->lock);
	if (c->ibqp->event_handler)
		c->ibqp->event_handler(&event, c->ibqp->qp_context);
}

/**
 * pinless_qpc_queue_work() - have the worker look at a queue pair
 * @c:     the queue pair; its lock is held
 * @delay: jiffies from now
 *
 * The work holds a reference while it is queued.
 *
 * Context: any.
 */
void pinless_qpc_queue_work(struct pinless_qpc *c, unsigned long delay)
{
	lockdep_assert_held(&c->lock);
	refcount_inc(&c->refs);
	if (mod_delayed_work(run_wq, &c->work, delay))
		refcount_dec(&c->refs);	/* it was queued, with a reference */
}

/**
 * pinless_qpc_hand_over() - give the token to the worker
 * @c: the queue pair; its lock is held, and the caller has the token
 *
 * Context: any.
 */
void pinless_qpc_hand_over(struct pinless_qpc *c)
{
	lockdep_assert_held(&c->lock);
	pinless_assert_token(c);
	c->handed = true;
	pinless_qpc_queue_work(c, 0);
}

/**
 * pinless_qpc_stop_waiting() - there is something to do at once
 * @c: the queue pair; its lock is held
 *
 * A timer that has gone off, or a fault that comes back, finds that it is not
 * being waited for.
 *
 * Context: any.
 */
void pinless_qpc_stop_waiting(struct pinless_qpc *c)
{
	lockdep_assert_held(&c->lock);
	if (c->wait == PINLESS_WAIT_TIMER && cancel_delayed_work(&c->work))
		refcount_dec(&c->refs);	/* the caller has another */
	c->wait = PINLESS_WAIT_NONE;
	c->wait_seq++;
}

/**
 * pinless_qpc_take() - take the token, or tell its holder that there is work
 * @c: the queue pair; its lock is held
 *
 * Context: any.
 * Return: true if the caller has the token now.
 */
bool pinless_qpc_take(struct pinless_qpc *c)
{
	lockdep_assert_held(&c->lock);
	if (c->running) {
		c->again = true;
		return false;
	}
	if (c->dead || c->wait != PINLESS_WAIT_NONE)
		return false;
	c->running = true;
	return true;
}

/**
 * pinless_qpc_return() - give the token back
 * @c: the queue pair; its lock is held, and the caller has the token
 *
 * Context: any.
 */
void pinless_qpc_return(struct pinless_qpc *c)
{
	lockdep_assert_held(&c->lock);
	pinless_assert_token(c);
	c->running = false;
	c->again = false;
	if (c->waiters) {
		/* Either this sees the waiter, or the waiter sees @running cleared. */
		smp_mb();
		wake_up_var(&c->running);
	}
}

/**
 * pinless_qpc_quiesce() - wait until no context runs the send queue
 * @c: the queue pair, in a state in which it is not run; no locks held
 *
 * The holder of the token never waits without bound. No timer is left behind
 * either: one that has gone off while it was being called off would find the
 * next life of the queue pair, or the workqueue gone.
 *
 * Context: sleeps.
 */
void pinless_qpc_quiesce(struct pinless_qpc *c)
{
	spin_lock(&c->lock);
	c->waiters = true;
	spin_unlock(&c->lock);
	wait_var_event(&c->running, !READ_ONCE(c->running));
	/* The former holder has left the lock when we get it. */
	spin_lock(&c->lock);
	c->waiters = false;
	spin_unlock(&c->lock);
	/* It is not queued again: only the holder of a token does that. */
	if (cancel_delayed_work_sync(&c->work))
		pinless_qpc_put(c);
}

/* False when the queue pair is in the error state already, or in RESET. */
static bool enter_error(struct pinless_qpc *c)
{
	lockdep_assert_held(&c->lock);
	if (c->state == IB_QPS_ERR || c->state == IB_QPS_RESET)
		return false;
	c->state = IB_QPS_ERR;
	return true;
}

/*
 * What is outstanding is flushed by the holder of the token; if there is none,
 * by the worker.
 */
static void flush_soon(struct pinless_qpc *c)
{
	pinless_qpc_stop_waiting(c);
	if (pinless_qpc_take(c))
		pinless_qpc_hand_over(c);
}

/**
 * pinless_qpc_fail() - put a queue pair in the error state, without an event
 * @c: the queue pair; its lock is held, and it is not dead
 *
 * For errors that a completion tells. What is outstanding is flushed.
 *
 * Context: any.
 */
void pinless_qpc_fail(struct pinless_qpc *c)
{
	if (enter_error(c))
		flush_soon(c);
}

/**
 * pinless_qpc_fail_event() - put a queue pair in the error state, and tell it
 * @c:    the queue pair; its lock is held, and it is not dead
 * @type: event to raise, unless the state was ERR or RESET already
 *
 * The state comes before the event: a process that is told may modify the queue
 * pair at once. What is outstanding is flushed.
 *
 * Context: any.
 */
void pinless_qpc_fail_event(struct pinless_qpc *c, enum ib_event_type type)
{
	if (!enter_error(c))
		return;
	pinless_qpc_event(c, type);
	flush_soon(c);
}

/**
 * pinless_qpc_init() - at the start of the module
 *
 * Return: 0 or -ENOMEM.
 */
int pinless_qpc_init(void)
{
	run_wq = alloc_workqueue("pinless_run",
				 WQ_UNBOUND | WQ_HIGHPRI | WQ_SYSFS, 0);
	return run_wq ? 0 : -ENOMEM;
}

/**
 * pinless_qpc_exit() - wait for the work of queue pairs, all of which are gone
 *
 * Context: process context, may sleep; at the end of the module.
 */
void pinless_qpc_exit(void)
{
	destroy_workqueue(run_wq);
}
