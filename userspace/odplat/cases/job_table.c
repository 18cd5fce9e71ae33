// SPDX-License-Identifier: GPL-2.0
// Copyright (c) 2026 The pinless authors
#include "cases/job_table.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void add_job(struct job_table *table, struct job job, const char *second, const char *format, ...)
{
	va_list arguments;

	if (table->count == table->room) {
		size_t room = table->room ? table->room * 2 : 128;
		struct job *grown = reallocarray(table->job, room, sizeof(*grown));

		if (!grown) {
			table->failed = true;
			return;
		}
		table->job = grown;
		table->room = room;
	}
	va_start(arguments, format);
	vsnprintf(job.name[0], sizeof(job.name[0]), format, arguments);
	va_end(arguments);
	if (second)
		snprintf(job.name[1], sizeof(job.name[1]), "%s", second);
	table->job[table->count++] = job;
}
