// SPDX-License-Identifier: GPL-2.0
/* Copyright (c) 2026 The pinless authors */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "t_counters.h"
#include "t_debug.h"
#include "t_memory.h"

/* Zero allows one packet on any path MTU. */
#define SMALL	1000
#define LARGE	(5 * T_PAGE + 77)

static const enum ibv_wr_opcode verbs[] = {
	IBV_WR_RDMA_WRITE, IBV_WR_RDMA_READ, IBV_WR_SEND, IBV_WR_ATOMIC_FETCH_AND_ADD,
};

/* The first, an inner and the last page, and both sides of a 2 MiB boundary where there is one. */
static const size_t pages[] = { 0, 7, 300, 511, 512, T_MEMORY_PAGES - 1 };

static int needed(enum ibv_wr_opcode op, bool at_target)
{
	if (t_is_atomic(op))
		return at_target ? T_REFUSE_ALL : T_REFUSE_WRITE;
	if (op == IBV_WR_RDMA_READ)
		return at_target ? T_REFUSE_READ : T_REFUSE_WRITE;
	return at_target ? T_REFUSE_WRITE : T_REFUSE_READ;
}

static void access_all(struct t_pair *p, enum ibv_wr_opcode op, struct t_buf *l, struct t_buf *r)
{
	unsigned int i;

	for (i = 0; i < T_ARRAY_SIZE(pages); i++) {
		struct t_op o = { .opcode = op, .l = l, .r = r, .loff = pages[i] * T_PAGE,
				  .roff = pages[T_ARRAY_SIZE(pages) - 1 - i] * T_PAGE, .len = SMALL,
				  .compare_add = 0x0102030405060708ULL };

		if (t_is_atomic(op))
			o.len = 8;
		if (!t_do(p, &o))
			return;
	}
	if (!p->a.d->rxe && !t_is_atomic(op))
		t_do(p, &(struct t_op){ .opcode = op, .l = l, .r = r, .loff = 20 * T_PAGE + 5,
					.roff = 509 * T_PAGE + 3001, .len = LARGE });
}

/* An access that must be refused, with the statuses of its side. */
static void refused(struct t_pair *p, enum ibv_wr_opcode op, struct t_buf *l, struct t_buf *r,
		    bool at_target, size_t page)
{
	size_t off = page * T_PAGE, len = t_is_atomic(op) ? 8 : SMALL;
	struct ibv_sge s = t_sge(l, off, len), rs = t_sge(r, off, len);
	struct ibv_send_wr wr = t_send_wr(op, 1, &s, 1, r->iova + off, r->mr->rkey);

	if (op == IBV_WR_SEND)
		t_post_recv(&p->b, 77, &rs, 1);
	if (!at_target)
		t_expect_error(p, &wr, IBV_WC_LOC_PROT_ERR, -1, -1);
	else if (op == IBV_WR_SEND)
		t_expect_error(p, &wr, IBV_WC_REM_OP_ERR, IBV_WC_LOC_PROT_ERR, -1);
	else
		t_expect_error(p, &wr, IBV_WC_REM_ACCESS_ERR, -1, -1);
}

/*
 * Address space that is mapped on request only: by itself the kernel places mappings next to the
 * stack, or above a third of the address space.
 */
#define FAR_AWAY	(1ULL << 44)
#define STRIDE		(64ULL << 20)

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

static char *far_map(size_t len)
{
	static uint64_t place = FAR_AWAY;
	char *p = MAP_FAILED;

	if (sizeof(void *) == 8)
		p = mmap((void *)(uintptr_t)place, len, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	place += STRIDE;
	if (p != MAP_FAILED)
		return p;
	/* That place is beyond a smaller address space. */
	return t_mmap_huge_aligned(len);
}

/* As t_buf_fill(), from one pattern that is made once: each seed begins at another byte of it. */
static void fill(struct t_buf *b, uint32_t seed)
{
	static char *all;

	if (!all) {
		all = t_mmap(b->map_len + T_PAGE);
		t_pattern(all, b->map_len + T_PAGE, 1);
	}
	memcpy(b->shadow, all + seed * 61 % T_PAGE, b->map_len);
	memcpy(b->map, b->shadow, b->map_len);
}

/* From 2 MiB before the registered part to the first 2 MiB boundary behind it. */
static size_t whole(const struct t_buf *b)
{
	return T_HUGE + ((b->len + T_GUARD + T_HUGE - 1) & ~(T_HUGE - 1));
}

/* At a 2 MiB boundary, so that figures are exact on every system. */
static void open_buf(struct t_buf *b, struct ibv_pd *pd, enum t_kind kind, uint32_t seed,
		     void (*make)(struct t_buf *b))
{
	size_t len = T_MEMORY_PAGES * T_PAGE;

	memset(b, 0, sizeof(*b));
	b->len = len;
	b->map_len = len + 2 * T_GUARD;
	b->map = far_map(whole(b)) + T_HUGE - T_GUARD;
	b->addr = b->map + T_GUARD;
	b->iova = (uintptr_t)b->addr;
	b->shadow = malloc(b->map_len);
	if (!b->shadow)
		t_die("no memory for a shadow");
	if (make)
		make(b);
	fill(b, seed);
	t_buf_reg(b, pd, kind, T_ACCESS_ALL);
}

static void close_buf(struct t_buf *b)
{
	char *start = b->map + T_GUARD - T_HUGE;

	t_dereg(b->mr);
	munmap(start, whole(b));
	free(b->shadow);
}

static bool counters(struct t_buf *b, struct t_counters *c)
{
	/* Only root may read them. */
	return t_check(t_counters_read(b->mr, c) || geteuid(),
		       "the region's counters: expected to be there, seen none") && !geteuid();
}

/* What the kernel may do of its own accord, counted for the whole device. */
struct own_accord {
	/* Pages that the device has forgotten because the kernel needed memory. */
	uint64_t shrunk;
	/* Pages that it may now only read: write-back write-protects them. */
	uint64_t protected;
};

static struct own_accord own_accord(const struct t_dev *d)
{
	struct own_accord o = {};

	if (d->pinless) {
		o.shrunk = t_port_counter(d, "odp_shrunk");
		o.protected = t_port_counter(d, "odp_inval_protect_page");
	}
	return o;
}

/*
 * Every page that was counted in is counted out exactly once; the kernel may have invalidated some
 * before the event, which then had to be faulted again. Pages that the shrinker dropped are no
 * invalidations: if there were any, the figures cannot be compared. Write protection by write-back
 * is no invalidation either, but the next write faults again.
 */
static void expect_dropped(const struct t_dev *d, struct t_buf *b, struct t_counters *c,
			   const struct own_accord *before, bool huge)
{
	struct own_accord now;
	uint64_t n, again;

	if (!counters(b, c))
		return;
	now = own_accord(d);
	n = now.shrunk - before->shrunk;
	if (n) {
		t_skip_case("page_invalidations not compared: the kernel has taken %llu pages back",
			    (unsigned long long)n);
		return;
	}
	again = now.protected - before->protected;
	t_check(c->faults && c->invalidations && c->invalidations + again >= c->faults &&
			(huge || c->invalidations <= c->faults),
		"after the event: expected page_invalidations to be page_faults (%llu, not 0)%s, seen %llu, and %llu pages made read-only",
		(unsigned long long)c->faults, huge ? " or more" : "",
		(unsigned long long)c->invalidations, (unsigned long long)again);
}

static void expect_faulted(struct t_buf *b, const struct t_counters *before, bool huge)
{
	struct t_counters c;

	if (!counters(b, &c))
		return;
	t_check(c.faults > before->faults,
		"accesses after the event: expected page_faults to grow, seen %llu before and after",
		(unsigned long long)c.faults);
	t_check(huge || c.faults > c.invalidations,
		"accesses after the event: expected pages with the device, seen page_faults %llu and page_invalidations %llu",
		(unsigned long long)c.faults, (unsigned long long)c.invalidations);
}

/* With other data on the other side: the same once more would not show what did not arrive. */
static void access_anew(struct t_pair *p, enum ibv_wr_opcode op, struct t_buf *l, struct t_buf *r,
			bool at_target)
{
	static uint32_t seed = 1000;

	fill(at_target ? l : r, ++seed);
	access_all(p, op, l, r);
}

static void after_event(struct t_pair *p, const struct t_memory *m, enum ibv_wr_opcode op,
			struct t_buf *l, struct t_buf *r, bool at_target)
{
	struct t_buf *b = at_target ? r : l;

	if (m->refuse & needed(op, at_target)) {
		refused(p, op, l, r, at_target, 0);
		refused(p, op, l, r, at_target, T_MEMORY_PAGES - 1);
	} else {
		access_anew(p, op, l, r, at_target);
	}
	if (m->restore) {
		m->restore(b);
		access_anew(p, op, l, r, at_target);
	}
	if (m->restore || !(m->refuse & T_REFUSE_READ)) {
		t_buf_check_all("memory with the event", b);
		/* The other side must be untouched. */
		t_buf_check_all("memory of the other side", at_target ? l : r);
	}
}

static void one(struct t_pair *p, const struct t_memory *m, enum ibv_wr_opcode op,
		enum t_kind kind, bool at_target)
{
	/* Other drivers may count invalidations differently. */
	bool counted = m->drops && p->a.d->pinless;
	struct t_counters c = {};
	struct t_buf l, r, *b = at_target ? &r : &l;
	struct own_accord before = own_accord(p->a.d);
	static uint32_t seed;

	t_case("%s, %s, %s region of the %s", m->name, t_op_name(op), t_kind_name(kind),
	       at_target ? "target" : "initiator");
	open_buf(&l, p->a.pd, at_target ? T_PINNED : kind, ++seed, at_target ? NULL : m->make);
	open_buf(&r, p->b.pd, at_target ? kind : T_PINNED, ++seed, at_target ? m->make : NULL);
	access_all(p, op, &l, &r);
	m->event(b);
	if (counted)
		expect_dropped(p->a.d, b, &c, &before, m->huge);
	after_event(p, m, op, &l, &r, at_target);
	if (counted && (m->restore || !(m->refuse & needed(op, at_target))))
		expect_faulted(b, &c, m->huge);
	if (m->done)
		m->done(b);
	close_buf(&l);
	close_buf(&r);
}

void t_memory_event(struct t_dev *d, const struct t_memory *m)
{
	struct t_pair p;
	unsigned int i, kind;

	prctl(PR_SET_THP_DISABLE, !m->huge, 0, 0, 0);
	t_pair_open(&p, d, NULL);
	for (kind = T_ODP; kind <= T_IMPLICIT; kind++) {
		for (i = 0; i < T_ARRAY_SIZE(verbs); i++) {
			if (!t_kind_ok(d, kind, verbs[i]))
				continue;
			one(&p, m, verbs[i], kind, true);
			one(&p, m, verbs[i], kind, false);
		}
	}
	t_pair_close(&p);
}

int t_memory_main(unsigned int seconds, const struct t_memory *events, unsigned int nr)
{
	struct t_dev d;
	unsigned int i;

	t_start(seconds);
	d = t_dev_open();
	t_need_odp(&d);
	for (i = 0; i < nr; i++)
		t_memory_event(&d, &events[i]);
	t_dev_close(&d);
	return t_finish();
}

#define SWAP_FILE "/var/tmp/pinless-test-swap"

static const char *swap_made;

/*
 * A file before zram: a page that came back from it stays clean beside its copy, so that reclaim may
 * drop it; zram keeps no copy, and hides writes that made nothing dirty.
 */
void t_swap_on(void)
{
	if (geteuid())
		t_skip("only root can add swap");
	t_run("swapoff " SWAP_FILE);
	if (!t_run("rm -f " SWAP_FILE " && fallocate -l 96M " SWAP_FILE " && chmod 600 " SWAP_FILE
		   " && mkswap " SWAP_FILE " && swapon -p 32000 " SWAP_FILE)) {
		swap_made = "swapoff " SWAP_FILE " && rm -f " SWAP_FILE;
		return;
	}
	t_run("rm -f " SWAP_FILE);
	if (t_run("modprobe zram num_devices=1 && echo 256M > /sys/block/zram0/disksize && "
		  "mkswap /dev/zram0 && swapon -p 32000 /dev/zram0"))
		t_skip("neither a swap file in /var/tmp nor zram could be set up");
	swap_made = "swapoff /dev/zram0 && echo 1 > /sys/block/zram0/reset";
}

void t_swap_off(void)
{
	if (swap_made)
		t_run("%s", swap_made);
	swap_made = NULL;
}

size_t t_swapped_pages(const void *addr, size_t len)
{
	size_t first = (uintptr_t)addr / T_PAGE, n = len / T_PAGE, i, swapped = 0;
	int fd = open("/proc/self/pagemap", O_RDONLY);
	uint64_t e;

	if (fd < 0)
		return 0;
	for (i = 0; i < n; i++) {
		if (pread(fd, &e, 8, (first + i) * 8) == 8 && (e >> 62 & 1))
			swapped++;
	}
	close(fd);
	return swapped;
}
