// SPDX-License-Identifier: GPL-2.0
/*
 * Description: a process has very many prefetches under way that wait for pages behind
 * userfaultfd: those of another process are done meanwhile, and the process can end.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "t_counters.h"
#include "t_leak.h"
#include "t_memory.h"
#include "t_op.h"
#include "t_peer.h"
#include "t_uffd.h"

/* More than a workqueue of the kernel runs at once by default. */
#define CROWD		1200
#define PAGES		64
#define PROMPT_MS	8000

enum { HANGING = 1, TRIED };

static int advise(struct ibv_pd *pd, void *addr, size_t len, struct ibv_mr *mr)
{
	struct ibv_sge sge = { (uintptr_t)addr, len, mr->lkey };

	return ibv_advise_mr(pd, IBV_ADVISE_MR_ADVICE_PREFETCH_WRITE, 0, &sge, 1);
}

static int crowd(void *arg)
{
	struct t_meet *meet = arg;
	struct t_dev d = t_dev_open();
	struct t_attr at = t_attr_default(&d);
	char *m = t_mmap(CROWD * T_PAGE);
	struct ibv_mr *mr;
	struct t_side s;
	int i, uffd, err;

	t_case("the process with the slow pages");
	t_side_open(&s, &d, &at);
	uffd = t_uffd_hold(m, CROWD * T_PAGE);
	mr = t_reg(s.pd, T_ODP, m, CROWD * T_PAGE, T_ACCESS_ALL);
	for (i = 0; i < CROWD; i++) {
		err = advise(s.pd, m + i * T_PAGE, T_PAGE, mr);
		if (err)
			t_die("prefetch %d: %s", i, strerror(err));
	}
	t_meet_at(meet, 1, HANGING);
	t_meet_at(meet, 1, TRIED);
	/* The region goes first, then what its prefetches wait for. */
	t_dereg(mr);
	close(uffd);
	t_side_close(&s);
	t_dev_close(&d);
	return t_failures() ? T_EXIT_FAIL : T_EXIT_PASS;
}

static void prefetch_here(struct t_dev *d)
{
	uint64_t end = t_ms() + t_scale(PROMPT_MS);
	struct t_counters c = { 0 };
	char *m = t_mmap(PAGES * T_PAGE);
	struct ibv_mr *mr;
	struct t_pair p;

	t_pair_open(&p, d, NULL);
	mr = t_reg(p.a.pd, T_ODP, m, PAGES * T_PAGE, T_ACCESS_ALL);
	if (!t_counters_read(mr, &c))
		t_skip("the device does not count prefetched pages");
	t_eq("prefetch", advise(p.a.pd, m, PAGES * T_PAGE, mr), 0);
	while (c.prefetch < PAGES && t_ms() < end) {
		t_sleep_ms(5);
		t_counters_read(mr, &c);
	}
	t_eq("pages prefetched for the other process", c.prefetch, PAGES);
	t_dereg(mr);
	t_pair_close(&p);
	munmap(m, PAGES * T_PAGE);
}

int main(void)
{
	struct t_meet *meet = t_meet_new();
	struct t_leak leak;
	struct t_dev d;
	pid_t pid;

	t_start(90);
	d = t_dev_open();
	t_need_odp(&d);
	if (d.rxe)
		t_skip("soft-RoCE prefetches on the workqueue of the system");
	if (t_kernel_before(7, 0))
		t_skip("this kernel's faults cannot wait for userfaultfd");
	t_need_uffd();
	t_leak_begin(&leak);
	pid = t_fork(crowd, meet);
	t_meet_at(meet, 0, HANGING);
	t_case("another process");
	prefetch_here(&d);
	t_meet_at(meet, 0, TRIED);
	t_wait(pid, "the process with the slow pages");
	t_leak_end(&leak);
	t_dev_close(&d);
	return t_finish();
}
