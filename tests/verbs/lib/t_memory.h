/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright (c) 2026 The pinless authors
 *
 * A memory event between two accesses of the device: on either side, for every
 * verb, on explicit and implicit regions.
 */
#ifndef T_MEMORY_H
#define T_MEMORY_H

#include "t_op.h"

/** Pages of the buffer that the event happens to. */
#define T_MEMORY_PAGES	600

/** What the device may not do after the event. */
#define T_REFUSE_READ	1
#define T_REFUSE_WRITE	2
#define T_REFUSE_ALL	3

struct t_memory {
	const char *name;
	/** Does the event to the whole buffer and brings the shadow in step with it. */
	void (*event)(struct t_buf *b);
	/** T_REFUSE_*, or 0 when every access must succeed. */
	int refuse;
	/** When not NULL: done after the refusals; then every access must succeed. */
	void (*restore)(struct t_buf *b);
	/** The event takes every page from the device (page_invalidations says so). */
	bool drops;
	/**
	 * When not NULL: maps other memory over the registered part, which is filled and
	 * registered afterwards. Without it, it is anonymous and private.
	 */
	void (*make)(struct t_buf *b);
	/**
	 * The memory may have huge pages, also anonymous memory: a fault of the device counts the
	 * pages that it asked for, and an invalidation all 512.
	 */
	bool huge;
	/** When not NULL: last checks, while the memory is registered still. */
	void (*done)(struct t_buf *b);
};

/**
 * t_memory_event - warm the device, do the event, and use the memory again
 *
 * Runs for WRITE, READ, SEND and FETCH_ADD with the event on the initiator's
 * and on the target's memory, for ODP and implicit regions, and compares every
 * byte of the buffer each time. Accesses are page-aligned and of one packet; on devices
 * that are known to serve others, longer ones at odd offsets too. Where the device counts
 * for each region, pages that an event with @drops takes are counted as taken, and as
 * faulted again when they are used again.
 *
 * The buffers are far away from whatever else the program maps, so that a place that an
 * event has emptied stays empty. They begin at a 2 MiB boundary, and what follows them is mapped
 * up to the next one. The whole process gets no huge pages but for events with @huge.
 */
void t_memory_event(struct t_dev *d, const struct t_memory *m);

/**
 * t_memory_main - main() of a program that is nothing but memory events
 * @seconds: its time limit
 * @events: what happens, in order
 * @nr: how many
 */
int t_memory_main(unsigned int seconds, const struct t_memory *events, unsigned int nr);

/** t_swap_on - swap of the test's own: a file, or else zram; skips the program without root */
void t_swap_on(void);

/** t_swap_off - undo what t_swap_on() did */
void t_swap_off(void);

/** t_swapped_pages - pages of a range that are in swap now, by /proc/self/pagemap */
size_t t_swapped_pages(const void *addr, size_t len);

#endif
