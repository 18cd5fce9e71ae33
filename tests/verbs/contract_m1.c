// SPDX-License-Identifier: GPL-2.0
/*
 * Description: rule M1: one mirror for an address space, found again by the next region, gone
 * after the last one, also when the process dies first.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "t_counters.h"
#include "t_debug.h"
#include "t_peer.h"

#define SIZE	T_HUGE

static struct ibv_mr *region(struct t_pair *p, char *m)
{
	return t_reg(p->b.pd, T_ODP, m, SIZE, T_ACCESS_ALL);
}

/* What one region has brought in is there for the next. */
static void shared(struct t_pair *p, struct t_buf *l)
{
	char *m = t_mmap_huge_aligned(SIZE);
	struct ibv_mr *one, *two;
	struct t_counters c, d;

	t_case("two regions over the same pages");
	madvise(m, SIZE, MADV_NOHUGEPAGE);
	one = region(p, m);
	two = region(p, m);
	if (!t_counters_read(one, &c) || !t_counters_read(two, &d)) {
		t_skip_case("no page counters for regions (CAP_NET_ADMIN)");
	} else {
		t_write_to(p, l, 64, m, one->rkey);
		t_counters_expect("the first region", one, &c, 1, 0, 0);
		t_write_to(p, l, 64, m + 64, two->rkey);
		t_counters_expect("the second region", two, &d, 0, 0, 0);
		t_bytes("both writes", m, l->addr, 64);
		t_bytes("both writes", m + 64, l->addr, 64);
		madvise(m, SIZE, MADV_DONTNEED);
		t_counters_expect("invalidation, first region", one, &c, 0, 1, 0);
		t_counters_expect("invalidation, second region", two, &d, 0, 0, 0);
	}
	t_dereg(one);
	t_dereg(two);
	munmap(m, SIZE);
}

static void counted(struct t_pair *p)
{
	long before = t_debug_get("mirrors");
	struct ibv_mr *mr[3];
	char *m = t_mmap(SIZE);
	int i;

	t_case("regions that come and go");
	for (i = 0; i < 3; i++) {
		mr[i] = region(p, m);
		t_eq("mirrors with some regions", t_debug_get("mirrors"), before + 1);
	}
	t_dereg(mr[0]);
	t_dereg(mr[2]);
	t_eq("mirrors with one region", t_debug_get("mirrors"), before + 1);
	t_dereg(mr[1]);
	t_eq("mirrors after the last region", t_debug_get("mirrors"), before);
	munmap(m, SIZE);
}

static int victim(void *arg)
{
	struct t_meet *meet = arg;
	struct t_dev d = t_dev_open();
	char *m = t_mmap(SIZE);
	struct t_side s;
	struct t_attr at = t_attr_default(&d);

	memset(m, 1, SIZE);
	t_side_open(&s, &d, &at);
	t_reg(s.pd, T_ODP, m, SIZE, T_ACCESS_ALL);
	t_meet_at(meet, 1, 1);
	for (;;)
		pause();
	return 0;
}

static void killed(void)
{
	struct t_meet *meet = t_meet_new();
	long before = t_debug_get("mirrors");
	pid_t pid;

	t_case("the process dies before its region");
	pid = t_fork(victim, meet);
	t_meet_at(meet, 0, 1);
	t_eq("mirrors with the other process", t_debug_get("mirrors"), before + 1);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	t_debug_wait("mirrors", before);
}

int main(void)
{
	struct t_pair p;
	struct t_dev d;
	struct t_buf l;

	t_start(60);
	d = t_dev_open();
	if (!d.pinless)
		t_skip("a rule of the driver pinless");
	t_pair_open(&p, &d, NULL);
	t_buf_open(&l, p.a.pd, T_PINNED, T_PAGE, T_ACCESS_ALL);
	shared(&p, &l);
	if (t_debug_have()) {
		counted(&p);
		killed();
	} else {
		t_skip_case("mirrors are counted by the debug build of the module");
	}
	t_buf_close(&l);
	t_pair_close(&p);
	t_dev_close(&d);
	return t_finish();
}
