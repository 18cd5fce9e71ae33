// SPDX-License-Identifier: GPL-2.0
// Copyright (c) 2026 The pinless authors
#include "plot/curves.h"

#include <stdarg.h>

const char *const device_colour[FIGURE_DEVICES] = {
	"#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9",
};

size_t write_curve(FILE *script, const struct results *results, const char *block,
		   const char *device, const char *pattern, const char *const *parts,
		   const double *at, size_t count)
{
	size_t points = 0;

	fprintf(script, "$%s << EOD\n", block);
	for (size_t i = 0; i < count; i++) {
		char name[CASE_NAME_SIZE];
		double figure;

		snprintf(name, sizeof(name), pattern, parts[i]);
		if (!results_figure(results, results_find(results, device, name), &figure))
			continue;
		fprintf(script, "%g %.4f\n", at[i], figure / 1000);
		points++;
	}
	fputs("EOD\n", script);
	return points;
}

void add_curve(struct curves *curves, const char *format, ...)
{
	va_list arguments;
	size_t room = sizeof(curves->text) - curves->used;
	int length;

	length = snprintf(curves->text + curves->used, room, "%s",
			  curves->used ? ", \\\n  " : "plot ");
	if (length < 0 || (size_t)length >= room)
		return;
	va_start(arguments, format);
	length += vsnprintf(curves->text + curves->used + length, room - (size_t)length, format,
			    arguments);
	va_end(arguments);
	if ((size_t)length < room)
		curves->used += (size_t)length;
	else
		curves->text[curves->used] = 0;
}
