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

/** struct summary - statistics of a list of samples, in the unit of the samples */
struct summary {
	size_t count;
	uint64_t min;
	uint64_t median;
	double mean98;		/* mean without the top 2 %; see has_mean98() */
	uint64_t p99;		/* see has_p99() */
	uint64_t p999;		/* see has_p999() */
	uint64_t max;
};

/*
 * Two per cent of fewer than 50 samples are no sample, and a percentile of fewer samples than it has
 * parts is the maximum under another name: such figures are not shown.
 */
#define SAMPLES_OF_MEAN98	50
#define SAMPLES_OF_P99		100
#define SAMPLES_OF_P999		1000

static inline bool has_mean98(const struct summary *summary)
{
	return summary->count >= SAMPLES_OF_MEAN98;
}

static inline bool has_p99(const struct summary *summary)
{
	return summary->count >= SAMPLES_OF_P99;
}

static inline bool has_p999(const struct summary *summary)
{
	return summary->count >= SAMPLES_OF_P999;
}

/** samples_add() - append @value; returns false when there is no memory */
bool samples_add(struct samples *samples, uint64_t value);

/** samples_clear() - drop the values, keep the memory */
void samples_clear(struct samples *samples);

/** samples_free() - free the memory; the list is empty and usable afterwards */
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
