/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef ODPLAT_CASES_GROWTH_H
#define ODPLAT_CASES_GROWTH_H

#include "cases/job_table.h"

/** add_growth_jobs() - how costs grow, and memory */
void add_growth_jobs(struct job_table *table);

#endif
