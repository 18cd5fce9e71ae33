/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright (c) 2026 The pinless authors
 *
 * The mapped queues of a pinless device, for tests that write into them what
 * no provider would.
 */
#ifndef T_QUEUE_H
#define T_QUEUE_H

#include <infiniband/verbs.h>
#include <stddef.h>
#include <stdint.h>

/** Queues that a process of a test has at most. */
#define T_MAX_AREAS	64

/** One mapped queue. */
struct t_area {
	char *start;
	size_t len;
};

struct t_areas {
	struct t_area area[T_MAX_AREAS];
	unsigned int n;
};

/** t_areas_find - all queues that this process has mapped, as /proc/self/maps tells them */
void t_areas_find(struct t_areas *all);

/**
 * t_area_of - the queue of a given size that was mapped since
 * @old: the queues that were mapped before
 * @bytes: of its control words and entries, before they are rounded up to pages
 *
 * Return: the queue; ends the program when there is none.
 */
struct t_area t_area_of(const struct t_areas *old, size_t bytes);

/** What a random entry may name: a region, by its key and its addresses. */
struct t_region {
	uint64_t iova;
	size_t len;
	uint32_t key;
};

/** Bytes that t_entry_random() writes. */
#define T_ENTRY_BYTES	128

/**
 * t_entry_random - write a send entry of which most fields are nearly right
 * @slot: T_ENTRY_BYTES of a queue, as another thread or the driver may use them
 * @region: what the entry is about, one of them for each of its addresses
 * @nr: of @region, 1 or more
 * @seed: of t_rand()
 *
 * Nearly right entries come further than random ones. Addresses are up to
 * 4 GiB and 64 bytes beyond the end of their region.
 */
void t_entry_random(char *slot, const struct t_region *region, unsigned int nr,
		    uint64_t *seed);

/**
 * t_ring - ring the doorbell of a queue with any words
 * @queue: number of the queue pair, and PINLESS_RING_RECV
 * @prod: producer index
 *
 * Return: 0 or the error.
 */
int t_ring(struct ibv_context *ctx, uint32_t queue, uint32_t prod);

#endif
