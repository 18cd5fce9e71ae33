// SPDX-License-Identifier: GPL-2.0
/* Copyright (c) 2026 The pinless authors */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "t_options.h"
#include "t_test.h"

#define YEAR	(86400 * 365)
#define SLOW_MS	20000

uint64_t t_option(const char *name, uint64_t otherwise)
{
	const char *s = getenv(name);
	char *end;
	uint64_t n;

	if (!s || !*s)
		return otherwise;
	errno = 0;
	n = strtoull(s, &end, 0);
	/* strtoull() takes a sign as well. */
	if (errno || *end || *s < '0' || *s > '9')
		t_die("%s: expected a number, seen '%s'", name, s);
	return n;
}

unsigned int t_seconds(unsigned int otherwise)
{
	uint64_t n = t_option("PINLESS_TEST_SECONDS", 0);

	if (n > YEAR)
		t_die("PINLESS_TEST_SECONDS: expected %u at most, seen %llu", YEAR,
		      (unsigned long long)n);
	return n ? n : otherwise;
}

uint64_t t_seed(uint64_t otherwise)
{
	uint64_t seed = otherwise ? otherwise : t_us() ^ (uint64_t)getpid() << 32;

	seed = t_option("PINLESS_TEST_SEED", seed);
	printf("seed %llu\n", (unsigned long long)seed);
	fflush(stdout);
	return seed;
}

void t_print_counts(const char *const *names, const volatile uint64_t *counts, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		printf(" %s %llu", names[i], (unsigned long long)counts[i]);
}

void t_let_run(unsigned int seconds, const volatile int *stop, uint64_t (*done)(void),
	       uint64_t least)
{
	uint64_t end = t_ms() + seconds * 1000ULL, last = end + t_scale(SLOW_MS), now;

	for (now = t_ms(); !*stop && (now < end || (now < last && done() < least)); now = t_ms())
		t_sleep_ms(20);
}
