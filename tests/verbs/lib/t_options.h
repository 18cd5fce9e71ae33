/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright (c) 2026 The pinless authors
 *
 * What the environment asks of programs that do random things, and the figures of their last line.
 */
#ifndef T_OPTIONS_H
#define T_OPTIONS_H

#include <stdint.h>

/**
 * t_option - a number of the environment
 * @name: the variable
 * @otherwise: what counts when it is not set, or empty
 *
 * Ends the program with a failure when the variable is no number.
 *
 * Return: the number, decimal or with 0x in front.
 */
uint64_t t_option(const char *name, uint64_t otherwise);

/**
 * t_seconds - how long to run: PINLESS_TEST_SECONDS
 * @otherwise: what counts when it is not set, empty or 0
 *
 * Return: seconds, 86400 * 365 at most.
 */
unsigned int t_seconds(unsigned int otherwise);

/**
 * t_seed - the seed of the random numbers: PINLESS_TEST_SEED
 * @otherwise: what counts when it is not set or empty; 0 for one that no other run has
 *
 * Prints it at once, so that it is there whatever happens to the program or the machine.
 *
 * Return: the seed.
 */
uint64_t t_seed(uint64_t otherwise);

/** t_print_counts - print " NAME COUNT" for each of @nr names, without an end of line */
void t_print_counts(const char *const *names, const volatile uint64_t *counts, unsigned int nr);

/**
 * t_let_run - wait while threads work
 * @seconds: how long
 * @stop: a thread sets it when there is no point in going on
 * @done: what the threads have done so far
 * @least: what they have to do; on a busy machine that may take up to 20 s longer than @seconds,
 *	times the scale of t_scale()
 */
void t_let_run(unsigned int seconds, const volatile int *stop, uint64_t (*done)(void),
	       uint64_t least);

#endif
