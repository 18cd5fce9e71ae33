// SPDX-License-Identifier: GPL-2.0
// Copyright (c) 2026 The pinless authors
/* Pictures of registering memory and of giving it back. */
#include <string.h>

#include "plot/curves.h"
#include "plot/figures.h"

/* Ratios above this stand on the upper edge, with their figure. */
#define MOST_RATIO	1.5

/* How often the cost of unregistered memory; points beyond the edge go into a block of labels. */
static size_t write_ratios(FILE *script, const struct results *results, const char *block,
			   const char *device, const char *name, const char *state,
			   const char *const *pages, size_t count, double shift)
{
	char labels[256] = "", text[CASE_NAME_SIZE];
	size_t points = 0, used = 0;

	fprintf(script, "$%s << EOD\n", block);
	for (size_t i = 0; i < count; i++) {
		double figure, reference;
		struct row *row;
		bool untouched = !strcmp(pages[i], "1g-untouched");
		double at = (double)i + 1 + shift;

		snprintf(text, sizeof(text), "%s.%s.%s", name, pages[i],
			 untouched ? "registered" : state);
		row = results_find(results, device, text);
		if (!results_figure(results, row, &figure) ||
		    !results_figure(results, results_reference(results, row), &reference) ||
		    reference <= 0)
			continue;
		points++;
		figure /= reference;
		if (figure <= MOST_RATIO)
			fprintf(script, "%.3f %.4f\n", at, figure);
		else if (used < sizeof(labels))
			used += (size_t)snprintf(labels + used, sizeof(labels) - used,
						 "%.3f %.3f \"%s: %.*fx\"\n", at, MOST_RATIO - 0.03,
						 device, figure < 10, figure);
	}
	fprintf(script, "EOD\n$%s_far << EOD\n%sEOD\n", block, labels);
	return points;
}

bool draw_invalidations(FILE *script, const struct results *results, const struct figure *figure)
{
	static const char *const pages[] = { "1", "64", "512", "16384", "1g-untouched" };
	static const struct {
		const char *state;
		int point;
	} states[] = { { "nic-warm", 7 }, { "nic-cold", 4 } };
	const char *devices[FIGURE_DEVICES];
	size_t count = figure_devices(results, devices), points = 0;
	/* Only MADV_DONTNEED is measured on memory never touched. */
	size_t sizes = strcmp(figure->cases, "dontneed") ? 4 : 5;
	struct curves curves = { .used = 0 };
	char block[32];

	for (size_t d = 0; d < count; d++) {
		for (size_t s = 0; s < sizeof(states) / sizeof(states[0]); s++) {
			/* Side by side, so that no point hides another. */
			double shift = 0.12 * (double)(2 * d + s) - 0.06 * (double)(2 * count - 1);

			snprintf(block, sizeof(block), "d%zu_%zu", d, s);
			if (!write_ratios(script, results, block, devices[d], figure->cases, states[s].state,
					  pages, s ? 4 : sizes, shift))
				continue;
			points++;
			add_curve(&curves,
				  "$%s using 1:(1):(0):($2-1) with vectors nohead linewidth 3 linecolor \"%s\", "
				  "$%s using 1:2 with points pointtype %d pointsize 1.6 linewidth 2 linecolor \"%s\" title \"%s %s\", "
				  "$%s_far using 1:2:3 with labels textcolor \"%s\"",
				  block, device_colour[d], block, states[s].point, device_colour[d],
				  devices[d], states[s].state, block, device_colour[d]);
		}
	}
	if (points < 2)
		return false;
	snprintf(block, sizeof(block), "cost-%s", figure->cases);
	figure_begin(script, block, 960, 480);
	fprintf(script,
		"set title \"%s of registered memory: times the cost without a region\"\n"
		"set ylabel \"times unregistered\"\nset xrange [0.5:%zu.5]\nset yrange [0.8:%.2f]\n"
		"set key outside right center\nset bmargin 4\nset format y \"%%.1fx\"\n"
		"set arrow 1 from graph 0, first 1 to graph 1, first 1 nohead linecolor \"black\" linewidth 2\n"
		"set xtics (\"1 page\" 1, \"64 pages\" 2, \"512 pages\" 3, \"16384 pages\" 4, \"1 GiB,\\nuntouched\" 5)\n"
		"%s\nunset arrow\n",
		figure->title, sizes, MOST_RATIO, curves.text);
	figure_end(script);
	return true;
}

#define REGISTRATIONS	6

/* What a device refuses stands on the lower edge. */
static bool write_refusals(FILE *script, const struct results *results, const char *device,
			   const char *const kinds[REGISTRATIONS], size_t block)
{
	char name[CASE_NAME_SIZE];
	bool any = false;

	fprintf(script, "$f%zu << EOD\n", block);
	for (size_t k = 0; k < REGISTRATIONS; k++) {
		struct row *row;

		snprintf(name, sizeof(name), "reg.%s", kinds[k]);
		row = results_find(results, device, name);
		if (!row || !row->failed)
			continue;
		fprintf(script, "%zu %.2f \"%s refuses\"\n", k + 1, 0.03 + 0.05 * (double)block, device);
		any = true;
	}
	fputs("EOD\n", script);
	return any;
}

bool draw_registrations(FILE *script, const struct results *results, const struct figure *figure)
{
	static const char *const kinds[REGISTRATIONS] = {
		"odp.4k", "odp.1g", "odp.2g", "odp.64g", "odp.1t", "implicit",
	};
	static const double at[REGISTRATIONS] = { 1, 2, 3, 4, 5, 6 };
	static const char *const verbs[] = { "reg", "dereg" };
	const char *devices[FIGURE_DEVICES];
	size_t count = figure_devices(results, devices), points = 0;
	unsigned int refusing = 0;
	struct curves curves = { .used = 0 };
	char pattern[CASE_NAME_SIZE], block[32];

	(void)figure;
	for (size_t d = 0; d < count; d++) {
		for (size_t v = 0; v < 2; v++) {
			size_t got;

			snprintf(pattern, sizeof(pattern), "%s.%%s", verbs[v]);
			snprintf(block, sizeof(block), "d%zu_%zu", d, v);
			got = write_curve(script, results, block, devices[d], pattern, kinds, at,
					  REGISTRATIONS);
			points += got;
			if (got)
				add_curve(
					&curves,
					"$%s using 1:2 with linespoints linewidth 2 pointsize 1.2 linecolor \"%s\" dashtype %zu pointtype %d title \"%s %s\"",
					block, device_colour[d], v + 1, v ? 5 : 7, devices[d],
					v ? "deregister" : "register");
		}
		if (write_refusals(script, results, devices[d], kinds, d))
			refusing |= 1u << d;
	}
	if (points < 2)
		return false;
	for (size_t d = 0; d < count; d++) {
		if (!(refusing & 1u << d))
			continue;
		add_curve(&curves,
			  "$f%zu using 1:2:3 axes x1y2 with labels textcolor \"%s\" font \",9\"", d,
			  device_colour[d]);
	}
	figure_begin(script, "cost-register", 960, 560);
	fprintf(script,
		"set title \"ODP registration of untouched memory: cost against size\"\nset logscale y\nset ylabel \"%s\"\n"
		"set xrange [0.5:6.5]\nset y2range [0:1]\nset key outside right center\n"
		"set xtics (\"4 KiB\" 1, \"1 GiB\" 2, \"2 GiB\" 3, \"64 GiB\" 4, \"1 TiB\" 5, \"implicit\" 6)\n%s\n",
		figure_unit(results), curves.text);
	figure_end(script);
	return true;
}
