/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef PINLESS_ALLOC_H
#define PINLESS_ALLOC_H

#include <linux/gfp.h>

/*
 * For memory that a verb allocates on behalf of a process: charged to its
 * memory cgroup. If that is at its limit, or the machine is out of memory, the
 * verb fails; no process is killed to make room.
 */
#define PINLESS_GFP_USER \
	(GFP_KERNEL_ACCOUNT | __GFP_RETRY_MAYFAIL | __GFP_NOWARN)

#endif /* PINLESS_ALLOC_H */
