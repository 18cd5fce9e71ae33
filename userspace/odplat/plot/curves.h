/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef ODPLAT_CURVES_H
#define ODPLAT_CURVES_H

#include "plot/frame.h"

/** device_colour - the devices' colours in every picture, by their place in figure_devices() */
extern const char *const device_colour[FIGURE_DEVICES];

/**
 * write_curve() - a data block of some cases of a device
 * @block: its name
 * @pattern: of the case names, with one %s
 * @parts: what replaces it
 * @at: where each is on the x axis
 * @count: how many there are
 *
 * Return: the number of points; what was not measured gives none.
 */
size_t write_curve(FILE *script, const struct results *results, const char *block,
		   const char *device, const char *pattern, const char *const *parts,
		   const double *at, size_t count);

/** struct curves - a plot command that grows; begin with .used = 0 */
struct curves {
	char text[8192];
	size_t used;
};

/** add_curve() - append one curve to the plot command; the first one begins it */
void add_curve(struct curves *curves, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
