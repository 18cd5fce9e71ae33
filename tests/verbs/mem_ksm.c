// SPDX-License-Identifier: GPL-2.0
/*
 * Description: pages that KSM merges into one are read right by the device, and a device write
 * to one of them unmerges it and leaves the others alone.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "t_memory.h"

static long merged;

static long ksm_value(const char *name)
{
	char path[128];
	long v = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/kernel/mm/ksm/%s", name);
	f = fopen(path, "r");
	if (!f)
		return -1;
	if (fscanf(f, "%ld", &v) != 1)
		v = -1;
	fclose(f);
	return v;
}

/* Every page becomes equal to the others; the kernel is given time to merge them. */
static void merge(struct t_buf *b)
{
	uint64_t end = t_ms() + t_scale(4000);
	size_t i;

	t_pattern(t_shadow(b, 0), T_PAGE, 11);
	for (i = 0; i < b->len; i += T_PAGE) {
		memcpy(t_shadow(b, i), t_shadow(b, 0), T_PAGE);
		memcpy(b->addr + i, t_shadow(b, 0), T_PAGE);
	}
	if (madvise(b->addr, b->len, MADV_MERGEABLE))
		t_skip("madvise(MADV_MERGEABLE): %s", strerror(errno));
	while (ksm_value("pages_sharing") < T_MEMORY_PAGES / 2 && t_ms() < end)
		t_sleep_ms(20);
	if (ksm_value("pages_sharing") > merged)
		merged = ksm_value("pages_sharing");
}

static void unmerge(struct t_buf *b)
{
	if (madvise(b->addr, b->len, MADV_UNMERGEABLE))
		t_die("madvise(MADV_UNMERGEABLE): %s", strerror(errno));
}

int main(void)
{
	struct t_dev d;
	long run, pages, sleep_ms;

	t_start(120);
	t_need_root();
	d = t_dev_open();
	t_need_odp(&d);
	run = ksm_value("run");
	pages = ksm_value("pages_to_scan");
	sleep_ms = ksm_value("sleep_millisecs");
	if (run < 0)
		t_skip("this kernel has no KSM");
	t_run("cd /sys/kernel/mm/ksm && echo 5000 > pages_to_scan && echo 1 > sleep_millisecs && "
	      "echo 1 > run");
	t_memory_event(&d, &(struct t_memory){
		.name = "KSM merge and unmerge", .event = merge, .restore = unmerge,
	});
	t_run("cd /sys/kernel/mm/ksm && echo 2 > run && echo %ld > pages_to_scan && "
	      "echo %ld > sleep_millisecs && echo %ld > run", pages, sleep_ms, run);
	printf("at most %ld pages were shared\n", merged);
	if (!merged)
		t_skip("the kernel merged nothing: nothing was shown");
	t_dev_close(&d);
	return t_finish();
}
