// SPDX-License-Identifier: GPL-2.0
/*
 * Description: pages that were swapped out (MADV_PAGEOUT) come back with their data when the
 * device reads or writes them, and what the device had written before is not lost.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <sys/mman.h>

#include "t_memory.h"

static size_t swapped;

static void pageout(struct t_buf *b)
{
	if (madvise(b->addr, b->len, MADV_PAGEOUT))
		t_die("madvise(MADV_PAGEOUT) failed");
	swapped += t_swapped_pages(b->addr, b->len);
}

int main(void)
{
	struct t_dev d;

	t_start(60);
	d = t_dev_open();
	t_need_odp(&d);
	t_swap_on();
	t_memory_event(&d, &(struct t_memory){ "MADV_PAGEOUT", pageout, 0, NULL, false });
	t_swap_off();
	if (!swapped)
		t_skip("the kernel swapped nothing out: nothing was shown");
	t_dev_close(&d);
	return t_finish();
}
