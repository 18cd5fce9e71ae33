// SPDX-License-Identifier: GPL-2.0
/* Copyright (c) 2026 The pinless authors */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "t_storm.h"

#ifndef MADV_COLD
#define MADV_COLD 20
#endif
#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif
#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

#define RW	(PROT_READ | PROT_WRITE)
#define ANON	(MAP_PRIVATE | MAP_ANONYMOUS)

/* Most chunks of an event that needs exclusive use of them. */
#define MAX_TAKEN	4
/* Below the memory, where mappings are moved to for a while. */
#define AWAY		(256UL << 20)
/* Far below everything else that a process of this architecture maps. */
#define LOWEST		(64UL << 30)

/* The memory of an event, chosen at random. */
struct spot {
	struct t_chunk *chunk;
	unsigned int n;
	char *at;
	size_t len;
};

/* A failure leaves the memory half replaced: there is no going on. */
static void must(bool ok, const char *what)
{
	if (!ok)
		t_die("%s: %s", what, strerror(errno));
}

static bool dontneed(struct t_storm *s, struct spot *p)
{
	(void)s;
	return !madvise(p->at, p->len, MADV_DONTNEED);
}

static bool map_over(struct t_storm *s, struct spot *p)
{
	(void)s;
	must(mmap(p->at, p->len, RW, ANON | MAP_FIXED, -1, 0) == p->at, "mmap over memory");
	return true;
}

/* Pages that are clean from here on are thrown away by reclaim, unless they are written again. */
static bool lazy_free(struct t_storm *s, struct spot *p)
{
	if (madvise(p->at, p->len, MADV_FREE))
		return false;
	if (t_rand(&s->seed) & 1)
		t_sleep_ms(1);
	madvise(p->at, p->len, MADV_PAGEOUT);
	return true;
}

static bool unmap(struct t_storm *s, struct spot *p)
{
	must(!munmap(p->at, p->len), "munmap");
	if (t_rand(&s->seed) & 1)
		t_sleep_ms(1);
	must(mmap(p->at, p->len, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0) == p->at,
	     "mmap where memory was unmapped");
	return true;
}

static bool move(struct t_storm *s, struct spot *p)
{
	int how = MREMAP_MAYMOVE | MREMAP_FIXED;
	char *to = s->mem - AWAY + s->thread * 2 * MAX_TAKEN * T_CHUNK;

	/* Fails where the range is of several mappings. */
	if (mremap(p->at, p->len, p->len, how, to) != to)
		return false;
	if (t_rand(&s->seed) & 1)
		t_sleep_ms(1);
	must(mremap(to, p->len, p->len, how, p->at) == p->at, "mremap back");
	return true;
}

static bool protect(struct t_storm *s, struct spot *p, int prot)
{
	must(!mprotect(p->at, p->len, prot), "mprotect");
	if (t_rand(&s->seed) & 1)
		t_sleep_ms(1);
	must(!mprotect(p->at, p->len, RW), "mprotect back");
	return true;
}

static bool no_access(struct t_storm *s, struct spot *p)
{
	return protect(s, p, PROT_NONE);
}

static bool readonly(struct t_storm *s, struct spot *p)
{
	return protect(s, p, PROT_READ);
}

/* No access may fail meanwhile. */
static bool executable(struct t_storm *s, struct spot *p)
{
	return protect(s, p, RW | PROT_EXEC);
}

static bool pageout(struct t_storm *s, struct spot *p)
{
	(void)s;
	return !madvise(p->at, p->len, MADV_PAGEOUT);
}

static bool cold(struct t_storm *s, struct spot *p)
{
	(void)s;
	return !madvise(p->at, p->len, MADV_COLD);
}

static bool collapse(struct t_storm *s, struct spot *p)
{
	uintptr_t at = ((uintptr_t)p->at + T_HUGE - 1) & ~(T_HUGE - 1);

	if (at + T_HUGE > (uintptr_t)s->mem + s->chunks * T_CHUNK)
		at -= T_HUGE;
	return !madvise((void *)at, T_HUGE, MADV_COLLAPSE);
}

static bool mergeable(struct t_storm *s, struct spot *p)
{
	return !madvise(p->at, p->len, t_rand(&s->seed) % 3 ? MADV_MERGEABLE : MADV_UNMERGEABLE);
}

static uint64_t sum(const struct spot *p)
{
	const uint64_t *w = (const uint64_t *)p->at;
	uint64_t x = 0;
	size_t i;

	for (i = 0; i < p->len / 8; i++)
		x = (x << 7 | x >> 57) ^ w[i];
	return x;
}

/* The child's memory is private: no other process writes to it or sees what it writes. */
static int child(const struct spot *p, unsigned int ms)
{
	uint64_t before = sum(p);
	size_t i;

	t_sleep_ms(ms);
	if (sum(p) != before)
		return 3;
	memset(p->at, 0xdb, p->len);
	t_sleep_ms(ms);
	for (i = 0; i < p->len; i++) {
		if ((unsigned char)p->at[i] != 0xdb)
			return 4;
	}
	return 0;
}

static bool forked(struct t_storm *s, struct spot *p)
{
	unsigned int ms = t_rand(&s->seed) % 4;
	pid_t pid = fork();
	int st = 0;

	if (!pid)
		_exit(child(p, ms));
	if (pid < 0)
		return false;
	while (waitpid(pid, &st, 0) < 0 && errno == EINTR)
		;
	t_check(WIFEXITED(st) && !WEXITSTATUS(st), "a child's copy of the memory: %s (wait status 0x%x)",
		!WIFEXITED(st) ? "the child was killed" :
		WEXITSTATUS(st) == 3 ? "changed after the fork" :
		"is not what the child has written", st);
	return true;
}

static bool soft_dirty(struct t_storm *s, struct spot *p)
{
	int fd = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);
	bool ok;

	(void)s;
	(void)p;
	if (fd < 0)
		return false;
	ok = write(fd, "4", 1) == 1;
	close(fd);
	return ok;
}

static const struct {
	const char *name;
	bool (*fn)(struct t_storm *s, struct spot *p);
	/* Relative frequency. */
	unsigned int weight;
	/* The content is lost. */
	bool discards;
	/* Accesses would fail meanwhile, so the chunks must not be in use. */
	bool takes;
} table[T_STORM_EVENTS] = {
	[T_STORM_DONTNEED] = { "MADV_DONTNEED", dontneed, 24, true, false },
	[T_STORM_MAP_OVER] = { "mmap over", map_over, 16, true, false },
	[T_STORM_FREE] = { "MADV_FREE", lazy_free, 12, true, false },
	[T_STORM_UNMAP] = { "munmap+mmap", unmap, 12, true, true },
	[T_STORM_MREMAP] = { "mremap", move, 12, false, true },
	[T_STORM_NO_ACCESS] = { "PROT_NONE", no_access, 6, false, true },
	[T_STORM_READONLY] = { "PROT_READ", readonly, 6, false, true },
	[T_STORM_MPROTECT] = { "mprotect", executable, 12, false, false },
	[T_STORM_PAGEOUT] = { "MADV_PAGEOUT", pageout, 8, false, false },
	[T_STORM_COLD] = { "MADV_COLD", cold, 2, false, false },
	[T_STORM_COLLAPSE] = { "MADV_COLLAPSE", collapse, 2, false, false },
	[T_STORM_MERGEABLE] = { "KSM", mergeable, 4, false, false },
	[T_STORM_FORK] = { "fork", forked, 2, false, false },
	[T_STORM_SOFT_DIRTY] = { "soft-dirty", soft_dirty, 2, false, false },
};

const char *t_storm_name(enum t_storm_event e)
{
	return table[e].name;
}

char *t_storm_map(unsigned int chunks)
{
	size_t len = chunks * T_CHUNK;
	uintptr_t at;
	char *m;

	for (at = LOWEST; at < 2 * LOWEST; at += 1UL << 30) {
		/* So that one chunk lies in two ranges of 2 MiB. */
		m = mmap((void *)(at - T_CHUNK / 2), len, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0);
		if (m == (char *)(at - T_CHUNK / 2))
			return m;
		if (m != MAP_FAILED)
			munmap(m, len);
	}
	t_die("mmap of %zu bytes at 64 GiB and on: %s", len, strerror(errno));
}

static enum t_storm_event choose(uint64_t *seed)
{
	unsigned int all = 0, e, r;

	for (e = 0; e < T_STORM_EVENTS; e++)
		all += table[e].weight;
	r = t_rand(seed) % all;
	for (e = 0; r >= table[e].weight; e++)
		r -= table[e].weight;
	return e;
}

/* Pages anywhere in some chunks; now and then in very many. */
static struct spot somewhere(struct t_storm *s, bool takes)
{
	uint64_t r = t_rand(&s->seed);
	unsigned int max = takes ? MAX_TAKEN : r % 32 ? 8 : s->chunks, first, last;
	struct spot p;

	first = t_rand(&s->seed) % s->chunks;
	p.n = 1 + t_rand(&s->seed) % max;
	if (first + p.n > s->chunks)
		p.n = s->chunks - first;
	p.chunk = &s->chunk[first];
	/* Half of the events are about whole chunks. */
	first = first * T_CHUNK_PAGES + (r & 64 ? 0 : t_rand(&s->seed) % T_CHUNK_PAGES);
	last = (p.chunk - s->chunk + p.n) * T_CHUNK_PAGES;
	if (!(r & 64))
		last -= t_rand(&s->seed) % (p.n > 1 ? T_CHUNK_PAGES : last - first);
	p.at = s->mem + first * T_PAGE;
	p.len = (last - first) * T_PAGE;
	return p;
}

static void discard(struct spot *p, bool end)
{
	unsigned int i;

	for (i = 0; i < p->n; i++)
		t_chunk_discard(&p->chunk[i], end);
}

/* Reserves the chunks, so that no event takes away what another one works on. */
static bool reserve(struct spot *p, bool take, unsigned int *n)
{
	for (*n = 0; *n < p->n; ++*n) {
		if (!(take ? t_chunk_take(&p->chunk[*n]) : t_chunk_use(&p->chunk[*n])))
			return false;
	}
	return true;
}

void t_storm_one(struct t_storm *s)
{
	enum t_storm_event e = choose(&s->seed);
	struct spot p = somewhere(s, table[e].takes);
	bool take = table[e].takes, ok = true;
	unsigned int i, reserved = 0;

	for (i = 0; i < p.n; i++)
		ok &= !table[e].discards || !p.chunk[i].kept;
	if (ok && reserve(&p, take, &reserved)) {
		if (table[e].discards)
			discard(&p, false);
		if (table[e].fn(s, &p))
			__atomic_fetch_add(&s->counts[e], 1, __ATOMIC_RELAXED);
		if (table[e].discards)
			discard(&p, true);
	}
	while (reserved-- > 0) {
		if (take)
			t_chunk_give(&p.chunk[reserved]);
		else
			t_chunk_unuse(&p.chunk[reserved]);
	}
}

void t_storm_bystander(const volatile int *stop, uint64_t seed, uint64_t *rounds)
{
	const uint64_t k = 0x9e3779b97f4a7c15ULL;
	size_t n, i;
	uint64_t *m;

	while (!*stop && !t_failures()) {
		n = (1 + t_rand(&seed) % 512) * T_PAGE / 8;
		m = t_mmap(n * 8);
		for (i = 0; i < n; i++)
			m[i] = ~i * k;
		t_sleep_ms(t_rand(&seed) % 8);
		for (i = 0; i < n && m[i] == ~i * k; i++)
			;
		t_check(i == n, "memory of a process without the device, word %zu of %zu: expected 0x%llx, seen 0x%llx: a stray write",
			i, n, (unsigned long long)(~i * k), (unsigned long long)(i < n ? m[i] : 0));
		munmap(m, n * 8);
		__atomic_fetch_add(rounds, 1, __ATOMIC_RELAXED);
	}
}
