/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright (c) 2026 The pinless authors
 *
 * Memory allocations of the driver that fail by order, on kernels with fault
 * injection (CONFIG_FAILSLAB, CONFIG_FAIL_PAGE_ALLOC and the filter by stack).
 * Only allocations that have the driver's code in their stack count and fail, or
 * those of a function of the kernel and of what it calls.
 */
#ifndef T_INJECT_H
#define T_INJECT_H

#include <stdbool.h>
#include <sys/types.h>

/** t_inject_need - set the filters; skip where the kernel or the user cannot */
void t_inject_need(void);

/** Functions of a stack among which the driver's code is looked for, unless told otherwise. */
#define T_INJECT_DEPTH	32

/**
 * t_inject_depth - how far from the allocator the driver's code may be
 * @depth: functions of the stack, those of the allocator and of fault injection included
 */
void t_inject_depth(unsigned int depth);

/**
 * t_inject_inside - let the allocations of a function of the kernel count, and of what it calls
 *
 * Instead of t_inject_need(), also while the driver is not loaded.
 */
void t_inject_inside(const char *function);

/** t_inject_outside - let the allocations of a function of the kernel, and of what it calls, succeed */
void t_inject_outside(const char *function);

/**
 * t_inject_arm - let the @nth allocation of the driver fail
 * @nth: 1 or more; counts the allocations in calls of this thread from now on.
 *	A child process begins unarmed, exec() keeps what is armed.
 */
void t_inject_arm(unsigned int nth);

/**
 * t_inject_disarm - let none fail any more
 *
 * Return: whether the allocation was reached and has failed.
 */
bool t_inject_disarm(void);

/**
 * t_inject_wait - wait for a child process that armed itself, or did not
 * @hit: set to whether its allocation was reached and has failed
 *
 * Return: its exit status. An end by a signal is recorded as a failure.
 */
int t_inject_wait(pid_t pid, bool *hit);

/**
 * t_inject_random - let allocations of the driver fail at random, in any thread
 * @percent: 1 to 100, or 0: let none fail any more
 *
 * The driver's workers are threads as any other here.
 */
void t_inject_random(unsigned int percent);

#endif
