/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef ODPLAT_RUNNER_H
#define ODPLAT_RUNNER_H

#include "cases/job.h"

/** struct names - a list of strings that belong to the caller */
struct names {
	const char **name;
	size_t count;
};

enum progress { PROGRESS_AUTO, PROGRESS_ON, PROGRESS_OFF };

/** struct selection - what is to be measured, and how */
struct selection {
	struct names cases;		/* patterns; empty: all but those that must be named */
	unsigned int iterations;	/* 0: by the cost of the case */
	bool counted;			/* the clock counts instructions */
	enum progress progress;
};

/**
 * ROUNDS - how often the whole list of jobs is gone through, so that drift of the machine affects
 * all alike
 */
#define ROUNDS	10

/**
 * job_selected() - is the @which-th case of @job wanted?
 */
bool job_selected(const struct job *job, unsigned int which, const struct selection *selection);

/**
 * run_jobs() - take all samples
 * @jobs: the table
 * @job_count: its length
 * @links: open links, one for each device
 * @link_count: may be 0, then only the references of the CPU are measured
 * @selection: what to measure and how
 * @results: out, free with free_results()
 *
 * All jobs on all devices are taken in turns, round by round. A case that fails gets its error and
 * does not keep the others from being measured.
 *
 * Return: 0 or -ENOMEM.
 */
int run_jobs(const struct job *jobs, size_t job_count, struct link *links, size_t link_count,
	     const struct selection *selection, struct results *results);

#endif
