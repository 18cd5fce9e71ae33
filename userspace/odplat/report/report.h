/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef ODPLAT_REPORT_H
#define ODPLAT_REPORT_H

#include "base/results.h"

/** report_table() - the table for people */
void report_table(FILE *out, const struct results *results);

/** report_compare() - two devices of a run side by side, with the ratio */
void report_compare(FILE *out, const struct results *results, const char *first,
		    const char *second);

/**
 * report_diff() - two runs side by side
 * @titles: what to call them
 *
 * Return: 0, or -1 when one was counted and the other was not.
 */
int report_diff(FILE *out, const struct results *before, const struct results *after,
		const char *const titles[2]);

/** report_json() - one JSON object, as odplat(1) describes it */
void report_json(FILE *out, const struct results *results);

/** report_csv() - the same rows with a header line */
void report_csv(FILE *out, const struct results *results);

#endif
