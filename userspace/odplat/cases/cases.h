/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef ODPLAT_CASES_H
#define ODPLAT_CASES_H

#include "cases/job.h"

/**
 * build_jobs() - the table of all jobs
 * @count: out
 *
 * Return: an array to free(), or NULL when there is no memory.
 */
struct job *build_jobs(size_t *count);

/** job_reference() - the case that the cases of job @number are compared with, or "" */
const char *job_reference(const struct job *jobs, size_t number);

#endif
