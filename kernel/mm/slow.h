/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef PINLESS_SLOW_H
#define PINLESS_SLOW_H

#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

/*
 * Page faults that may take any time, and prefetches, which consist of such
 * faults, run on workers. How many run at once is limited for each address
 * space, because a process decides how long its own take, and all share the
 * workers.
 */
enum pinless_slow_kind {
	PINLESS_SLOW_FAULT,
	PINLESS_SLOW_PREFETCH,
	PINLESS_SLOW_KINDS,
};

/**
 * struct pinless_slow_queue - slow faults of one kind in one address space
 * @wq:      the workers of the kind
 * @lock:    protects the rest; not taken by the invalidation
 * @running: how many have been handed to workers
 * @waiting: how many are in @list
 * @list:    those that wait for a running one to end
 */
struct pinless_slow_queue {
	struct workqueue_struct *wq;
	spinlock_t lock;	/* see above */
	unsigned int running;
	unsigned int waiting;
	struct list_head list;
};

/**
 * struct pinless_slow - a slow fault, embedded in what its function works on
 * @work: its function calls pinless_slow_end() when it is done
 * @node: in the list of a queue
 */
struct pinless_slow {
	struct work_struct work;
	struct list_head node;
};

void pinless_slow_queue_init(struct pinless_slow_queue *q,
			     enum pinless_slow_kind kind);
bool pinless_slow_begin(struct pinless_slow_queue *q, struct pinless_slow *s);
void pinless_slow_end(struct pinless_slow_queue *q);

int pinless_slow_init(void);
void pinless_slow_exit(void);

#endif /* PINLESS_SLOW_H */
