/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright (c) 2026 The pinless authors
 *
 * Memory cgroups of a test's own.
 */
#ifndef T_CGROUP_H
#define T_CGROUP_H

#include <stdint.h>

/** One group, below the root of the hierarchy. */
struct t_cgroup {
	char path[128];
	/* Open from the beginning: a group at its limit has no memory to open a file. */
	int max, current;
};

/**
 * t_cgroup_new - make a group without a limit
 * @name: no other group's
 *
 * Mounts the hierarchy if it is not mounted yet. Skips the program without
 * root, and where the memory controller of version 2 is not available.
 */
struct t_cgroup t_cgroup_new(const char *name);

/** t_cgroup_end - remove a group whose processes are gone; a failure is recorded */
void t_cgroup_end(struct t_cgroup *g);

/** t_cgroup_enter - move this process into a group, which is charged from now on */
void t_cgroup_enter(const struct t_cgroup *g);

/** t_cgroup_limit - limit the group to @more bytes above what it uses now */
void t_cgroup_limit(const struct t_cgroup *g, uint64_t more);

/** t_cgroup_unlimit - remove the limit */
void t_cgroup_unlimit(const struct t_cgroup *g);

/** t_cgroup_no_swap - nothing of the group goes to swap */
void t_cgroup_no_swap(const struct t_cgroup *g);

/** t_cgroup_used - bytes charged to the group */
uint64_t t_cgroup_used(const struct t_cgroup *g);

/** t_cgroup_oom_kills - number of OOM kills in the group */
uint64_t t_cgroup_oom_kills(const struct t_cgroup *g);

#endif
