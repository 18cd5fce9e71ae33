// SPDX-License-Identifier: GPL-2.0
// Copyright (c) 2026 The pinless authors
#include "base/stats.h"

#include <stdlib.h>

bool samples_add(struct samples *samples, uint64_t value)
{
	if (samples->count == samples->room) {
		size_t room = samples->room ? samples->room * 2 : 64;
		uint64_t *grown = reallocarray(samples->value, room, sizeof(*grown));

		if (!grown)
			return false;
		samples->value = grown;
		samples->room = room;
	}
	samples->value[samples->count++] = value;
	return true;
}

void samples_clear(struct samples *samples)
{
	samples->count = 0;
}

void samples_free(struct samples *samples)
{
	free(samples->value);
	*samples = (struct samples){ 0 };
}

static int compare_values(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

	return (a > b) - (a < b);
}

static uint64_t nearest_rank(const struct samples *sorted, unsigned int permille)
{
	size_t rank = (sorted->count * permille + 999) / 1000;

	return sorted->value[rank ? rank - 1 : 0];
}

void samples_summarize(struct samples *samples, struct summary *summary)
{
	size_t n = samples->count, kept = n - n * 2 / 100;
	double sum = 0;

	*summary = (struct summary){ .count = n };
	if (!n)
		return;
	qsort(samples->value, n, sizeof(*samples->value), compare_values);
	for (size_t i = 0; i < kept; i++)
		sum += (double)samples->value[i];
	summary->min = samples->value[0];
	summary->median = n % 2 ? samples->value[n / 2] :
			  samples->value[n / 2 - 1] +
			  (samples->value[n / 2] - samples->value[n / 2 - 1]) / 2;
	summary->mean98 = sum / (double)kept;
	summary->p99 = nearest_rank(samples, 990);
	summary->p999 = nearest_rank(samples, 999);
	summary->max = samples->value[n - 1];
}
