// SPDX-License-Identifier: GPL-2.0
/*
 * Description: guard pages over memory that the device uses, made by mmap with PROT_NONE and by
 * MADV_GUARD_INSTALL: refused while they are there, and zero after them.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "t_memory.h"

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#define MADV_GUARD_REMOVE 103
#endif

static void map_over(struct t_buf *b, int prot)
{
	if (mmap(b->addr, b->len, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != b->addr)
		t_die("mmap at a fixed place: %s", strerror(errno));
}

static void none(struct t_buf *b)
{
	map_over(b, PROT_NONE);
}

static void fresh(struct t_buf *b)
{
	map_over(b, PROT_READ | PROT_WRITE);
	memset(t_shadow(b, 0), 0, b->len);
}

static void install(struct t_buf *b)
{
	if (madvise(b->addr, b->len, MADV_GUARD_INSTALL))
		t_die("madvise(MADV_GUARD_INSTALL): %s", strerror(errno));
}

static void take_out(struct t_buf *b)
{
	if (madvise(b->addr, b->len, MADV_GUARD_REMOVE))
		t_die("madvise(MADV_GUARD_REMOVE): %s", strerror(errno));
	memset(t_shadow(b, 0), 0, b->len);
}

/* Does the kernel know the advice (6.13)? */
static bool has_guards(void)
{
	char *m = t_mmap(T_PAGE);
	bool has = !madvise(m, T_PAGE, MADV_GUARD_INSTALL) || errno != EINVAL;

	munmap(m, T_PAGE);
	return has;
}

int main(void)
{
	struct t_dev d;

	t_start(60);
	d = t_dev_open();
	t_need_odp(&d);
	t_memory_event(&d, &(struct t_memory){
		.name = "mapped over with PROT_NONE", .event = none,
		.refuse = T_REFUSE_ALL, .restore = fresh, .drops = true,
	});
	t_case("MADV_GUARD_INSTALL");
	if (has_guards())
		t_memory_event(&d, &(struct t_memory){
			.name = "MADV_GUARD_INSTALL", .event = install,
			.refuse = T_REFUSE_ALL, .restore = take_out, .drops = true,
		});
	else
		t_skip_case("this kernel does not have it");
	t_dev_close(&d);
	return t_finish();
}
