// SPDX-License-Identifier: GPL-2.0
// Copyright (c) 2026 The pinless authors
#include "plot/figures.h"

#include <string.h>

#include "plot/curves.h"

/* How the states of memory look in every picture. */
static const struct {
	const char *state, *colour;
} looks[] = {
	{ "pinned", "#999999" },	 { "warm", "#0072B2" },
	{ "target-touched", "#009E73" }, { "initiator-touched", "#56B4E9" },
	{ "initiator-cold", "#E69F00" }, { "target-cold", "#D55E00" },
	{ "warm.thp", "#CC79A7" },	 { "target-cold.thp", "#5D3A9B" },
};

#define LOOKS	(sizeof(looks) / sizeof(looks[0]))

static struct row *find_measured(const struct results *results, const char *device,
				 const char *stem, const char *state)
{
	char name[CASE_NAME_SIZE];
	struct row *row;

	snprintf(name, sizeof(name), "%s.%s", stem, state);
	row = results_find(results, device, name);
	return row && row->samples.count ? row : NULL;
}

static void write_distribution(FILE *script, struct row *row, size_t device, size_t look)
{
	size_t n = row->samples.count;
	struct summary s;

	row_summary(row, &s);	/* sorts */
	fprintf(script, "$d%zu_%zu << EOD\n%.3f 0\n", device, look, (double)s.min / 1000);
	/* More steps than a picture has pixels tell nothing. */
	for (size_t i = 0; i < n; i += n > 2000 ? n / 1000 : 1)
		fprintf(script, "%.3f %.2f\n", (double)row->samples.value[i] / 1000,
			100.0 * (double)(i + 1) / (double)n);
	fprintf(script, "%.3f 100\nEOD\n", (double)s.max / 1000);
}

static void plot_distributions(FILE *script, const struct results *results, const char *device,
			       size_t d, const char *stem, bool keys)
{
	const char *separator = "plot ";

	for (size_t l = 0; l < LOOKS; l++) {
		if (!find_measured(results, device, stem, looks[l].state))
			continue;
		fprintf(script, "%s$d%zu_%zu using 1:2 with steps linewidth 2.5 linecolor \"%s\"",
			separator, d, l, looks[l].colour);
		if (keys)
			fprintf(script, " title \"%s\"", looks[l].state);
		separator = ", ";
	}
	putc('\n', script);
}

/* As many figures under the axis as fit. */
static const char *latency_tics(double range)
{
	if (range < 15)
		return "set xtics (0.1, 0.15, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, "
		       "100, 150, 200, 300, 500, 700, 1000, 1500, 2000, 3000, 5000, 7000, 10000, 15000, 20000, "
		       "30000, 50000, 70000)";
	if (range < 300)
		return "set xtics (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, "
		       "20000, 50000)";
	return "set xtics autofreq";
}

bool draw_latency(FILE *script, const struct results *results, const struct figure *figure)
{
	const char *devices[FIGURE_DEVICES];
	size_t count = figure_devices(results, devices), panels = 0;
	char file[CASE_NAME_SIZE];
	double least = 0, most = 0, base = 0;
	bool shown[FIGURE_DEVICES] = { false };
	const char *reference = NULL;

	for (size_t d = 0; d < count; d++) {
		for (size_t l = 0; l < LOOKS; l++) {
			struct row *row = find_measured(results, devices[d], figure->cases, looks[l].state);
			struct summary s;

			if (!row)
				continue;
			if (!reference && row->reference[0] &&
			    results_figure(results, results_reference(results, row), &base))
				reference = row->reference;
			write_distribution(script, row, d, l);
			row_summary(row, &s);
			least = !least || (double)s.min < least ? (double)s.min : least;
			most = (double)s.p99 > most ? (double)s.p99 : most;
			panels += !shown[d];
			shown[d] = true;
		}
	}
	if (!panels)
		return false;
	if (base && base < least)
		least = base;
	snprintf(file, sizeof(file), "latency-%s", figure->cases);
	figure_begin(script, file, 960, (unsigned int)(120 + 260 * panels));
	fprintf(script,
		"set multiplot layout %zu,1 title \"%s: latency by the state of the memory\"\n",
		panels, figure->title);
	fprintf(script, "set logscale x\nset xrange [%.4f:%.4f]\nset yrange [0:100]\n"
		"%s\n",
		least / 1000 / 1.15, most / 1000 * 1.3, latency_tics(most / least));
	fputs("set ylabel \"operations done, %\"\nset key outside right center\nset lmargin 9\nset rmargin 24\n",
	      script);
	if (base)
		fprintf(script,
			"set arrow 1 from %.4f,0 to %.4f,100 nohead linecolor \"black\" dashtype 2\n"
			"set label 1 \" %s\" at %.4f,50 left\n",
			base / 1000, base / 1000, reference, base / 1000);
	for (size_t d = 0; d < count; d++) {
		if (!shown[d])
			continue;
		panels--;
		fprintf(script, "set title \"%s on %s\" offset 0,-0.7\n",
			figure->title, devices[d]);
		fprintf(script, panels ? "unset xlabel\n" : "set xlabel \"%s\"\n",
			figure_unit(results));
		plot_distributions(script, results, devices[d], d, figure->cases, true);
	}
	fputs("unset multiplot\nunset arrow\nunset label\n", script);
	figure_end(script);
	return true;
}

/* The cases that a reader should see first, and what to call them. */
static const struct {
	const char *name, *label;
} highlights[] = {
	{ "write.8.warm", "WRITE 8 B,\\nwarm" },
	{ "write.8.target-touched", "WRITE 8 B,\\npage new\\nto the NIC" },
	{ "write.8.target-cold", "WRITE 8 B,\\npage never\\ntouched" },
	{ "write.256k.warm", "WRITE\\n256 KiB,\\nwarm" },
	{ "write.256k.target-cold", "WRITE\\n256 KiB,\\nnever touched" },
	{ "write.2m.warm", "WRITE 2 MiB,\\n512 pages,\\nwarm" },
	{ "reg.odp.1g", "register\\n1 GiB" },
	{ "dereg.odp.1g", "deregister\\n1 GiB" },
	{ "dontneed.1.nic-warm", "MADV_\\nDONTNEED\\n1 page" },
	{ "dontneed.512.nic-warm", "MADV_\\nDONTNEED\\n512 pages" },
	{ "dontneed.1g-untouched.registered", "MADV_\\nDONTNEED 1 GiB,\\nnever touched" },
};

#define HIGHLIGHTS	(sizeof(highlights) / sizeof(highlights[0]))

static void print_point_label(FILE *script, double figure)
{
	char text[24];

	/* Three figures are enough beside a point. */
	if (figure < 99500)
		snprintf(text, sizeof(text), figure < 9950 ? "%.1f" : "%.0f", figure / 1000);
	else
		snprintf(text, sizeof(text), "%.0f", figure / 1000);
	fprintf(script, " \"%s\"\n", text);
}

/* The points of a device, and of the references that its cases have. Returns how many it has. */
static size_t write_highlights(FILE *script, const struct results *results, const char *device,
			       size_t number, double shift)
{
	size_t points = 0;
	double figure;

	fprintf(script, "$d%zu << EOD\n", number);
	for (size_t h = 0; h < HIGHLIGHTS; h++) {
		if (!results_figure(results, results_find(results, device, highlights[h].name),
				    &figure))
			continue;
		fprintf(script, "%.3f %.4f", (double)h + 1 + shift, figure / 1000);
		print_point_label(script, figure);
		points++;
	}
	fprintf(script, "EOD\n$r%zu << EOD\n", number);
	for (size_t h = 0; h < HIGHLIGHTS; h++) {
		struct row *row = results_find(results, device, highlights[h].name);

		if (row && results_figure(results, results_reference(results, row), &figure))
			fprintf(script, "%zu %.4f\n", h + 1, figure / 1000);
	}
	fputs("EOD\n", script);
	return points;
}

/*
 * Points, since an axis of logarithms has no origin that a bar could begin at. Those of a case stand
 * side by side around a whole number; its reference is a stroke across them.
 */
bool draw_overview(FILE *script, const struct results *results, const struct figure *figure)
{
	const char *devices[FIGURE_DEVICES];
	size_t count = figure_devices(results, devices), points = 0;

	(void)figure;
	for (size_t d = 0; d < count; d++)
		points += write_highlights(script, results, devices[d], d,
					   0.3 * ((double)d - ((double)count - 1) / 2));
	if (points < 2)
		return false;
	figure_begin(script, "overview", 1320, 580);
	fprintf(script, "set title \"What on-demand paging costs: %s, Linux %s\"\n",
		results->counted ? "thousand instructions (lower is better)"
				 : "microseconds (lower is better)",
		results->kernel);
	fprintf(script,
		"set logscale y\nset xrange [0.4:%.1f]\nset ylabel \"%s\"\n"
		"set key top left Left reverse\nset bmargin 5\nset offsets graph 0, graph 0, graph 0.06, 0\n"
		"set xtics font \",10\" (",
		(double)HIGHLIGHTS + 0.6, figure_unit(results));
	for (size_t h = 0; h < HIGHLIGHTS; h++)
		fprintf(script, "%s\"%s\" %zu", h ? ", " : "", highlights[h].label, h + 1);
	fputs(")\nplot $r0 using ($1-0.35):2:(0.7):(0) with vectors nohead linewidth 2 linecolor \"#555555\" "
	      "title \"the kernel alone: process_vm_writev(), or the same call without a region\"",
	      script);
	for (size_t d = 0; d < count; d++)
		fprintf(script,
			", $d%zu using 1:2 with points pointtype %zu pointsize 1.5 linecolor \"%s\" title \"%s\""
			", $d%zu using 1:2:3 with labels offset 0,0.9 font \",9\"",
			d, 7 + 2 * d, device_colour[d], devices[d], d);
	putc('\n', script);
	figure_end(script);
	return true;
}

bool draw_sizes(FILE *script, const struct results *results, const struct figure *figure)
{
	static const char *const sizes[] = { "8", "256k", "2m" };
	static const double at[] = { 8, 262144, 2097152 };
	static const struct {
		const char *state, *style;
	} states[] = {
		{ "warm", "dashtype 1 pointtype 7" },
		{ "target-touched", "dashtype 2 pointtype 5" },
		{ "target-cold", "dashtype 3 pointtype 9" },
	};
	const char *devices[FIGURE_DEVICES];
	size_t count = figure_devices(results, devices), points = 0;
	struct curves curves = { .used = 0 };
	char pattern[CASE_NAME_SIZE], block[32];

	for (size_t d = 0; d < count; d++) {
		for (size_t s = 0; s < sizeof(states) / sizeof(states[0]); s++) {
			size_t got;

			snprintf(pattern, sizeof(pattern), "%s.%%s.%s", figure->cases,
				 states[s].state);
			snprintf(block, sizeof(block), "d%zu_%zu", d, s);
			got = write_curve(script, results, block, devices[d], pattern, sizes, at,
					  3);
			points += got;
			if (got)
				add_curve(
					&curves,
					"$%s using 1:2 with linespoints linewidth 2 pointsize 1.2 linecolor \"%s\" %s title \"%s %s\"",
					block, device_colour[d], states[s].style, devices[d],
					states[s].state);
		}
	}
	if (write_curve(script, results, "reference", CPU_DEVICE, "pvm.%s", sizes, at, 3))
		add_curve(
			&curves,
			"$reference using 1:2 with linespoints linewidth 2 pointtype 6 linecolor \"black\" title \"process_vm_writev\"");
	if (write_curve(script, results, "cold", CPU_DEVICE, "pvm.%s.target-cold", sizes, at, 3))
		add_curve(
			&curves,
			"$cold using 1:2 with linespoints linewidth 2 dashtype 3 pointtype 8 linecolor \"black\" title \"the same, target-cold\"");
	if (points < 2)
		return false;
	snprintf(block, sizeof(block), "cost-%s", figure->cases);
	figure_begin(script, block, 960, 560);
	fprintf(script,
		"set title \"%s: cost against size, by the state of the target's memory\"\nset logscale xy\nset xlabel \"bytes\"\nset ylabel \"%s\"\n"
		"set xrange [4:4194304]\nset key outside right center\n"
		"set xtics (\"8\" 8, \"64\" 64, \"512\" 512, \"4 KiB\" 4096, \"32 KiB\" 32768, \"256 KiB\" 262144, \"2 MiB\" 2097152)\n%s\n",
		figure->title, figure_unit(results), curves.text);
	figure_end(script);
	return true;
}
