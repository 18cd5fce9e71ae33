// SPDX-License-Identifier: GPL-2.0
// Copyright (c) 2026 The pinless authors
#include "base/cpu.h"

#include <errno.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>

static cpu_set_t before;
static bool pinned;

/* Such as "0-3,6". */
static void list_cpus(const cpu_set_t *set, char *text, size_t size)
{
	size_t used = 0;

	text[0] = 0;
	for (int cpu = 0; cpu < CPU_SETSIZE && used < size; cpu++) {
		int last = cpu;

		if (!CPU_ISSET(cpu, set))
			continue;
		while (last + 1 < CPU_SETSIZE && CPU_ISSET(last + 1, set))
			last++;
		used += (size_t)snprintf(text + used, size - used, last > cpu ? "%s%d-%d" : "%s%d",
					 used ? "," : "", cpu, last);
		cpu = last;
	}
}

int cpu_pin(unsigned int cpu, struct message *why)
{
	char possible[128];
	cpu_set_t one;

	if (sched_getaffinity(0, sizeof(before), &before))
		return explain_error(why, "sched_getaffinity", errno);
	if (cpu >= CPU_SETSIZE || !CPU_ISSET(cpu, &before)) {
		list_cpus(&before, possible, sizeof(possible));
		snprintf(why->text, sizeof(why->text),
			 "--pin: this process cannot run on CPU %u: possible: %s", cpu, possible);
		return -EINVAL;
	}
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	if (sched_setaffinity(0, sizeof(one), &one))
		return explain_error(why, "sched_setaffinity", errno);
	pinned = true;
	return 0;
}

void cpu_unpin(void)
{
	if (pinned)
		sched_setaffinity(0, sizeof(before), &before);
}
