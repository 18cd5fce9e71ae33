// SPDX-License-Identifier: GPL-2.0
/*
 * Description: each allocation that is made while the driver's module is initialized fails in
 * turn. The module then fails to load, or does without; nothing is left behind, and loading it
 * again succeeds. Only kmem_cache_create() is not made to fail.
 *
 * PINLESS_TEST_SECONDS: after that no more than the first allocations.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <stdio.h>
#include <unistd.h>

#include "t_inject.h"
#include "t_link.h"
#include "t_module.h"
#include "t_options.h"

/* More allocations than the module makes. */
#define NTH_MAX	100000
/* These are always made to fail, even when the time is over. */
#define FIRST	24

static int load(void *arg)
{
	unsigned int nth = *(unsigned int *)arg;

	/* The command's report of the failure is expected. */
	if (!freopen("/dev/null", "w", stderr))
		return 127;
	if (nth)
		t_inject_arm(nth);
	t_module_exec();
	_exit(127);
}

/* Returns whether the allocation was reached. */
static bool try_load(unsigned int nth, bool *loaded)
{
	bool hit;
	int status = t_inject_wait(t_fork(load, &nth), &hit);

	*loaded = t_module_loaded();
	t_check(*loaded == !status, "loading ended with status %d: expected %s module, seen %s one",
		status, status ? "no" : "a", status ? "a" : "no");
	if (*loaded)
		t_module_unload();
	/* A process that was never armed looks like one whose failure was reached. */
	return nth && hit;
}

int main(void)
{
	unsigned int nth, failed = 0, refused = 0, seconds = t_seconds(0);
	uint64_t end = seconds ? t_ms() + 1000ULL * seconds : UINT64_MAX;
	bool reached = true, loaded;

	t_start(250);
	t_link_need();
	t_inject_inside("do_one_initcall");
	/* It reports its own failure with a stack in the log, which would look like a defect. */
	t_inject_outside("__kmem_cache_create_args");
	t_module_need();
	t_module_unload();
	for (nth = 1; reached && nth < NTH_MAX && !t_failures(); nth++) {
		t_case("allocation %u", nth);
		if (nth > FIRST && t_ms() > end) {
			printf("no time for more than the first %u\n", nth - 1);
			break;
		}
		reached = try_load(nth, &loaded);
		failed += reached;
		refused += !loaded;
		t_check(reached || loaded, "nothing was made to fail: expected a module, seen none");
		if (loaded)
			continue;
		/* Anything left half made would make this fail. */
		try_load(0, &loaded);
		t_check(loaded, "again: expected a module, seen none");
	}
	t_case("all");
	t_check(nth < NTH_MAX, "still failing at allocation %u", nth);
	t_check(failed, "allocations that failed: expected some, seen none");
	t_module_restore();
	printf("%u allocations failed in turn, %u times the load\n", failed, refused);
	return t_finish();
}
