// SPDX-License-Identifier: GPL-2.0
// Copyright (c) 2026 The pinless authors
#include "report.h"

#include <stdlib.h>
#include <string.h>

/*
 * The first device of the report, to which the others are compared; NULL where there is only one.
 */
static const char *reference_device(const struct results *results, bool *several)
{
	const char *first = NULL;

	*several = false;
	for (size_t i = 0; i < results->count; i++) {
		const char *device = results->row[i].device;

		if (!strcmp(device, CPU_DEVICE))
			continue;
		if (!first)
			first = device;
		else if (strcmp(first, device))
			*several = true;
	}
	return first;
}

static void print_figure(FILE *out, double nanoseconds)
{
	char text[24];

	format_thousandth(text, sizeof(text), nanoseconds);
	fprintf(out, " %8s", text);
}

static void print_ratio(FILE *out, const struct results *results, struct row *row, struct row *base)
{
	double own, other;

	if (base && base != row && results_figure(results, row, &own) &&
	    results_figure(results, base, &other) && other > 0)
		fprintf(out, own / other < 9.95 ? " %8.2fx" : " %8.0fx", own / other);
	else
		fprintf(out, " %9s", "");
}

static struct row *floor_row(const struct results *results, const struct row *row)
{
	char floor[CASE_NAME_SIZE];
	bool on_cpu;

	if (!floor_of(row->name, floor, &on_cpu))
		return NULL;
	return results_find(results, on_cpu ? CPU_DEVICE : row->device, floor);
}

static void print_row(FILE *out, const struct results *results, struct row *row,
		      const char *reference, bool several, bool repeated, int device_width)
{
	static const char *const verdict[] = {
		[VERDICT_NONE] = "-", [VERDICT_GOOD] = "ok", [VERDICT_BAD] = "CORRUPT"
	};
	struct summary s;

	row_summary(row, &s);
	fprintf(out, "%-31s %-*s %5zu", repeated ? "" : row->name, device_width, row->device,
		s.count);
	if (s.count) {
		print_figure(out, (double)s.min);
		print_figure(out, (double)s.median);
		print_figure(out, s.mean98);
		print_figure(out, (double)s.p99);
		if (row->max_is_freed)
			fprintf(out, " %8s", "");
		else
			print_figure(out, (double)s.max);
		fprintf(out, " %-7s", verdict[row->verdict]);
		print_ratio(out, results, row, floor_row(results, row));
		if (several)
			print_ratio(out, results, row,
				    strcmp(row->device, CPU_DEVICE)
					    ? results_find(results, reference, row->name)
					    : NULL);
	}
	if (row->max_is_freed)
		fprintf(out, "  %llu MiB freed", (unsigned long long)row->freed_kib / 1024);
	if (row->failed)
		fprintf(out, "  error: %s", row->error.text);
	putc('\n', out);
}

void report_table(FILE *out, const struct results *results)
{
	bool several, corrupt = false;
	const char *reference = reference_device(results, &several);
	int device_width = 6;
	char versus[16] = "";

	for (size_t i = 0; i < results->count; i++) {
		int width = (int)strlen(results->row[i].device);

		device_width = width > device_width ? width : device_width;
		corrupt |= results->row[i].verdict == VERDICT_BAD;
	}
	if (several)
		snprintf(versus, sizeof(versus), "/%.8s", reference);
	fprintf(out, "Linux %s, figures in %s\n\n", results->kernel,
		results->counted ? "kI (1000 instructions)" : "microseconds");
	fprintf(out, "%-31s %-*s %5s %8s %8s %8s %8s %8s %-7s %9s%*s\n", "case", device_width,
		"device", "n", "min", "median", "mean98", "p99", "max", "data", "/floor",
		several ? 10 : 0, versus);
	for (size_t i = 0; i < results->count; i++)
		print_row(out, results, &results->row[i], reference, several,
			  i && !strcmp(results->row[i].name, results->row[i - 1].name),
			  device_width);
	fprintf(out,
		"\nmean98: mean without the top 2 %%. /floor: against the CPU's or the kernel's own work (pvm.*, .unregistered),\n"
		"by the %s.",
		results->counted ? "mean98" : "median");
	if (several)
		fprintf(out, " %s: against the same case on %s.", versus, reference);
	putc('\n', out);
	if (corrupt)
		fputs("CORRUPT: the device reported success, but other bytes than the ones sent were found.\n",
		      out);
}
