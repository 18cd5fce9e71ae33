// SPDX-License-Identifier: GPL-2.0
/* Copyright (c) 2026 The pinless authors */

#include "mm/slow.h"

/* One process can occupy this many of WQ_MAX_ACTIVE workers. */
#define RUNNING_MAX	16

/*
 * A queue pair has one slow fault at a time, but one that was given up, by a
 * change to ERR, waits on. More than these are not taken.
 */
#define WAITING_MAX	65536

/* What waits for a fault is worth more than what may come to use a page. */
static const struct {
	const char *name;
	unsigned int flags;
} kinds[PINLESS_SLOW_KINDS] = {
	[PINLESS_SLOW_FAULT] = { "pinless_fault", WQ_UNBOUND | WQ_HIGHPRI },
	[PINLESS_SLOW_PREFETCH] = { "pinless_prefetch", WQ_UNBOUND },
};

static struct workqueue_struct *wqs[PINLESS_SLOW_KINDS];

/**
 * pinless_slow_queue_init() - no slow faults yet
 * @q:    of an address space
 * @kind: of faults
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
 * pinless_slow_begin() - have a worker do a slow fault
 * @q: of its address space, which the caller keeps until pinless_slow_end()
 * @s: the fault; @s->work is initialised
 *
 * Context: any but interrupts; spinlocks of queue pairs may be held.
 * Return: false when too many wait already.
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
 * pinless_slow_end() - a slow fault is over: the next one may run
 * @q: of its address space; not to be touched by the caller after this unless
 *     he keeps it otherwise
 *
 * Context: a worker. The next one is queued before this one ends, so emptying
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
