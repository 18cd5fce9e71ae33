// SPDX-License-Identifier: GPL-2.0
/*
 * Description: regions over hugetlb pages and over a memfd: every verb at odd offsets and over
 * page crossings, before and after the pages were discarded, unmapped, or taken from the file.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "t_memory.h"

#define REGION	(2 * T_HUGE)
#define POOL	"/proc/sys/vm/nr_hugepages"
#define PAGES	8

static void use(struct t_pair *p, struct t_buf *l, struct t_buf *r)
{
	static const enum ibv_wr_opcode ops[] = {
		IBV_WR_RDMA_WRITE, IBV_WR_RDMA_READ, IBV_WR_SEND, IBV_WR_ATOMIC_FETCH_AND_ADD,
	};
	unsigned int i, j;

	for (i = 0; i < T_ARRAY_SIZE(ops); i++) {
		for (j = 0; j < 20; j++) {
			bool atomic = t_is_atomic(ops[i]);

			t_do(p, &(struct t_op){
				.opcode = ops[i], .l = l, .r = r, .loff = j * 100003 + 1,
				.roff = atomic ? j * 80000 : T_HUGE - 1000 + j * 57,
				.len = atomic ? 8 : 1 + j * 9001, .compare_add = 5 });
		}
	}
	t_buf_check_all("initiator side memory", l);
	t_buf_check_all("target side memory", r);
}

/* The registered part of the buffer becomes a mapping of another kind. */
static bool remap(struct t_buf *b, int flags, int fd)
{
	memset(b, 0, sizeof(*b));
	b->len = REGION;
	b->map_len = REGION + 2 * T_GUARD;
	b->map = (char *)t_mmap_huge_aligned(REGION + 2 * T_HUGE) + T_HUGE - T_GUARD;
	b->addr = b->map + T_GUARD;
	b->iova = (uintptr_t)b->addr;
	b->shadow = t_mmap(b->map_len);
	if (mmap(b->addr, REGION, PROT_READ | PROT_WRITE, flags | MAP_FIXED, fd, 0) != b->addr) {
		t_skip_case("mmap: %s", strerror(errno));
		return false;
	}
	t_buf_fill(b, 5);
	return true;
}

static void one(struct t_pair *p, enum t_kind kind, int side, int flags, int fd)
{
	struct t_buf x, y, *l = side ? &y : &x, *r = side ? &x : &y;

	if (!remap(&x, flags, fd))
		return;
	t_buf_reg(&x, side ? p->b.pd : p->a.pd, kind, T_ACCESS_ALL);
	t_buf_open(&y, side ? p->a.pd : p->b.pd, T_PINNED, REGION, T_ACCESS_ALL);
	use(p, l, r);
	if (kind != T_PINNED && !madvise(x.addr + T_HUGE, T_HUGE, fd < 0 ? MADV_DONTNEED :
					 MADV_REMOVE)) {
		memset(t_shadow(&x, T_HUGE), 0, T_HUGE);
		use(p, l, r);
	}
	t_buf_close(&y);
	t_dereg(x.mr);
	munmap(x.map + T_GUARD - T_HUGE, REGION + 2 * T_HUGE);
	munmap(x.shadow, x.map_len);
}

#define EVENT_LEN	(2 * T_HUGE)

static int file = -1;

/* Over the registered part and what follows up to the end of its second huge page. */
static void map_huge(struct t_buf *b, int flags)
{
	if (mmap(b->addr, EVENT_LEN, PROT_READ | PROT_WRITE, flags | MAP_FIXED, file, 0) != b->addr)
		t_die("mmap of hugetlb pages: %s", strerror(errno));
}

static void make_private(struct t_buf *b)
{
	map_huge(b, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB);
}

static void make_shared(struct t_buf *b)
{
	file = memfd_create("pinless", MFD_CLOEXEC | MFD_HUGETLB);
	if (file < 0 || ftruncate(file, EVENT_LEN))
		t_die("memfd of hugetlb pages: %s", strerror(errno));
	map_huge(b, MAP_SHARED);
}

/* What is behind the registered part goes with it. */
static void zero(struct t_buf *b)
{
	memset(t_shadow(b, 0), 0, b->map_len - T_GUARD);
}

static void discard(struct t_buf *b)
{
	if (madvise(b->addr, EVENT_LEN, MADV_DONTNEED))
		t_die("madvise(MADV_DONTNEED): %s", strerror(errno));
	zero(b);
}

static void punch(struct t_buf *b)
{
	if (fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, EVENT_LEN))
		t_die("fallocate(FALLOC_FL_PUNCH_HOLE): %s", strerror(errno));
	zero(b);
}

static void map_again(struct t_buf *b)
{
	map_huge(b, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB);
	zero(b);
}

static void take_away(struct t_buf *b)
{
	if (munmap(b->addr, EVENT_LEN))
		t_die("munmap: %s", strerror(errno));
}

static void end_file(struct t_buf *b)
{
	(void)b;
	close(file);
	file = -1;
}

static unsigned int reserved(void)
{
	unsigned int n = 0;
	FILE *f = fopen(POOL, "r");

	if (!f || fscanf(f, "%u", &n) != 1)
		t_skip("%s: this kernel has no hugetlb pages", POOL);
	fclose(f);
	return n;
}

/* Every verb, at either side, in explicit and implicit regions. */
static void events(struct t_dev *d)
{
	t_memory_event(d, &(struct t_memory){
		.name = "hugetlb, MADV_DONTNEED", .event = discard, .make = make_private,
		.drops = true, .huge = true,
	});
	t_memory_event(d, &(struct t_memory){
		.name = "hugetlb, munmap", .event = take_away, .make = make_private,
		.refuse = T_REFUSE_ALL, .restore = map_again, .drops = true, .huge = true,
	});
	t_memory_event(d, &(struct t_memory){
		.name = "hugetlb memfd, hole", .event = punch, .make = make_shared,
		.done = end_file, .drops = true, .huge = true,
	});
}

int main(void)
{
	struct t_pair p;
	struct t_dev d;
	unsigned int pool;
	int k, side, fd;

	t_start(90);
	t_need_root();
	d = t_dev_open();
	t_need_odp(&d);
	if (d.rxe)
		t_skip("odd offsets corrupt data on soft-RoCE: see data_write");
	pool = reserved();
	t_run("echo %u > " POOL, pool + PAGES);
	if (reserved() < pool + PAGES) {
		t_run("echo %u > " POOL, pool);
		t_skip("no %d huge pages could be reserved: memory is in small pieces", PAGES);
	}
	events(&d);
	t_pair_open(&p, &d, NULL);
	for (k = 0; k < T_KINDS; k++) {
		if (!t_kind_ok(&d, k, IBV_WR_RDMA_WRITE))
			continue;
		for (side = 0; side < 2; side++) {
			t_case("hugetlb, %s, at the %s", t_kind_name(k),
			       side ? "target" : "initiator");
			one(&p, k, side, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1);
			t_case("memfd, %s, at the %s", t_kind_name(k),
			       side ? "target" : "initiator");
			fd = memfd_create("pinless", 0);
			if (fd < 0 || ftruncate(fd, REGION))
				t_die("memfd: %s", strerror(errno));
			one(&p, k, side, MAP_SHARED, fd);
			close(fd);
		}
	}
	t_pair_close(&p);
	t_run("echo %u > " POOL, pool);
	t_dev_close(&d);
	return t_finish();
}
