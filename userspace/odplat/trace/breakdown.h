/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef ODPLAT_BREAKDOWN_H
#define ODPLAT_BREAKDOWN_H

#include <stdio.h>

#include "rdma/link.h"

/**
 * run_breakdown() - print where the time of page faults goes, by the driver's tracepoints
 * @out: where the table goes
 * @link: open; both sides in this process
 * @samples: page faults for each row, 1 or more
 * @counted: the clock counts instructions
 * @why: out, on failure: what is missing, and the remedy
 *
 * Return: 0 or a negative errno; -EIO also when data was wrong, or the trace does not tell of each
 * fault that was caused.
 */
int run_breakdown(FILE *out, struct link *link, unsigned int samples, bool counted,
		  struct message *why);

#endif
