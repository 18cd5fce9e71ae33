/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef ODPLAT_STATS_H
#define ODPLAT_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** struct samples - a growing list of measured values, in nanoseconds */
struct samples {
	uint64_t *value;
	size_t count;
	size_t room;
};

/** struct summary - what a list of samples comes to, in the unit of the samples */
struct summary {
	size_t count;
	uint64_t min;
	uint64_t median;
	double mean98;		/* mean without the top 2 % */
	uint64_t p99;
	uint64_t p999;
	uint64_t max;
};

/** samples_add() - append @value; returns false when there is no memory */
bool samples_add(struct samples *samples, uint64_t value);

/** samples_clear() - forget the values, keep the memory */
void samples_clear(struct samples *samples);

/** samples_free() - give the memory back; the list is empty and usable afterwards */
void samples_free(struct samples *samples);

/**
 * samples_summarize() - sort @samples and describe them
 * @samples: sorted in place
 * @summary: out; all zero when there are no samples
 *
 * Percentiles are nearest-rank: p99 is the smallest sample that at least 99 % of all do not exceed.
 */
void samples_summarize(struct samples *samples, struct summary *summary);

#endif
