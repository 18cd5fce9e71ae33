// SPDX-License-Identifier: GPL-2.0
/*
 * Description: what the device writes after MADV_FREE survives the reclaim of these pages: a
 * device write must mark the page dirty, as the kernel drops clean ones.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "t_memory.h"

/* A freed page reads as zero; zeroed first, it does so whether or not it was freed yet. */
static void set_free(struct t_buf *b)
{
	memset(b->addr, 0, b->len);
	memset(t_shadow(b, 0), 0, b->len);
	if (madvise(b->addr, b->len, MADV_FREE))
		t_die("madvise(MADV_FREE): %s", strerror(errno));
}

static void set_free_and_write(struct t_buf *b)
{
	set_free(b);
	t_pattern(t_shadow(b, 0), b->len, 4711);
	memcpy(b->addr, t_shadow(b, 0), b->len);
}

/* What was written since is kept, in swap. */
static void reclaim(struct t_buf *b)
{
	size_t i, lost = 0;

	if (madvise(b->addr, b->len, MADV_PAGEOUT))
		t_die("madvise(MADV_PAGEOUT): %s", strerror(errno));
	for (i = 0; i < b->len; i += T_PAGE)
		lost += memcmp(b->addr + i, t_shadow(b, i), T_PAGE) != 0;
	t_check(!lost, "writes after MADV_FREE lost by reclaim: expected 0 pages, seen %zu", lost);
}

int main(void)
{
	struct t_dev d;

	t_start(60);
	d = t_dev_open();
	t_need_odp(&d);
	t_swap_on();
	t_memory_event(&d, &(struct t_memory){
		.name = "MADV_FREE, written by the CPU, reclaim", .event = set_free_and_write,
		.restore = reclaim, .drops = true,
	});
	t_memory_event(&d, &(struct t_memory){
		.name = "MADV_FREE, written by the device, reclaim", .event = set_free,
		.restore = reclaim, .drops = true,
	});
	t_swap_off();
	t_dev_close(&d);
	return t_finish();
}
