/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef ODPLAT_RUN_H
#define ODPLAT_RUN_H

#include "cases/job.h"

/* How each kind of case takes its samples. */
job_function run_syscall, run_touch, run_copy;
job_function run_transfer;
job_function run_register;
job_function run_invalidate, run_invalidate_untouched, run_invalidate_shared;
job_function run_prefetch;
job_function run_mrelease;
job_function run_growth_elsewhere, run_growth_over, run_growth_leaves, run_growth_faults;
job_function run_memory_objects, run_memory_region;

#endif
