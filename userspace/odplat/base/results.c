// SPDX-License-Identifier: GPL-2.0
// Copyright (c) 2026 The pinless authors
#include "base/results.h"

#include <stdlib.h>
#include <string.h>

void row_sample(struct row *row, uint64_t nanoseconds)
{
	static const struct message no_memory = { "out of memory for samples" };

	if (row && !samples_add(&row->samples, nanoseconds))
		row_fail(row, &no_memory);
}

void row_verify(struct row *row, bool good)
{
	if (row && row->verdict != VERDICT_BAD)
		row->verdict = good ? VERDICT_GOOD : VERDICT_BAD;
}

void row_fail(struct row *row, const struct message *why)
{
	if (row->failed)
		return;
	row->failed = true;
	row->error = *why;
}

void row_summary(struct row *row, struct summary *summary)
{
	if (row->is_read)
		*summary = row->read;
	else
		samples_summarize(&row->samples, summary);
	if (row->max_is_freed)
		summary->max = row->freed_kib;
}

struct row *results_find(const struct results *results, const char *device, const char *name)
{
	for (size_t i = 0; i < results->count; i++)
		if (!strcmp(results->row[i].device, device) && !strcmp(results->row[i].name, name))
			return &results->row[i];
	return NULL;
}

bool results_figure(const struct results *results, struct row *row, double *figure)
{
	struct summary summary;

	if (!row || row->failed)
		return false;
	row_summary(row, &summary);
	if (!summary.count)
		return false;
	*figure = results->counted && has_mean98(&summary) ? summary.mean98 : (double)summary.median;
	return true;
}

void free_results(struct results *results)
{
	for (size_t i = 0; i < results->count; i++)
		samples_free(&results->row[i].samples);
	free(results->row);
	free(results->text);
	memset(results, 0, sizeof(*results));
}

struct row *results_reference(const struct results *results, const struct row *row)
{
	struct row *found;

	if (!row->reference[0])
		return NULL;
	found = results_find(results, row->device, row->reference);
	return found ? found : results_find(results, CPU_DEVICE, row->reference);
}

bool results_corrupt(const struct results *results)
{
	for (size_t i = 0; i < results->count; i++)
		if (results->row[i].verdict == VERDICT_BAD)
			return true;
	return false;
}
