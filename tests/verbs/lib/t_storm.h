/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright (c) 2026 The pinless authors
 *
 * Memory events at random, on chunks (t_words.h) that a device uses meanwhile;
 * and a process that does not use the device, which is given the pages that were
 * taken away.
 */
#ifndef T_STORM_H
#define T_STORM_H

#include "t_words.h"

enum t_storm_event {
	T_STORM_DONTNEED,
	T_STORM_MAP_OVER,
	T_STORM_FREE,
	T_STORM_UNMAP,
	T_STORM_MREMAP,
	T_STORM_NO_ACCESS,
	T_STORM_READONLY,
	T_STORM_MPROTECT,
	T_STORM_PAGEOUT,
	T_STORM_COLD,
	T_STORM_COLLAPSE,
	T_STORM_MERGEABLE,
	T_STORM_FORK,
	T_STORM_SOFT_DIRTY,
	T_STORM_EVENTS
};

/** One thread's events. */
struct t_storm {
	/** Private anonymous memory of so many chunks, with nothing else within 1 GiB below. */
	char *mem;
	struct t_chunk *chunk;
	unsigned int chunks;
	uint64_t seed;
	/** Number of this thread among those of the memory, from 0. */
	unsigned int thread;
	/** Shared by all: how many of each event there were. */
	uint64_t *counts;
};

/** t_storm_name - the name of an event */
const char *t_storm_name(enum t_storm_event e);

/** t_storm_map - memory for t_storm, not aligned to 2 MiB, away from all other mappings */
char *t_storm_map(unsigned int chunks);

/** t_storm_one - one event, or none if what it needs is in use */
void t_storm_one(struct t_storm *s);

/**
 * t_storm_bystander - allocate, fill, check and free pages until told to stop
 * @rounds: counts how often
 */
void t_storm_bystander(const volatile int *stop, uint64_t seed, uint64_t *rounds);

#endif
