// SPDX-License-Identifier: GPL-2.0
// Copyright (c) 2026 The pinless authors
/* What all pictures have in common: formats, and which devices are in them. */
#include "plot/frame.h"

#include <string.h>

void figure_begin(FILE *script, const char *name, unsigned int width, unsigned int height)
{
	fprintf(script,
		"do for [format in \"svg png\"] {\n"
		"if (format eq \"png\") { set terminal pngcairo noenhanced size %u,%u font \"DejaVu Sans,11\" "
		"background \"white\" } else "
		"{ set terminal svg noenhanced size %u,%u font \"DejaVu Sans,13\" background \"white\" }\n"
		"set output \"%s.\".format\n"
		"set border 3 linecolor \"#555555\"\nset tics nomirror\n"
		"set grid linecolor \"#dddddd\" linetype 1\nset key noautotitle\n",
		width, height, width, height, name);
}

void figure_end(FILE *script)
{
	fputs("unset output\n}\n", script);
}

size_t figure_devices(const struct results *results, const char *devices[FIGURE_DEVICES])
{
	size_t count = 0;

	for (size_t i = 0; i < results->count && count < FIGURE_DEVICES; i++) {
		const char *device = results->row[i].device;
		size_t d = 0;

		if (!strcmp(device, CPU_DEVICE))
			continue;
		while (d < count && strcmp(devices[d], device))
			d++;
		if (d == count)
			devices[count++] = device;
	}
	return count;
}
