// SPDX-License-Identifier: GPL-2.0
/*
 * Description: the histograms in debugfs count each fault, its stages and pages, each copy after
 * it and each invalidation that was caused, exactly, while they are on, and nothing while off.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "counters.h"
#include "t_hist.h"
#include "t_op.h"

#define PAGES	16
/* Pages of one request, and the bucket that they fall into. */
#define SPAN		4
#define SPAN_LAST	7

#define X(member, name, text) HIST_##member,
enum hist {
	PINLESS_HISTOGRAMS(X)
	HISTOGRAMS
};

#undef X

#define X(member, name, text) name,
static const char *const names[HISTOGRAMS] = { PINLESS_HISTOGRAMS(X) };

#undef X

static char dir[128];
static char deferred_path[256];

static unsigned long long all(enum hist i)
{
	return t_hist_sum(dir, names[i], 0, ~0ull);
}

/* Faults that a worker took over because mmap_lock was contended. */
static unsigned long long deferred(void)
{
	unsigned long long n = 0;
	FILE *f = fopen(deferred_path, "r");

	if (!f || fscanf(f, "%llu", &n) != 1)
		t_die("%s: %s", deferred_path, strerror(errno));
	fclose(f);
	return n;
}

static void write_to(struct t_pair *p, struct t_buf *l, struct ibv_mr *mr, char *to, size_t len)
{
	struct ibv_sge s = t_sge(l, 0, len);
	struct ibv_send_wr wr = t_send_wr(IBV_WR_RDMA_WRITE, 1, &s, 1, (uintptr_t)to, mr->rkey);

	t_post(&p->a, &wr);
	t_expect_wc("WRITE", p->a.scq, 1, IBV_WC_SUCCESS, NULL);
	t_bytes("what was written", to, l->addr, len);
}

static void expect_faults(unsigned int n)
{
	enum hist i;

	for (i = HIST_FAULT; i <= HIST_FAULT_PAGES; i++)
		t_eq(names[i], all(i), n);
}

static void run(struct t_pair *p, struct t_buf *l)
{
	char *m = t_mmap_huge_aligned(T_HUGE);
	unsigned long long before[HISTOGRAMS], left, copies;
	struct ibv_mr *mr;
	unsigned int i;

	madvise(m, T_HUGE, MADV_NOHUGEPAGE);
	mr = t_reg(p->b.pd, T_ODP, m, T_HUGE, T_ACCESS_ALL);
	t_case("off");
	t_hist_switch(dir, 0);
	for (i = 0; i < HISTOGRAMS; i++)
		before[i] = all(i);
	write_to(p, l, mr, m, 8);
	madvise(m, T_PAGE, MADV_DONTNEED);
	for (i = 0; i < HISTOGRAMS; i++)
		t_eq(names[i], all(i), before[i]);
	t_case("switched on");
	t_hist_switch(dir, 1);
	for (i = 0; i < HISTOGRAMS; i++)
		t_eq(names[i], all(i), 0);
	t_case("cold pages, one by one");
	left = deferred();
	for (i = 0; i < PAGES; i++)
		write_to(p, l, mr, m + i * T_PAGE, 8);
	left = deferred() - left;
	expect_faults(PAGES);
	t_eq("fault_pages of 1", t_hist_sum(dir, names[HIST_FAULT_PAGES], 1, 1), PAGES);
	t_eq("fault_ns above 0", t_hist_sum(dir, names[HIST_FAULT], 1, ~0ull), PAGES);
	copies = all(HIST_COPY);
	t_eq("copy_ns, and faults that a worker took over", copies + left, PAGES);
	t_case("warm pages");
	for (i = 0; i < PAGES; i++)
		write_to(p, l, mr, m + i * T_PAGE, 8);
	expect_faults(PAGES);
	t_eq("copy_ns", all(HIST_COPY), copies);
	t_case("%u cold pages in one request", SPAN);
	write_to(p, l, mr, m + 2 * PAGES * T_PAGE, SPAN * T_PAGE);
	expect_faults(PAGES + 1);
	t_eq("fault_pages of the bucket of it",
	     t_hist_sum(dir, names[HIST_FAULT_PAGES], SPAN, SPAN_LAST), 1);
	t_eq("invalidate_ns", all(HIST_INVALIDATE), 0);
	t_case("MADV_DONTNEED of pages that the device has, and of others");
	madvise(m, PAGES * T_PAGE, MADV_DONTNEED);
	t_eq("invalidate_ns", all(HIST_INVALIDATE), 1);
	madvise(m + 4 * PAGES * T_PAGE, PAGES * T_PAGE, MADV_DONTNEED);
	t_eq("invalidate_ns", all(HIST_INVALIDATE), 1);
	t_case("switched off");
	t_hist_switch(dir, 0);
	write_to(p, l, mr, m, 8);
	madvise(m, T_PAGE, MADV_DONTNEED);
	expect_faults(PAGES + 1);
	t_eq("invalidate_ns", all(HIST_INVALIDATE), 1);
	t_case("switched on again");
	t_hist_switch(dir, 1);
	for (i = 0; i < HISTOGRAMS; i++)
		t_eq(names[i], all(i), 0);
	t_hist_switch(dir, 0);
	t_dereg(mr);
	munmap(m, T_HUGE);
}

int main(void)
{
	struct t_pair p;
	struct t_buf l;
	struct t_dev d;

	t_start(30);
	d = t_dev_open();
	if (!d.pinless)
		t_skip("the device's driver has no histograms");
	t_need_root();
	if (access(T_HIST_ROOT, F_OK))
		t_skip("%s: %s: mount it with \"mount -t debugfs debugfs /sys/kernel/debug\"",
		       T_HIST_ROOT, strerror(errno));
	t_hist_dir(ibv_get_device_name(d.ctx->device), dir, sizeof(dir));
	snprintf(deferred_path, sizeof(deferred_path),
		 "/sys/class/infiniband/%s/ports/1/hw_counters/odp_faults_deferred",
		 ibv_get_device_name(d.ctx->device));
	t_pair_open(&p, &d, NULL);
	t_buf_open(&l, p.a.pd, T_PINNED, SPAN * T_PAGE, T_ACCESS_ALL);
	run(&p, &l);
	t_buf_close(&l);
	t_pair_close(&p);
	t_dev_close(&d);
	return t_finish();
}
