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

/* As many figures under the axis as find room there. */
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

bool draw_latency(FILE *script, const struct results *results, const char *name)
{
	const char *devices[FIGURE_DEVICES];
	size_t count = figure_devices(results, devices), panels = 0;
	char floor[CASE_NAME_SIZE], any[CASE_NAME_SIZE];
	double least = 0, most = 0, base;
	bool shown[FIGURE_DEVICES] = { false }, on_cpu;

	for (size_t d = 0; d < count; d++) {
		for (size_t l = 0; l < LOOKS; l++) {
			struct row *row = find_measured(results, devices[d], name, looks[l].state);
			struct summary s;

			if (!row)
				continue;
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
	snprintf(any, sizeof(any), "%s.warm", name);
	if (!floor_of(any, floor, &on_cpu) ||
	    !results_figure(results, results_find(results, CPU_DEVICE, floor), &base))
		base = 0;
	if (base && base < least)
		least = base;
	snprintf(any, sizeof(any), "latency-%s", name);
	figure_begin(script, any, 960, (unsigned int)(120 + 260 * panels));
	fprintf(script,
		"set multiplot layout %zu,1 title \"%s: latency by the state of the memory\"\n",
		panels, name);
	fprintf(script, "set logscale x\nset xrange [%.4f:%.4f]\nset yrange [0:100]\n"
		"%s\n",
		least / 1000 / 1.15, most / 1000 * 1.3, latency_tics(most / least));
	fputs("set ylabel \"operations done, %\"\nset key outside right center\nset lmargin 9\nset rmargin 24\n",
	      script);
	if (base)
		fprintf(script,
			"set arrow 1 from %.4f,0 to %.4f,100 nohead linecolor \"black\" dashtype 2\n"
			"set label 1 \" %s\" at %.4f,50 left\n",
			base / 1000, base / 1000, floor, base / 1000);
	for (size_t d = 0; d < count; d++) {
		if (!shown[d])
			continue;
		panels--;
		fprintf(script, "set title \"%s\" offset 0,-0.7\n", devices[d]);
		fprintf(script, panels ? "unset xlabel\n" : "set xlabel \"%s\"\n",
			figure_unit(results));
		plot_distributions(script, results, devices[d], d, name, true);
	}
	fputs("unset multiplot\nunset arrow\nunset label\n", script);
	figure_end(script);
	return true;
}

/* The cases that a reader should see first, and what to call them. */
static const struct {
	const char *name, *label;
} highlights[] = {
	{ "write.8.warm", "WRITE 8 B\\nwarm" },
	{ "write.8.target-touched", "page new\\nto the NIC" },
	{ "write.8.target-cold", "page never\\ntouched" },
	{ "write.256k.warm", "WRITE 256 KiB\\nwarm" },
	{ "write.256k.target-cold", "never\\ntouched" },
	{ "reg.odp.1g", "register\\n1 GiB" },
	{ "dereg.odp.1g", "deregister\\n1 GiB" },
	{ "dontneed.1.nic-warm", "DONTNEED\\n1 page" },
	{ "dontneed.512.nic-warm", "512 pages" },
	{ "dontneed.1g-untouched.registered", "1 GiB,\\nuntouched" },
};

#define HIGHLIGHTS	(sizeof(highlights) / sizeof(highlights[0]))

static void print_bar_label(FILE *script, double figure)
{
	char text[24];

	/* Three figures are enough on a bar. */
	if (figure < 99500)
		snprintf(text, sizeof(text), figure < 9950 ? "%.1f" : "%.0f", figure / 1000);
	else
		snprintf(text, sizeof(text), "%.0f", figure / 1000);
	fprintf(script, " \"%s\"\n", text);
}

/* Bars stand side by side around a whole number; the floor is a black stroke across them. */
bool draw_overview(FILE *script, const struct results *results, const char *name)
{
	const char *devices[FIGURE_DEVICES];
	size_t count = figure_devices(results, devices), places = 0, place[HIGHLIGHTS];
	double width, figure, least = 1e300;

	for (size_t h = 0; h < HIGHLIGHTS; h++) {
		bool any = false;

		for (size_t d = 0; d < count; d++)
			any |= results_figure(results,
					      results_find(results, devices[d], highlights[h].name),
					      &figure);
		place[h] = any ? ++places : 0;
	}
	if (places < 2)
		return false;
	width = 0.8 / (double)count;
	for (size_t d = 0; d < count; d++) {
		fprintf(script, "$d%zu << EOD\n", d);
		for (size_t h = 0; h < HIGHLIGHTS; h++) {
			struct row *row = results_find(results, devices[d], highlights[h].name);

			if (!place[h] || !results_figure(results, row, &figure))
				continue;
			least = figure < least ? figure : least;
			fprintf(script, "%.3f %.4f",
				(double)place[h] + width * ((double)d - ((double)count - 1) / 2),
				figure / 1000);
			print_bar_label(script, figure);
		}
		fputs("EOD\n", script);
	}
	fputs("$floor << EOD\n", script);
	for (size_t h = 0; h < HIGHLIGHTS; h++) {
		char floor[CASE_NAME_SIZE];
		bool on_cpu;

		if (!place[h] || !floor_of(highlights[h].name, floor, &on_cpu) ||
		    !results_figure(results,
				    results_find(results, on_cpu ? CPU_DEVICE : devices[0], floor),
				    &figure))
			continue;
		least = figure < least ? figure : least;
		fprintf(script, "%zu %.4f\n", place[h], figure / 1000);
	}
	fputs("EOD\n", script);
	figure_begin(script, name, 1240, 560);
	fprintf(script, "set title \"What on-demand paging costs: %s, Linux %s\"\n",
		results->counted ? "thousand instructions (lower is better)"
				 : "microseconds (lower is better)",
		results->kernel);
	fprintf(script,
		"set logscale y\nset yrange [%.5f:*]\nset xrange [0.4:%.1f]\nset ylabel \"%s\"\n",
		least / 1000 / 2, (double)places + 0.6, figure_unit(results));
	fprintf(script,
		"set boxwidth %.3f\nset style fill solid 0.9 noborder\nset key top left horizontal\nset bmargin 4\n"
		"set grid noxtics\nset xtics font \",10\" (",
		width * 0.94);
	for (size_t h = 0, first = 1; h < HIGHLIGHTS; h++) {
		if (!place[h])
			continue;
		fprintf(script, "%s\"%s\" %zu", first ? "" : ", ", highlights[h].label, place[h]);
		first = 0;
	}
	fputs(")\nplot ", script);
	for (size_t d = 0; d < count; d++)
		fprintf(script,
			"$d%zu using 1:2 with boxes linecolor \"%s\" title \"%s\", "
			"$d%zu using 1:2:3 with labels offset 0,0.6 font \",9\", ",
			d, device_colour[d], devices[d], d);
	fputs("$floor using 1:2:(0.42) with xerrorbars pointtype 0 linewidth 3 linecolor \"black\" "
	      "title \"floor: the kernel's own work without a NIC\"\n", script);
	figure_end(script);
	return true;
}

bool draw_sizes(FILE *script, const struct results *results, const char *name)
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

			snprintf(pattern, sizeof(pattern), "%s.%%s.%s", name, states[s].state);
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
	if (write_curve(script, results, "floor", CPU_DEVICE, "pvm.%s", sizes, at, 3))
		add_curve(
			&curves,
			"$floor using 1:2 with linespoints linewidth 2 pointtype 6 linecolor \"black\" title \"process_vm_writev\"");
	if (points < 2)
		return false;
	snprintf(block, sizeof(block), "cost-%s", name);
	figure_begin(script, block, 960, 560);
	fprintf(script,
		"set title \"%s: cost against size\"\nset logscale xy\nset xlabel \"bytes\"\nset ylabel \"%s\"\n"
		"set xrange [4:4194304]\nset key outside right center\n"
		"set xtics (\"8\" 8, \"64\" 64, \"512\" 512, \"4 KiB\" 4096, \"32 KiB\" 32768, \"256 KiB\" 262144, \"2 MiB\" 2097152)\n%s\n",
		name, figure_unit(results), curves.text);
	figure_end(script);
	return true;
}
