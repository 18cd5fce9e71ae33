/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef ODPLAT_JOB_TABLE_H
#define ODPLAT_JOB_TABLE_H

#include "cases/job.h"

/**
 * struct job_table - the jobs while they are put together
 * @failed: there was no memory for one of them
 */
struct job_table {
	struct job *job;
	size_t count, room;
	bool failed;
};

/**
 * add_job() - append @job under the name of @format, and a second case of it under @second (NULL:
 * none)
 */
void add_job(struct job_table *table, struct job job, const char *second, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

#endif
