/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef ODPLAT_OPTIONS_H
#define ODPLAT_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** struct names - a list of arguments; the strings belong to argv */
struct names {
	const char **name;
	size_t count;
};

enum progress { PROGRESS_AUTO, PROGRESS_ON, PROGRESS_OFF };

/** struct options - the command line */
struct options {
	struct names devices;		/* empty: every device that works */
	struct names cases;		/* patterns; empty: all */
	uint8_t port;
	int gid_index;
	unsigned int iterations;	/* 0: by the cost of the case */
	unsigned int processes;		/* 1 or 2 */
	bool counted;
	bool list;
	bool breakdown;			/* of the time of page faults */
	bool csv;
	bool compare;			/* the two devices side by side */
	const char *diff[2];		/* files of two runs; NULL: measure */
	enum progress progress;
	const char *read;		/* file of an earlier run; NULL: measure */
	const char *json;
	const char *plot;
};

/** What parse_options() wants its caller to do */
enum parsed { PARSED_RUN, PARSED_DONE, PARSED_WRONG };

/**
 * parse_options() - read the command line; --help and --version are answered here
 *
 * A mistake is named on standard error. Free with free_options().
 */
enum parsed parse_options(int argc, char **argv, struct options *options);

/** free_options() - free what parse_options() allocated */
void free_options(struct options *options);

#endif
