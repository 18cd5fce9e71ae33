/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef ODPLAT_STAGES_H
#define ODPLAT_STAGES_H

#include <stdbool.h>
#include <stdint.h>

enum stage {
	STAGE_LOCK,
	STAGE_HMM,
	STAGE_COMMIT,
	STAGE_REST,		/* of the fault, between those */
	STAGE_COPY,
	STAGE_COMPLETION,
	STAGE_COUNT
};

/** struct stages - sums over the events of some faults */
struct stages {
	unsigned int faults;		/* that succeeded */
	unsigned int copies;		/* that followed them */
	unsigned int left;		/* to a worker, whose events are not seen */
	unsigned int retries;
	unsigned int wrong;		/* stages that exceed the whole, or failed */
	uint64_t pages;
	uint64_t total;			/* nanoseconds of all faults, without copy and completion */
	uint64_t sum[STAGE_COUNT];	/* nanoseconds */
};

/** stages_name() - "lock", "hmm", ... */
const char *stages_name(enum stage stage);

/**
 * stages_add() - take an event in
 * @line: of pinless:pinless_fault or pinless:pinless_copy, as tracefs prints it; others are ignored
 */
void stages_add(struct stages *stages, const char *line);

#endif
