// SPDX-License-Identifier: GPL-2.0
/* Copyright (c) 2026 The pinless authors */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "t_mem.h"

void t_pattern(void *p, size_t len, uint32_t seed)
{
	uint32_t base = seed * 0x9e3779b1u;
	unsigned char *c = p;
	size_t i;

	for (i = 0; i < len; i++)
		c[i] = (((uint32_t)i ^ base) * 2654435761u) >> 23;
}

bool t_bytes(const char *what, const void *seen, const void *expected, size_t len)
{
	const unsigned char *s = seen, *e = expected;
	size_t i, first = len, last = 0, n = 0;

	if (!memcmp(s, e, len))
		return t_check(true, "%s", what);
	for (i = 0; i < len; i++) {
		if (s[i] == e[i])
			continue;
		if (!n++)
			first = i;
		last = i;
	}
	return t_check(false,
		       "%s: %zu of %zu bytes wrong, from byte %zu to %zu; byte %zu: expected 0x%02x, seen 0x%02x",
		       what, n, len, first, last, first, e[first], s[first]);
}

bool t_all_bytes(const char *what, const void *seen, int value, size_t len)
{
	const unsigned char *s = seen;
	size_t i;

	for (i = 0; i < len; i++) {
		if (s[i] != (unsigned char)value)
			return t_check(false, "%s: byte %zu of %zu: expected 0x%02x, seen 0x%02x",
				       what, i, len, (unsigned char)value, s[i]);
	}
	return t_check(true, "%s", what);
}

void *t_mmap(size_t len)
{
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		t_die("mmap of %zu bytes: %s", len, strerror(errno));
	return p;
}

void *t_mmap_huge_aligned(size_t len)
{
	char *p = t_mmap(len + T_HUGE);
	uintptr_t start = ((uintptr_t)p + T_HUGE - 1) & ~(T_HUGE - 1);
	char *a = (char *)start;

	if (a > p)
		munmap(p, a - p);
	munmap(a + len, p + T_HUGE - a);
	return a;
}

long t_huge_kib(const void *addr)
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

struct ibv_mr *t_try_reg(struct ibv_pd *pd, enum t_kind kind, void *addr,
			 size_t len, int access)
{
	if (kind == T_IMPLICIT)
		return ibv_reg_mr(pd, NULL, SIZE_MAX, access | IBV_ACCESS_ON_DEMAND);
	if (kind == T_ODP)
		access |= IBV_ACCESS_ON_DEMAND;
	return ibv_reg_mr(pd, addr, len, access);
}

struct ibv_mr *t_reg(struct ibv_pd *pd, enum t_kind kind, void *addr,
		     size_t len, int access)
{
	struct ibv_mr *mr = t_try_reg(pd, kind, addr, len, access);

	if (!mr)
		t_die("register %s region, %zu bytes, access 0x%x: %s%s", t_kind_name(kind),
		      len, access, strerror(errno),
		      errno == ENOMEM ? " (locked-memory limit? ulimit -l unlimited)" : "");
	return mr;
}

void t_dereg(struct ibv_mr *mr)
{
	int rc = ibv_dereg_mr(mr);

	if (rc)
		t_fail("ibv_dereg_mr: expected success, seen error %d (%s)", rc, strerror(rc));
}

void t_buf_map(struct t_buf *b, size_t len)
{
	memset(b, 0, sizeof(*b));
	b->len = len;
	b->map_len = ((len + T_PAGE - 1) & ~(T_PAGE - 1)) + 2 * T_GUARD;
	b->map = t_mmap(b->map_len);
	b->addr = b->map + T_GUARD;
	b->iova = (uintptr_t)b->addr;
	b->shadow = calloc(1, b->map_len);
	if (!b->shadow)
		t_die("no memory for a shadow of %zu bytes", b->map_len);
}

void t_buf_reg(struct t_buf *b, struct ibv_pd *pd, enum t_kind kind, int access)
{
	b->kind = kind;
	b->mr = t_reg(pd, kind, b->addr, b->len, access);
}

void t_buf_open(struct t_buf *b, struct ibv_pd *pd, enum t_kind kind, size_t len,
		int access)
{
	static uint32_t seed;

	t_buf_map(b, len);
	t_buf_fill(b, ++seed);
	t_buf_reg(b, pd, kind, access);
}

void t_buf_close(struct t_buf *b)
{
	if (b->mr)
		t_dereg(b->mr);
	munmap(b->map, b->map_len);
	free(b->shadow);
	memset(b, 0, sizeof(*b));
}

void t_buf_fill(struct t_buf *b, uint32_t seed)
{
	t_pattern(b->shadow, b->map_len, seed);
	memcpy(b->map, b->shadow, b->map_len);
}

static bool check_span(const char *what, struct t_buf *b, size_t from, size_t to)
{
	char text[192];

	if (!memcmp(b->map + from, b->shadow + from, to - from))
		return t_check(true, "%s", what);
	snprintf(text, sizeof(text), "%s (%s region at offset %zd)", what, t_kind_name(b->kind),
		 (ssize_t)from - T_GUARD);
	t_bytes(text, b->map + from, b->shadow + from, to - from);
	memcpy(b->shadow + from, b->map + from, to - from);
	return false;
}

bool t_buf_check(const char *what, struct t_buf *b, size_t off, size_t len)
{
	size_t from = T_GUARD + off - T_WINDOW, to = T_GUARD + off + len + T_WINDOW;

	return check_span(what, b, from, to < b->map_len ? to : b->map_len);
}

bool t_buf_check_all(const char *what, struct t_buf *b)
{
	return check_span(what, b, 0, b->map_len);
}
