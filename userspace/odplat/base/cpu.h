/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef ODPLAT_CPU_H
#define ODPLAT_CPU_H

#include "base/text.h"

/**
 * cpu_pin() - let this thread, and what it starts from now on, run on one CPU only
 * @why: out, on failure: which CPUs are possible
 *
 * Return: 0 or a negative errno.
 */
int cpu_pin(unsigned int cpu, struct message *why);

/** cpu_unpin() - let this thread run where the process could before cpu_pin() */
void cpu_unpin(void);

#endif
