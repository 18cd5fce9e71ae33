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
 * Mounts the hierarchy where nobody has done so. Skips the program without
 * root, and where the kernel has no memory controller of version 2 to give.
 */
struct t_cgroup t_cgroup_new(const char *name);

/** t_cgroup_end - remove a group whose processes are gone; a failure is recorded */
void t_cgroup_end(struct t_cgroup *g);

/** t_cgroup_enter - put this process into a group, for what it takes from now on */
void t_cgroup_enter(const struct t_cgroup *g);

/** t_cgroup_limit - let the group have so many bytes more than it has now */
void t_cgroup_limit(const struct t_cgroup *g, uint64_t more);

/** t_cgroup_unlimit - take the limit away */
void t_cgroup_unlimit(const struct t_cgroup *g);

/** t_cgroup_no_swap - nothing of the group goes to swap */
void t_cgroup_no_swap(const struct t_cgroup *g);

/** t_cgroup_used - bytes that the group has */
uint64_t t_cgroup_used(const struct t_cgroup *g);

/** t_cgroup_oom_kills - processes of the group that were killed for want of memory */
uint64_t t_cgroup_oom_kills(const struct t_cgroup *g);

#endif
