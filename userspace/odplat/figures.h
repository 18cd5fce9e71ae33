/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef ODPLAT_FIGURES_H
#define ODPLAT_FIGURES_H

#include "results.h"

/**
 * figure_function - write the part of a gnuplot script that draws one picture
 * @script: its data blocks come first, then one call of figure_begin(), the plot commands,
 * figure_end()
 * @results: what was measured
 * Return: false when @results hold nothing for this picture; then what was written is of no use.
 */
typedef bool figure_function(FILE *script, const struct results *results, const char *name);

/**
 * figure_begin() - open the loop over the picture formats, for a picture of @width to @height
 * points
 */
void figure_begin(FILE *script, const char *name, unsigned int width, unsigned int height);

/** figure_end() - close the loop */
void figure_end(FILE *script);

/** FIGURE_DEVICES - most devices that one picture shows; colours end there */
#define FIGURE_DEVICES	6

/** figure_devices() - the devices of the results, first seen first; returns their number */
size_t figure_devices(const struct results *results, const char *devices[FIGURE_DEVICES]);

/** figure_unit() - what the axes count in, after division by 1000 */
static inline const char *figure_unit(const struct results *results)
{
	return results->counted ? "thousand instructions" : "microseconds";
}

/**
 * draw_latency() - the distributions of the cases that begin with @name, one panel for each device
 */
figure_function draw_latency;

/**
 * draw_overview(), draw_sizes(), draw_invalidations(), draw_registrations(), draw_growth() - cost by
 * case, against size, and against the number of things
 */
figure_function draw_overview, draw_sizes, draw_invalidations, draw_registrations, draw_growth;

#endif
