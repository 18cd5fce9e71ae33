/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef ODPLAT_OPTIONS_H
#define ODPLAT_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cases/runner.h"

/** struct options - the command line */
struct options {
	struct names devices;		/* empty: every device that works */
	struct selection selection;
	uint8_t port;
	int gid_index;
	unsigned int processes;		/* 1 or 2 */
	int pin;			/* CPU; -1: wherever the scheduler likes */
	bool poll;			/* for completions, and never sleep */
	bool strict;			/* a device that corrupts data is a failure */
	bool list;
	bool breakdown;			/* of the time of page faults */
	bool csv;
	bool compare;			/* the two devices side by side */
	const char *diff[2];		/* files of two runs; NULL: measure */
	const char *read;		/* file of an earlier run; NULL: measure */
	const char *json;
	const char *plot;
};

/** What parse_options() wants its caller to do */
enum parsed { PARSED_RUN, PARSED_DONE, PARSED_WRONG };

/**
 * parse_options() - read the command line; --help and --version are answered here
 *
 * A mistake is named on standard error, in one line. Free with free_options().
 */
enum parsed parse_options(int argc, char **argv, struct options *options);

/** free_options() - free what parse_options() allocated */
void free_options(struct options *options);

#endif
