// SPDX-License-Identifier: GPL-2.0
/*
 * Description: process_mrelease() of a killed process whose memory the device has in use frees
 * all of it at once, as it does without the device, and its peer gets its error.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "t_op.h"
#include "t_peer.h"

#define SIZE	(64UL << 20)
#define CHUNK	(2UL << 20)

#ifndef SYS_process_mrelease
#define SYS_process_mrelease 448
#endif

struct job {
	struct t_meet *meet;
	enum t_kind kind;
};

static int victim(void *arg)
{
	struct job *j = arg;
	struct t_dev d = t_dev_open();
	struct t_attr at = t_attr_default(&d);
	char *m = t_mmap(SIZE);
	struct t_side s;
	struct ibv_mr *mr;

	memset(m, 1, SIZE);
	t_side_open(&s, &d, &at);
	mr = t_reg(s.pd, j->kind, m, SIZE, T_ACCESS_ALL);
	t_peer_connect(j->meet, 1, &s, &at, m, mr->rkey);
	for (;;)
		pause();
	return 0;
}

static long rss_kib(pid_t pid)
{
	char path[64], line[256];
	long kib = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	f = fopen(path, "r");
	if (!f)
		return 0;
	while (fgets(line, sizeof(line), f))
		sscanf(line, "RssAnon: %ld", &kib);
	fclose(f);
	return kib;
}

/* Keeps the victim's exit from running, so that only the reaper can free its memory. */
static void hold(pid_t pid)
{
	struct sched_param sp = { .sched_priority = 0 };
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	sched_setaffinity(pid, sizeof(one), &one);
	sched_setscheduler(pid, SCHED_IDLE, &sp);
}

static void one(struct t_dev *d, enum t_kind kind)
{
	struct t_attr at = t_attr_default(d);
	struct job j = { t_meet_new(), kind };
	struct ibv_send_wr wr;
	struct ibv_sge sge;
	long before, after;
	struct t_side s;
	struct t_buf l;
	int pidfd, rc, err;
	uint64_t off;
	pid_t pid;

	t_case("%s", t_kind_name(kind));
	at.timeout = 12;
	at.retry_cnt = 3;
	pid = t_fork(victim, &j);
	t_side_open(&s, d, &at);
	t_buf_open(&l, s.pd, T_PINNED, CHUNK, T_ACCESS_ALL);
	t_peer_connect(j.meet, 0, &s, &at, l.addr, l.mr->rkey);
	/* The device has every page of the victim in use. */
	for (off = 0; off < SIZE; off += CHUNK) {
		sge = t_sge(&l, 0, CHUNK);
		wr = t_send_wr(IBV_WR_RDMA_WRITE, off, &sge, 1, j.meet->remote[1].addr + off,
			       j.meet->remote[1].rkey);
		t_post(&s, &wr);
		t_expect_wc("WRITE", s.scq, off, IBV_WC_SUCCESS, NULL);
	}
	before = rss_kib(pid);
	pidfd = syscall(SYS_pidfd_open, pid, 0);
	hold(pid);
	kill(pid, SIGKILL);
	rc = syscall(SYS_process_mrelease, pidfd, 0);
	err = errno;
	after = rss_kib(pid);
	/* ESRCH: the victim was quicker and is gone, with its memory. */
	t_check(!rc || err == ESRCH, "process_mrelease: expected success, seen %s", strerror(err));
	/* The kernel's figure is off by some pages for each CPU; a leaf of the device is 3 %. */
	t_check(after < before / 40,
		"memory of the victim: expected under 1/40 of %ld KiB, seen %ld KiB",
		before, after);
	printf("%s: process_mrelease %s, %ld of %ld KiB left\n", t_kind_name(kind),
	       rc ? strerror(err) : "ok", after, before);
	close(pidfd);
	waitpid(pid, NULL, 0);
	wr = t_send_wr(IBV_WR_RDMA_WRITE, 9, &sge, 1, j.meet->remote[1].addr,
		       j.meet->remote[1].rkey);
	sge = t_sge(&l, 0, 8);
	t_post(&s, &wr);
	t_expect_wc("WRITE to the dead process", s.scq, 9, IBV_WC_RETRY_EXC_ERR, NULL);
	t_buf_close(&l);
	t_side_close(&s);
}

int main(void)
{
	struct t_dev d;
	int k;

	t_start(60);
	d = t_dev_open();
	t_need_odp(&d);
	for (k = T_ODP; k <= T_IMPLICIT; k++) {
		if (t_kind_ok(&d, k, IBV_WR_RDMA_WRITE))
			one(&d, k);
	}
	t_dev_close(&d);
	return t_finish();
}
