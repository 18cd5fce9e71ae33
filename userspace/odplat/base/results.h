/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef ODPLAT_RESULTS_H
#define ODPLAT_RESULTS_H

#include "base/stats.h"
#include "base/text.h"

/** CPU_DEVICE - the device name of rows that no RDMA device takes part in */
#define CPU_DEVICE	"cpu"

/** CASE_NAME_SIZE - room for the longest case name and its end */
#define CASE_NAME_SIZE	48

enum verdict { VERDICT_NONE, VERDICT_GOOD, VERDICT_BAD };

/** struct row - one case on one device */
struct row {
	const char *device;
	char name[CASE_NAME_SIZE];
	char reference[CASE_NAME_SIZE];	/* the case that does the same without RDMA; empty: none */
	struct samples samples;
	enum verdict verdict;		/* of the data that was moved; NONE: nothing to verify */
	bool failed;
	struct message error;		/* when failed */
	bool bytes;			/* the samples are bytes, not nanoseconds */
	bool max_is_freed;		/* max is not a time but KiB, see freed_kib */
	uint64_t freed_kib;
	bool is_read;			/* from a file: no samples, only their summary */
	struct summary read;
};

/** struct results - the rows of a run, in the order of the report */
struct results {
	struct row *row;
	size_t count;
	bool counted;			/* one nanosecond is one instruction */
	char kernel[80];
	char *text;			/* what was read; the names of devices lie in it */
};

/** free_results() - free the rows */
void free_results(struct results *results);

/**
 * results_parse() - take the JSON of an earlier run
 * @results: out, free with free_results()
 * @text: the file; is changed, and belongs to @results from now on
 * @why: out, on failure
 *
 * Return: 0 or -EINVAL.
 */
int results_parse(struct results *results, char *text, struct message *why);

/** results_read() - results_parse() of a file; 0 or a negative errno */
int results_read(struct results *results, const char *path, struct message *why);

/** row_sample() - add a sample; @row may be NULL, for warming up */
void row_sample(struct row *row, uint64_t nanoseconds);

/**
 * row_verify() - note whether data arrived as it should; one bad byte makes the row bad for good
 */
void row_verify(struct row *row, bool good);

/** row_fail() - note why a row could not be measured; the first reason stays */
void row_fail(struct row *row, const struct message *why);

/** row_summary() - the figures of @row */
void row_summary(struct row *row, struct summary *summary);

/** results_find() - the row of a case on a device, or NULL */
struct row *results_find(const struct results *results, const char *device, const char *name);

/**
 * results_figure() - the one figure by which rows are compared
 * @figure: out, nanoseconds: the median in wall-clock mode; in counted mode, where medians depend on
 * the phase of the scheduler, the mean without the top 2 %, if there are samples enough for it
 *
 * Return: false when the row has no samples, or failed.
 */
bool results_figure(const struct results *results, struct row *row, double *figure);

/**
 * results_reference() - the row that @row is compared with: its reference, measured on the same device
 * or on CPU_DEVICE
 *
 * Return: NULL when the case has none, or it was not measured.
 */
struct row *results_reference(const struct results *results, const struct row *row);

/** results_corrupt() - did a device report success and deliver other bytes, in any row? */
bool results_corrupt(const struct results *results);

#endif
