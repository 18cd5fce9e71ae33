// SPDX-License-Identifier: GPL-2.0
/*
 * Description: huge pages: the device uses 2 MiB pages, pages that MADV_COLLAPSE joins after it
 * used them one by one, and huge pages that are split under it by a partial discard or
 * protection, with the data in place.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "t_memory.h"

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

/* Huge pages among the pages of the mapping at @addr, in KiB, by /proc/self/smaps. */
static long huge_kib(const void *addr)
{
	unsigned long lo, hi;
	FILE *f = fopen("/proc/self/smaps", "r");
	char line[256];
	bool in = false;
	long kib = 0;

	if (!f)
		return -1;
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx ", &lo, &hi) == 2)
			in = (uintptr_t)addr >= lo && (uintptr_t)addr < hi;
		else if (in && !strncmp(line, "AnonHugePages:", 14))
			sscanf(line + 14, "%ld", &kib);
	}
	fclose(f);
	return kib;
}

/* How often there were huge pages when the event came, or after it for one that makes them. */
static unsigned int huge, tried;

static void look(const struct t_buf *b)
{
	tried++;
	huge += huge_kib(b->addr) > 0;
}

/* The rest of the buffer has small pages, so that the event is about all huge ones. */
static void make_huge(struct t_buf *b)
{
	madvise(b->addr, T_HUGE, MADV_HUGEPAGE);
	madvise(b->addr + T_HUGE, b->len - T_HUGE, MADV_NOHUGEPAGE);
}

static void make_small(struct t_buf *b)
{
	madvise(b->addr, b->len, MADV_NOHUGEPAGE);
}

static void nothing(struct t_buf *b)
{
	look(b);
}

static void discard_page(struct t_buf *b)
{
	look(b);
	if (madvise(b->addr + 7 * T_PAGE, T_PAGE, MADV_DONTNEED))
		t_die("madvise(MADV_DONTNEED): %s", strerror(errno));
	memset(t_shadow(b, 7 * T_PAGE), 0, T_PAGE);
}

static void protect_page(struct t_buf *b)
{
	look(b);
	if (mprotect(b->addr + 300 * T_PAGE, T_PAGE, PROT_READ) ||
	    mprotect(b->addr + 300 * T_PAGE, T_PAGE, PROT_READ | PROT_WRITE))
		t_die("mprotect: %s", strerror(errno));
}

static void discard(struct t_buf *b)
{
	look(b);
	if (madvise(b->addr, b->len, MADV_DONTNEED))
		t_die("madvise(MADV_DONTNEED): %s", strerror(errno));
	memset(t_shadow(b, 0), 0, b->len);
}

/* With memory in small pieces the kernel says no, and nothing has happened. */
static void collapse(struct t_buf *b)
{
	madvise(b->addr, T_HUGE, MADV_HUGEPAGE);
	if (madvise(b->addr, T_HUGE, MADV_COLLAPSE))
		t_skip_case("madvise(MADV_COLLAPSE): %s", strerror(errno));
	else
		t_check(huge_kib(b->addr) > 0,
			"expected huge pages after MADV_COLLAPSE, seen none");
	look(b);
}

static void collapse_and_discard(struct t_buf *b)
{
	collapse(b);
	discard_page(b);
}

static void told(const char *name)
{
	printf("%s: huge pages in %u of %u cases\n", name, huge, tried);
	huge = 0;
	tried = 0;
}

int main(void)
{
	static const struct {
		const char *name;
		void (*event)(struct t_buf *b);
		void (*make)(struct t_buf *b);
		bool drops;
	} events[] = {
		{ "huge pages", nothing, make_huge, false },
		{ "one page of a huge page discarded", discard_page, make_huge, false },
		{ "one page of a huge page read-only and back", protect_page, make_huge, false },
		{ "a huge page discarded", discard, make_huge, true },
		{ "MADV_COLLAPSE", collapse, make_small, false },
		{ "MADV_COLLAPSE and one page discarded", collapse_and_discard, make_small, false },
	};
	unsigned int i, any = 0;
	struct t_dev d;

	t_start(90);
	d = t_dev_open();
	t_need_odp(&d);
	for (i = 0; i < T_ARRAY_SIZE(events); i++) {
		t_memory_event(&d, &(struct t_memory){
			.name = events[i].name, .event = events[i].event,
			.drops = events[i].drops, .make = events[i].make, .huge = true,
		});
		any += huge;
		told(events[i].name);
	}
	if (!any)
		t_skip("the kernel gave no huge pages: nothing was shown");
	t_dev_close(&d);
	return t_finish();
}
