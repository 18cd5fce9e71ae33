// SPDX-License-Identifier: GPL-2.0
/*
 * Description: pages that fail: soft offlining moves the data away from a page unnoticed; a page
 * with a memory error (MADV_HWPOISON) is refused, and other memory in its place is served.
 *
 * The kernel uses none of these pages (64 of 4 KiB) again before it is booted, so the program
 * runs with PINLESS_TEST_POISON=1 only.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "t_memory.h"

#ifndef MADV_SOFT_OFFLINE
#define MADV_SOFT_OFFLINE 101
#endif

/* The pages that the framework has refused. */
static const size_t places[] = { 0, (T_MEMORY_PAGES - 1) * T_PAGE };

static void advise(struct t_buf *b, int advice, const char *name)
{
	uint64_t end = t_ms() + t_scale(5000);
	unsigned int i;

	for (i = 0; i < T_ARRAY_SIZE(places); i++) {
		/*
		 * A page with a transient reference, or isolated from its list, is reported
		 * as busy, or as of an unknown type.
		 */
		while (madvise(b->addr + places[i], T_PAGE, advice)) {
			if ((errno != EBUSY && errno != EIO) || t_ms() > end)
				t_die("%s: %s", name, strerror(errno));
			t_sleep_ms(20);
			if (advice == MADV_HWPOISON) {
				/* The busy page stays marked: use another one. */
				madvise(b->addr + places[i], T_PAGE, MADV_DONTNEED);
				*(volatile uint8_t *)(b->addr + places[i]) = 1;
			}
		}
	}
}

static void soft_offline(struct t_buf *b)
{
	advise(b, MADV_SOFT_OFFLINE, "madvise(MADV_SOFT_OFFLINE)");
}

static void poison(struct t_buf *b)
{
	advise(b, MADV_HWPOISON, "madvise(MADV_HWPOISON)");
}

static void map_over(struct t_buf *b)
{
	if (mmap(b->addr, b->len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
		 -1, 0) != b->addr)
		t_die("mmap at a fixed place: %s", strerror(errno));
	memset(t_shadow(b, 0), 0, b->len);
}

/* The kernel reports the lost page, though the process has not touched it. */
static void sigbus(int sig)
{
	(void)sig;
}

int main(void)
{
	struct t_dev d;

	t_start(60);
	if (!getenv("PINLESS_TEST_POISON"))
		t_skip("takes 64 pages from the machine until it is booted: needs PINLESS_TEST_POISON=1");
	t_need_root();
	d = t_dev_open();
	t_need_odp(&d);
	/* Address 0 is not mapped: only a kernel without this advice answers EINVAL. */
	if (madvise(NULL, T_PAGE, MADV_HWPOISON) && errno == EINVAL)
		t_skip("this kernel cannot inject memory errors (CONFIG_MEMORY_FAILURE)");
	signal(SIGBUS, sigbus);
	t_memory_event(&d, &(struct t_memory){
		.name = "MADV_SOFT_OFFLINE", .event = soft_offline,
	});
	t_memory_event(&d, &(struct t_memory){
		.name = "MADV_HWPOISON", .event = poison,
		.refuse = T_REFUSE_ALL, .restore = map_over,
	});
	t_dev_close(&d);
	return t_finish();
}
