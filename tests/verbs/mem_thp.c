// SPDX-License-Identifier: GPL-2.0
/*
 * Description: huge pages: the device uses 2 MiB pages, pages that MADV_COLLAPSE joins after it
 * used them one by one, and huge pages that are split under it by a partial discard or
 * protection, with the data in place. A page that it has read does not let it write where the
 * process may not, nor where a child shares the page.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "t_memory.h"
#include "t_peer.h"

/* What is in a huge page, what the device writes, and where: a message of one packet. */
#define OLD	0x3a
#define NEW	0xc5
#define PLACE	(9 * T_PAGE)
#define LEN	1000

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

/* How often there were huge pages when the event came, or after it for one that makes them. */
static unsigned int huge, tried;

static void look(const struct t_buf *b)
{
	tried++;
	huge += t_huge_kib(b->addr) > 0;
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

/* On fragmented memory the kernel refuses, and nothing has changed. */
static void collapse(struct t_buf *b)
{
	madvise(b->addr, T_HUGE, MADV_HUGEPAGE);
	if (madvise(b->addr, T_HUGE, MADV_COLLAPSE))
		t_skip_case("madvise(MADV_COLLAPSE): %s", strerror(errno));
	else
		t_check(t_huge_kib(b->addr) > 0,
			"expected huge pages after MADV_COLLAPSE, seen none");
	look(b);
}

static void collapse_and_discard(struct t_buf *b)
{
	collapse(b);
	discard_page(b);
}

/* One side of huge memory that the device knows, and a place for what it moves. */
struct huge_side {
	struct t_pair p;
	struct t_buf l;
	struct ibv_mr *mr;
	char *mem;
};

/* False when the kernel gave no huge page. */
static bool huge_open(struct huge_side *h, struct t_dev *d, enum t_kind kind)
{
	h->mem = t_mmap_huge_aligned(T_HUGE);
	madvise(h->mem, T_HUGE, MADV_HUGEPAGE);
	memset(h->mem, OLD, T_HUGE);
	t_pair_open(&h->p, d, NULL);
	t_buf_open(&h->l, h->p.a.pd, T_PINNED, T_PAGE, T_ACCESS_ALL);
	h->mr = t_reg(h->p.b.pd, kind, h->mem, T_HUGE, T_ACCESS_ALL);
	return t_huge_kib(h->mem) > 0;
}

static void huge_close(struct huge_side *h)
{
	t_dereg(h->mr);
	t_buf_close(&h->l);
	t_pair_close(&h->p);
	munmap(h->mem, T_HUGE);
}

/* Moves LEN bytes of the page at PLACE. */
static void access_place(struct huge_side *h, enum ibv_wr_opcode op, enum ibv_wc_status status)
{
	struct ibv_sge s = t_sge(&h->l, 0, LEN);
	struct ibv_send_wr wr = t_send_wr(op, 1, &s, 1, (uintptr_t)h->mem + PLACE, h->mr->rkey);

	t_post(&h->p.a, &wr);
	t_expect_wc(t_op_name(op), h->p.a.scq, 1, status, NULL);
}

/* A READ brings in the huge page as the CPU has it, which is read-only. */
static void read_place(struct huge_side *h)
{
	memset(h->l.addr, 0, LEN);
	access_place(h, IBV_WR_RDMA_READ, IBV_WC_SUCCESS);
	t_all_bytes("what was read", h->l.addr, OLD, LEN);
	memset(h->l.addr, NEW, LEN);
}

static void written(const struct huge_side *h)
{
	t_all_bytes("before what was written", h->mem, OLD, PLACE);
	t_all_bytes("what was written", h->mem + PLACE, NEW, LEN);
	t_all_bytes("after what was written", h->mem + PLACE + LEN, OLD, T_HUGE - PLACE - LEN);
}

static void read_only(struct huge_side *h)
{
	read_place(h);
	access_place(h, IBV_WR_RDMA_WRITE, IBV_WC_SUCCESS);
	memset(h->mem, OLD, T_HUGE);
	if (mprotect(h->mem, T_HUGE, PROT_READ))
		t_die("mprotect: %s", strerror(errno));
	read_place(h);
	access_place(h, IBV_WR_RDMA_WRITE, IBV_WC_REM_ACCESS_ERR);
	t_all_bytes("read-only memory", h->mem, OLD, T_HUGE);
	t_pair_recycle(&h->p);
	if (mprotect(h->mem, T_HUGE, PROT_READ | PROT_WRITE))
		t_die("mprotect: %s", strerror(errno));
	read_place(h);
	access_place(h, IBV_WR_RDMA_WRITE, IBV_WC_SUCCESS);
	written(h);
}

struct child {
	struct t_meet *meet;
	const char *mem;
};

static int child(void *arg)
{
	const struct child *c = arg;

	t_case("child process");
	t_meet_at(c->meet, 1, 1);
	/* The parent's device writes between these two. */
	t_meet_at(c->meet, 1, 2);
	t_all_bytes("child's memory", c->mem, OLD, T_HUGE);
	return t_finish();
}

static void forked(struct huge_side *h)
{
	struct child c = { .meet = t_meet_new(), .mem = h->mem };
	pid_t pid;

	read_place(h);
	pid = t_fork(child, &c);
	t_meet_at(c.meet, 0, 1);
	read_place(h);
	access_place(h, IBV_WR_RDMA_WRITE, IBV_WC_SUCCESS);
	written(h);
	t_meet_at(c.meet, 0, 2);
	t_wait(pid, "child");
	written(h);
	munmap(c.meet, sizeof(*c.meet));
}

/* The device has a huge page for reading when it is to write. */
static void read_first(struct t_dev *d, const char *name, void (*run)(struct huge_side *h))
{
	struct huge_side h;
	enum t_kind kind;

	for (kind = T_ODP; kind < T_KINDS; kind++) {
		t_case("%s, read before it is written, %s", name, t_kind_name(kind));
		if (!t_kind_ok(d, kind, IBV_WR_RDMA_READ))
			continue;
		if (huge_open(&h, d, kind))
			run(&h);
		else
			t_skip_case("the kernel gave no huge page");
		huge_close(&h);
	}
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
	read_first(&d, "mprotect read-only", read_only);
	read_first(&d, "fork", forked);
	if (!any)
		t_skip("the kernel gave no huge pages: nothing was shown");
	t_dev_close(&d);
	return t_finish();
}
