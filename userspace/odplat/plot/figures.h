/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef ODPLAT_FIGURES_H
#define ODPLAT_FIGURES_H

#include <stdbool.h>
#include <stdio.h>

#include "base/results.h"

struct figure;

/**
 * figure_function - write the part of a gnuplot script that draws one picture
 * @script: its data blocks come first, then one call of figure_begin(), the plot commands,
 * figure_end()
 * @results: what was measured
 * Return: false when @results hold nothing for this picture; then what was written is of no use.
 */
typedef bool figure_function(FILE *script, const struct results *results,
			     const struct figure *figure);

/**
 * struct figure - a picture
 * @cases: what the names of its cases begin with, up to a dot; "": they have no beginning in common
 * @title: the same in words
 * @draw: how
 */
struct figure {
	const char *cases, *title;
	figure_function *draw;
};

/** draw_latency() - the distributions of the cases, one panel for each device */
figure_function draw_latency;

/**
 * draw_overview(), draw_sizes(), draw_invalidations(), draw_registrations(), draw_growth() - cost by
 * case, against size, and against the number of things
 */
figure_function draw_overview, draw_sizes, draw_invalidations, draw_registrations, draw_growth;

#endif
