/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef PINLESS_CHARGE_H
#define PINLESS_CHARGE_H

#include <linux/memcontrol.h>
#include <linux/sched/mm.h>

/*
 * Translation memory is charged to the memory cgroup that the owner of the
 * address space is in now, whichever task runs the fault.
 */
static inline struct mem_cgroup *pinless_charge_begin(struct mm_struct *mm,
						      struct mem_cgroup **old)
{
	struct mem_cgroup *memcg = get_mem_cgroup_from_mm(mm);

	*old = set_active_memcg(memcg);
	return memcg;
}

static inline void pinless_charge_end(struct mem_cgroup *memcg,
				      struct mem_cgroup *old)
{
	set_active_memcg(old);
	mem_cgroup_put(memcg);
}

#endif /* PINLESS_CHARGE_H */
