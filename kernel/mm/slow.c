// SPDX-License-Identifier: GPL-2.0
/* Copyright (c) 2026 The pinless authors */

#include "mm/slow.h"

/* One process can occupy this many of the WQ_MAX_ACTIVE workers. */
#define RUNNING_MAX	16

/*
 * A queue pair has one slow fault at a time, but one that has been abandoned,
 * by a change to ERR, goes on waiting. Beyond this many, further ones are
 * refused.
 */
#define WAITING_MAX	65536

/*
 * A request waits for a fault, perhaps none for a prefetch: run faults at high
 * priority.
 */
static const struct {
	const char *name;
	unsigned int flags;
} kinds[PINLESS_SLOW_KINDS] = {
	[PINLESS_SLOW_FAULT] = { "pinless_fault", WQ_UNBOUND | WQ_HIGHPRI },
	[PINLESS_SLOW_PREFETCH] = { "pinless_prefetch", WQ_UNBOUND },
};

static struct workqueue_struct *wqs[PINLESS_SLOW_KINDS];

/**
 * pinless_slow_queue_init() - initialise an empty queue
 * @q:    the queue of an address space
 * @kind: of its faults
 */
void pinless_slow_queue_init(struct pinless_slow_queue *q,
			     enum pinless_slow_kind kind)
{
	q->wq = wqs[kind];
	spin_lock_init(&q->lock);
	INIT_LIST_HEAD(&q->list);
	q->running = 0;
	q->waiting = 0;
}

/**
 * pinless_slow_begin() - hand a slow fault to a worker
 * @q: of its address space, which the caller keeps until pinless_slow_end()
 * @s: the fault; @s->work is initialised
 *
 * Context: any but interrupts; spinlocks of queue pairs may be held.
 * Return: false if too many are waiting already.
 */
bool pinless_slow_begin(struct pinless_slow_queue *q, struct pinless_slow *s)
{
	bool taken = true;

	spin_lock(&q->lock);
	if (q->running < RUNNING_MAX) {
		q->running++;
		queue_work(q->wq, &s->work);
	} else if (q->waiting < WAITING_MAX) {
		q->waiting++;
		list_add_tail(&s->node, &q->list);
	} else {
		taken = false;
	}
	spin_unlock(&q->lock);
	return taken;
}

/**
 * pinless_slow_end() - a slow fault is over, let the next one run
 * @q: of its address space; after this it may be gone, unless the caller keeps
 *     it by other means
 *
 * Context: a worker. The next fault is queued before this one ends, so draining
 * the workqueue waits for it too.
 */
void pinless_slow_end(struct pinless_slow_queue *q)
{
	struct pinless_slow *next;

	spin_lock(&q->lock);
	next = list_first_entry_or_null(&q->list, struct pinless_slow, node);
	if (next) {
		list_del(&next->node);
		q->waiting--;
		queue_work(q->wq, &next->work);
	} else {
		q->running--;
	}
	spin_unlock(&q->lock);
}

/**
 * pinless_slow_init() - at the start of the module
 *
 * Return: 0 or -ENOMEM.
 */
int pinless_slow_init(void)
{
	int i;

	for (i = 0; i < PINLESS_SLOW_KINDS; i++) {
		wqs[i] = alloc_workqueue("%s", kinds[i].flags, WQ_MAX_ACTIVE,
					 kinds[i].name);
		if (!wqs[i])
			goto err;
	}
	return 0;

err:
	while (i--)
		destroy_workqueue(wqs[i]);
	return -ENOMEM;
}

/**
 * pinless_slow_exit() - wait for the faults under way
 *
 * Context: process context, may sleep; at the end of the module.
 */
void pinless_slow_exit(void)
{
	int i;

	for (i = 0; i < PINLESS_SLOW_KINDS; i++)
		destroy_workqueue(wqs[i]);
}
