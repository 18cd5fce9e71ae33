// SPDX-License-Identifier: GPL-2.0
// Copyright (c) 2026 The pinless authors
/* One picture of how costs grow, a panel for each kind of growth. */
#include "plot/curves.h"
#include "plot/figures.h"

#define POINTS	3

static const struct panel {
	const char *title, *axis, *pattern[3], *look[3];
	const char *parts[POINTS];
	double at[POINTS];
	double most;		/* end of the other axis, with room for the key */
} panels[] = {
	{ "WRITE 8 B, by the keys of N regions", "regions", { "growth.write.8.regions.%s" }, { "" },
	  { "1", "1k", "100k" }, { 1, 1000, 100000 }, 1000 },
	{ "register 4 KiB, N regions over the page", "regions over the page", { "growth.reg.odp.4k.over.%s" }, { "" },
	  { "1", "1k", "100k" }, { 1, 1000, 100000 }, 1000 },
	{ "MADV_DONTNEED 1 page, N regions elsewhere", "regions elsewhere", { "growth.dontneed.1.elsewhere.%s" }, { "" },
	  { "1", "1k", "100k" }, { 1, 1000, 100000 }, 1000 },
	{ "MADV_DONTNEED 1 page, N regions over it", "regions over the page", { "growth.dontneed.1.over.%s" }, { "" },
	  { "1", "1k", "100k" }, { 1, 1000, 100000 }, 1000000 },
	{ "READ 8 B with a fault, MADV_DONTNEED 1 page", "2 MiB parts that the NIC knows",
	  { "growth.fault.leaves.%s", "growth.dontneed.1.leaves.%s" }, { "READ with a fault", "MADV_DONTNEED" },
	  { "1", "32", "1k" }, { 1, 32, 1000 }, 1000 },
	{ "WRITE 8 B with a fault, N queue pairs at once", "queue pairs that fault at once",
	  { "growth.fault.one-leaf.qps.%s", "growth.fault.one-mirror.qps.%s",
	    "growth.fault.apart.qps.%s" },
	  { "in one 2 MiB part", "in one process", "in processes of their own" },
	  { "1", "2", "16" }, { 1, 2, 16 }, 1000 },
};

#define PANELS	(sizeof(panels) / sizeof(panels[0]))

/* Returns the number of points; the plot command is in @curves. */
static size_t collect(FILE *script, const struct results *results, const struct panel *panel,
		      size_t number, struct curves *curves)
{
	const char *devices[FIGURE_DEVICES];
	size_t count = figure_devices(results, devices), points = 0;
	char block[32];

	for (size_t d = 0; d < count; d++) {
		for (size_t p = 0; p < 3 && panel->pattern[p]; p++) {
			size_t got;

			snprintf(block, sizeof(block), "p%zu_%zu_%zu", number, d, p);
			got = write_curve(script, results, block, devices[d], panel->pattern[p],
					  panel->parts, panel->at, POINTS);
			points += got;
			if (got)
				add_curve(curves,
					  "$%s using 1:2 with linespoints linewidth 2 pointsize 1.2 "
					  "linecolor \"%s\" dashtype %zu pointtype %zu title \"%s %s\"",
					  block, device_colour[d], p + 1, 5 + 2 * p, devices[d],
					  panel->look[p]);
		}
	}
	return points;
}

bool draw_growth(FILE *script, const struct results *results, const struct figure *figure)
{
	struct curves curves[PANELS] = { { .used = 0 } };
	size_t points = 0;

	for (size_t p = 0; p < PANELS; p++)
		points += collect(script, results, &panels[p], p, &curves[p]);
	if (points < 2)
		return false;
	figure_begin(script, figure->cases, 1320, 780);
	fprintf(script, "set multiplot layout 2,3 title \"How costs grow: %s\"\n"
		"set logscale xy\nset ylabel \"%s\"\nset key top left reverse Left font \",9\"\n",
		results->counted ? "counted instructions" : "wall-clock", figure_unit(results));
	for (size_t p = 0; p < PANELS; p++) {
		if (!curves[p].used)
			continue;
		fprintf(script,
			"set title \"%s\"\nset xlabel \"%s\"\nset xrange [%g:%g]\nset yrange [*:%g]\n"
			"set xtics (%g, %g, \"%.0f\" %g)\n%s\n",
			panels[p].title, panels[p].axis, panels[p].at[0] / 1.5,
			panels[p].at[POINTS - 1] * 1.5, panels[p].most, panels[p].at[0],
			panels[p].at[1], panels[p].at[2], panels[p].at[2], curves[p].text);
	}
	fputs("unset multiplot\n", script);
	figure_end(script);
	return true;
}
