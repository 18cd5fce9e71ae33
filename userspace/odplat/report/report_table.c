// SPDX-License-Identifier: GPL-2.0
// Copyright (c) 2026 The pinless authors
#include "report/report.h"

#include <stdlib.h>
#include <string.h>

/*
 * The first device of the report, to which the others are compared; NULL where there is only one.
 */
static const char *first_device(const struct results *results, bool *several)
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

/* A figure that needs more samples than there may be. */
static void print_known(FILE *out, bool known, double nanoseconds)
{
	if (known)
		print_figure(out, nanoseconds);
	else
		fprintf(out, " %8s", "-");
}

/* Room for one ratio, such as "12.34x", and its end. */
#define RATIO_SIZE	24

/* Width of the column that compares devices, with the blank before it. */
#define RATIO_WIDTH	10

static void format_ratio(char ratio[RATIO_SIZE], const struct results *results, struct row *row,
			 struct row *base)
{
	double own, other;

	ratio[0] = 0;
	if (base && base != row && results_figure(results, row, &own) &&
	    results_figure(results, base, &other) && other > 0)
		snprintf(ratio, RATIO_SIZE, own / other < 9.95 ? "%.2fx" : "%.0fx", own / other);
}

/* What all lines of the table have in common. */
struct layout {
	int name_width, device_width;
	const char *first;		/* the device that others are compared with */
	bool several;			/* there are others */
};

static void print_row(FILE *out, const struct results *results, struct row *row,
		      const struct layout *layout, bool repeated)
{
	static const char *const verdict[] = {
		[VERDICT_NONE] = "-", [VERDICT_GOOD] = "ok", [VERDICT_BAD] = "CORRUPT"
	};
	char to_reference[RATIO_SIZE] = "", to_device[RATIO_SIZE] = "";
	struct summary s;

	row_summary(row, &s);
	fprintf(out, "%-*s %-*s %5zu", layout->name_width, repeated ? "" : row->name,
		layout->device_width, row->device, s.count);
	if (s.count) {
		print_figure(out, (double)s.min);
		print_figure(out, (double)s.median);
		print_known(out, has_mean98(&s), s.mean98);
		print_known(out, has_p99(&s), (double)s.p99);
		if (row->max_is_freed)
			fprintf(out, " %8s", "");
		else
			print_figure(out, (double)s.max);
		format_ratio(to_reference, results, row, results_reference(results, row));
		if (layout->several && strcmp(row->device, CPU_DEVICE))
			format_ratio(to_device, results, row,
				     results_find(results, layout->first, row->name));
		fprintf(out, " %-7s %9s%*s", verdict[row->verdict], to_reference,
			layout->several ? RATIO_WIDTH : 0, to_device);
	}
	if (row->max_is_freed)
		fprintf(out, "  %llu MiB freed", (unsigned long long)row->freed_kib / 1024);
	if (row->failed)
		fprintf(out, "  error: %s", row->error.text);
	putc('\n', out);
}

static struct layout lay_out_table(const struct results *results)
{
	struct layout layout = { .name_width = 4, .device_width = 6 };

	layout.first = first_device(results, &layout.several);
	for (size_t i = 0; i < results->count; i++) {
		int name = (int)strlen(results->row[i].name);
		int device = (int)strlen(results->row[i].device);

		layout.name_width = name > layout.name_width ? name : layout.name_width;
		layout.device_width = device > layout.device_width ? device : layout.device_width;
	}
	return layout;
}

void report_table(FILE *out, const struct results *results)
{
	struct layout layout = lay_out_table(results);
	bool corrupt = false, bytes = false;
	char versus[16] = "";

	if (layout.several)
		snprintf(versus, sizeof(versus), "/%.8s", layout.first);
	fprintf(out, "Linux %s, figures in %s\n\n", results->kernel,
		results->counted ? "kI (1000 instructions)" : "microseconds");
	fprintf(out, "%-*s %-*s %5s %8s %8s %8s %8s %8s %-7s %9s%*s\n", layout.name_width, "case",
		layout.device_width, "device", "n", "min", "median", "mean98", "p99", "max", "data",
		"/ref", layout.several ? RATIO_WIDTH : 0, versus);
	for (size_t i = 0; i < results->count; i++) {
		struct row *row = &results->row[i];

		corrupt |= row->verdict == VERDICT_BAD;
		bytes |= row->bytes;
		print_row(out, results, row, &layout, i && !strcmp(row->name, row[-1].name));
	}
	fprintf(out,
		"\nmean98: mean without the top 2 %%, of 50 samples or more; p99: of 100 or more.\n"
		"/ref: against the case that does the same without RDMA, by the %s: pvm.* is\n"
		"process_vm_writev() (with .target-cold to memory never touched), .unregistered the\n"
		"same call for memory under no region. \"odplat --list\" names each.",
		results->counted ? "mean98" : "median");
	if (layout.several)
		fprintf(out, " %s: against the same case on %s.", versus, layout.first);
	putc('\n', out);
	if (bytes)
		fputs("growth.memory.*: kB (1000 bytes), of kernel and process together.\n", out);
	if (corrupt)
		fputs("CORRUPT: the device reported success, but other bytes than were sent arrived.\n",
		      out);
}
