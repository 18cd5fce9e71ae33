/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef ODPLAT_CLOCK_H
#define ODPLAT_CLOCK_H

#include <stdint.h>
#include <time.h>

/** now_ns() - the clock of every measurement, in nanoseconds from an arbitrary start */
static inline uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec;
}

#endif
