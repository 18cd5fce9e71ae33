/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef ODPLAT_CASES_H
#define ODPLAT_CASES_H

#include "link.h"
#include "results.h"

/** enum state - what has happened to memory before it is measured */
enum state {
	STATE_PINNED,		/* pinned region */
	STATE_WARM,		/* ODP, already used through the NIC */
	STATE_COLD,		/* ODP, never touched by anybody */
	STATE_TOUCHED,		/* ODP, touched by the CPU, new to the NIC */
	STATE_UNREGISTERED,	/* no region */
};

/** struct bench - what a case is measured on */
struct bench {
	struct link *link;	/* NULL for the floors */
	uint64_t seed;		/* the last pattern used */
};

struct job;

/**
 * job_function - take @count samples of a job
 * @rows: where they go, one for each name of the job; an entry is NULL when it is not wanted
 * @why: out, on failure
 *
 * Return: 0, or a negative errno when the case cannot be measured on this device.
 */
typedef int job_function(struct bench *bench, const struct job *job, unsigned int count,
			 struct row *const rows[2], struct message *why);

/** struct job - one measurement, which yields one or two cases */
struct job {
	char name[2][CASE_NAME_SIZE];	/* the second is empty where there is one case */
	job_function *run;
	unsigned int samples;		/* in a whole run */
	unsigned int warmups;		/* samples taken before, and thrown away */
	bool on_cpu;			/* a floor: needs no device */
	bool wall_only;			/* makes no sense counted */
	enum operation operation;	/* transfers */
	enum state state[2];		/* transfers: of each end; others: [0] */
	size_t length;			/* bytes worked on */
	bool huge;			/* in transparent huge pages */
	bool unmap;			/* invalidations: munmap() instead of MADV_DONTNEED */
};

/**
 * build_jobs() - the table of all jobs
 * @count: out
 *
 * Return: an array to free(), or NULL when there is no memory.
 */
struct job *build_jobs(size_t *count);

job_function run_syscall, run_touch, run_copy;
job_function run_transfer;
job_function run_register;
job_function run_invalidate, run_invalidate_untouched, run_invalidate_shared;
job_function run_prefetch;
job_function run_mrelease;

#endif
