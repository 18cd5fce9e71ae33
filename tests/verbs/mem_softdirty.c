// SPDX-License-Identifier: GPL-2.0
/*
 * Description: the soft-dirty tracker (CRIU, live migration): it sees every page that the device
 * wrote since it was cleared, and no other.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "t_memory.h"

#define SOFT_DIRTY	(1ULL << 55)

/* What the memory was when the tracker was cleared. */
static char before[T_MEMORY_PAGES * T_PAGE];

static void clear(void)
{
	int fd = open("/proc/self/clear_refs", O_WRONLY);

	if (fd < 0 || write(fd, "4", 1) != 1)
		t_skip("/proc/self/clear_refs: %s", strerror(errno));
	close(fd);
}

static void entries(const void *addr, uint64_t *e, size_t n)
{
	int fd = open("/proc/self/pagemap", O_RDONLY);

	if (fd < 0 || pread(fd, e, n * 8, (uintptr_t)addr / T_PAGE * 8) != (ssize_t)(n * 8))
		t_die("/proc/self/pagemap: %s", strerror(errno));
	close(fd);
}

static void keep_and_clear(struct t_buf *b)
{
	memcpy(before, b->addr, b->len);
	clear();
}

static void changed_is_dirty(struct t_buf *b)
{
	static uint64_t e[T_MEMORY_PAGES];
	unsigned int i;

	entries(b->addr, e, T_MEMORY_PAGES);
	for (i = 0; i < T_MEMORY_PAGES; i++) {
		bool changed = memcmp(before + i * T_PAGE, b->addr + i * T_PAGE, T_PAGE) != 0;

		if (!t_check(changed == !!(e[i] & SOFT_DIRTY),
			     "page %u, which the device %s: expected %s, seen %s", i,
			     changed ? "wrote" : "did not write", changed ? "soft-dirty" : "clean",
			     e[i] & SOFT_DIRTY ? "soft-dirty" : "clean"))
			return;
	}
}

static bool tracked(void)
{
	volatile char *m = t_mmap(T_PAGE);
	uint64_t cleared, written;

	m[0] = 1;
	clear();
	entries((void *)m, &cleared, 1);
	m[0] = 2;
	entries((void *)m, &written, 1);
	munmap((void *)m, T_PAGE);
	return !(cleared & SOFT_DIRTY) && (written & SOFT_DIRTY);
}

int main(void)
{
	struct t_dev d;

	t_start(60);
	d = t_dev_open();
	t_need_odp(&d);
	if (!tracked())
		t_skip("this kernel does not track soft-dirty pages (CONFIG_MEM_SOFT_DIRTY)");
	t_memory_event(&d, &(struct t_memory){
		.name = "soft-dirty cleared", .event = keep_and_clear,
		.done = changed_is_dirty,
	});
	t_dev_close(&d);
	return t_finish();
}
