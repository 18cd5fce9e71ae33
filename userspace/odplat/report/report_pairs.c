// SPDX-License-Identifier: GPL-2.0
// Copyright (c) 2026 The pinless authors
/* Figures in two columns, and their ratio: two devices of a run, or two runs. */
#include "report/report.h"

#include <string.h>

/* A ratio within this of 1 counts as the same. */
#define SAME	0.05

/* What two columns have in common. */
struct columns {
	const struct results *results[2];
	const char *title[2];
	int name_width, device_width;	/* no devices when 0 */
	size_t lower, higher, alike;	/* lines, by the second figure against the first */
};

static void widen(int *width, const char *text)
{
	int length = (int)strlen(text);

	*width = length > *width ? length : *width;
}

/* Why there is no figure, or that it is one of wrong data. */
static void print_remark(FILE *out, const char *title, const struct row *row)
{
	if (!row)
		fprintf(out, "  %s: not measured", title);
	else if (row->failed)
		fprintf(out, "  %s: %s", title, row->error.text);
	else if (row->verdict == VERDICT_BAD)
		fprintf(out, "  %s: CORRUPT", title);
}

static void print_pair(FILE *out, struct columns *columns, struct row *const row[2])
{
	const struct row *any = row[0] ? row[0] : row[1];
	double figure[2];
	bool known[2];

	fprintf(out, "%-*s", columns->name_width, any->name);
	if (columns->device_width)
		fprintf(out, " %-*s", columns->device_width, any->device);
	for (unsigned int c = 0; c < 2; c++) {
		char text[24] = "-";

		known[c] = results_figure(columns->results[c], row[c], &figure[c]);
		if (known[c])
			format_thousandth(text, sizeof(text), figure[c]);
		fprintf(out, " %12.12s", text);
	}
	if (known[0] && known[1] && figure[0] > 0) {
		double ratio = figure[1] / figure[0];

		fprintf(out, ratio < 9.95 ? " %9.2fx" : " %9.0fx", ratio);
		columns->lower += ratio < 1 - SAME;
		columns->higher += ratio > 1 + SAME;
		columns->alike += ratio >= 1 - SAME && ratio <= 1 + SAME;
		if (ratio < 1 - SAME || ratio > 1 + SAME)
			fputs(ratio < 1 ? "  less" : "  more", out);
	}
	for (unsigned int c = 0; c < 2; c++)
		print_remark(out, columns->title[c], row[c]);
	putc('\n', out);
}

static void print_head(FILE *out, const struct columns *columns, const char *ratio)
{
	fprintf(out, "figures in %s, %s; growth.memory.* in kB\n\n",
		columns->results[0]->counted ? "kI (1000 instructions)" : "microseconds",
		columns->results[0]->counted ? "mean98" : "median");
	fprintf(out, "%-*s", columns->name_width, "case");
	if (columns->device_width)
		fprintf(out, " %-*s", columns->device_width, "device");
	fprintf(out, " %12.12s %12.12s %10s\n", columns->title[0], columns->title[1], ratio);
}

static void print_sum(FILE *out, const struct columns *columns)
{
	fprintf(out, "\n%s: less in %zu cases, more in %zu, within %.0f %% in %zu.\n",
		columns->title[1], columns->lower, columns->higher, SAME * 100, columns->alike);
}

void report_compare(FILE *out, const struct results *results, const char *first, const char *second)
{
	struct columns columns = { .results = { results, results }, .title = { first, second } };

	columns.name_width = 4;
	for (size_t i = 0; i < results->count; i++)
		widen(&columns.name_width, results->row[i].name);
	fprintf(out, "Linux %s, ", results->kernel);
	print_head(out, &columns, "ratio");
	for (size_t i = 0; i < results->count; i++) {
		const char *name = results->row[i].name;
		struct row *pair[2] = { results_find(results, first, name),
					results_find(results, second, name) };

		if (pair[0] == &results->row[i])
			print_pair(out, &columns, pair);
	}
	print_sum(out, &columns);
}

int report_diff(FILE *out, const struct results *before, const struct results *after,
		const char *const titles[2])
{
	struct columns columns = { .results = { before, after },
				   .title = { titles[0], titles[1] } };

	if (before->counted != after->counted)
		return -1;
	columns.name_width = 4;
	columns.device_width = 6;
	for (unsigned int c = 0; c < 2; c++) {
		for (size_t i = 0; i < columns.results[c]->count; i++) {
			widen(&columns.name_width, columns.results[c]->row[i].name);
			widen(&columns.device_width, columns.results[c]->row[i].device);
		}
		fprintf(out, "%s: Linux %s\n", titles[c], columns.results[c]->kernel);
	}
	print_head(out, &columns, "ratio");
	for (size_t i = 0; i < before->count; i++) {
		struct row *row = &before->row[i];
		struct row *pair[2] = { row, results_find(after, row->device, row->name) };

		print_pair(out, &columns, pair);
	}
	for (size_t i = 0; i < after->count; i++) {
		struct row *row = &after->row[i];
		struct row *pair[2] = { NULL, row };

		if (!results_find(before, row->device, row->name))
			print_pair(out, &columns, pair);
	}
	print_sum(out, &columns);
	return 0;
}
