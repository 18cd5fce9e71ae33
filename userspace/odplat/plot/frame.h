/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef ODPLAT_FRAME_H
#define ODPLAT_FRAME_H

#include "base/results.h"

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

#endif
