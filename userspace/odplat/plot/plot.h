/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef ODPLAT_PLOT_H
#define ODPLAT_PLOT_H

#include "base/results.h"

/**
 * plot_results() - write data, a gnuplot script and, by gnuplot, PNG and SVG pictures
 * @directory: made where it is missing
 * @why: out, on failure: the reason and the remedy
 *
 * Return: 0 or a negative errno.
 */
int plot_results(const struct results *results, const char *directory, struct message *why);

#endif
