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
	*figure = results->counted ? summary.mean98 : (double)summary.median;
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

bool floor_of(const char *name, char *floor, bool *on_cpu)
{
	static const struct {
		const char *pattern, *floor;
	} transfers[] = {
		{ "{write,read,send,fetch-add}.8.*", "pvm.8" },
		{ "{write,read,send}.256k.*", "pvm.256k" },
		{ "{write,read,send}.2m.*.thp", "pvm.2m.thp" },
		{ "{write,read,send}.2m.*", "pvm.2m" },
	};
	const char *last;

	*on_cpu = true;
	for (size_t i = 0; i < sizeof(transfers) / sizeof(transfers[0]); i++) {
		if (glob_match(transfers[i].pattern, name)) {
			snprintf(floor, CASE_NAME_SIZE, "%s", transfers[i].floor);
			return true;
		}
	}
	*on_cpu = false;
	if (!glob_match("{dontneed,munmap}.*.{nic-*,registered*}", name))
		return false;
	last = strrchr(name, '.');
	snprintf(floor, CASE_NAME_SIZE, "%.*s.unregistered", (int)(last - name), name);
	return true;
}
