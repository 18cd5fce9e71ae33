// SPDX-License-Identifier: GPL-2.0
/*
 * Description: a process whose memory the device has in use, under traffic, is killed by the
 * kernel for want of memory in its cgroup: the OOM reaper frees all of it while the process is kept
 * from doing so itself, and its peer gets its error.
 *
 * Another process is in the middle of reading the victim's memory, a page of it that does not come
 * (userfaultfd). That keeps the address space alive, so that only the reaper can free its memory,
 * and the reaper's invalidations must not wait.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "t_cgroup.h"
#include "t_op.h"
#include "t_peer.h"
#include "t_uffd.h"

#define SIZE	(48UL << 20)
#define CHUNK	(2UL << 20)
/* What the victim may still allocate, and what it tries to. */
#define ROOM	(2UL << 20)
#define MORE	(32UL << 20)

/* Words of struct t_meet. */
enum { UFFD, HELD, GO, PID };

#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif

struct job {
	struct t_meet *meet;
	struct t_cgroup *group;
	enum t_kind kind;
};

struct traffic {
	struct t_side s;
	struct t_buf l;
	const struct t_remote *to;
	uint64_t done;
	enum ibv_wc_status status;
};

static int victim(void *arg)
{
	struct job *j = arg;
	struct t_attr at;
	struct t_side s;
	struct ibv_mr *mr;
	struct t_dev d;
	char *m, *held;

	t_cgroup_enter(j->group);
	d = t_dev_open();
	at = t_attr_default(&d);
	m = t_mmap(SIZE);
	held = t_mmap(T_PAGE);
	j->meet->word[UFFD] = t_uffd_hold(held, T_PAGE);
	j->meet->word[HELD] = (uintptr_t)held;
	memset(m, 1, SIZE);
	t_side_open(&s, &d, &at);
	mr = t_reg(s.pd, j->kind, m, SIZE, T_ACCESS_ALL);
	t_peer_connect(j->meet, 1, &s, &at, m, mr->rkey);
	while (!j->meet->word[GO])
		t_sleep_ms(1);
	memset(t_mmap(MORE), 1, MORE);
	t_fail("%lu MiB in a group that has room for %lu: expected to be killed", MORE >> 20,
	       ROOM >> 20);
	return T_EXIT_FAIL;
}

/* Has a reference to the victim's address space until the page comes. */
static int reader(void *arg)
{
	struct job *j = arg;
	char byte;
	/* The page comes with the last close. */
	int mine = close(j->meet->word[UFFD]);
	struct iovec l = { &byte, 1 }, r = { (void *)(uintptr_t)j->meet->word[HELD], 1 };

	if (mine)
		t_die("close: %s", strerror(errno));
	process_vm_readv(j->meet->word[PID], &l, 1, &r, 1, 0);
	return 0;
}

static bool request(struct traffic *t, enum ibv_wr_opcode op, uint64_t off, struct ibv_wc *wc)
{
	struct ibv_sge sge = t_sge(&t->l, 0, CHUNK);
	struct ibv_send_wr wr = t_send_wr(op, off, &sge, 1, t->to->addr + off, t->to->rkey);

	t_post(&t->s, &wr);
	return t_wc(t->s.scq, wc, t_scale(20000));
}

static void *traffic(void *arg)
{
	struct traffic *t = arg;
	struct ibv_wc wc = {};

	do {
		enum ibv_wr_opcode op = t->done & 1 ? IBV_WR_RDMA_READ : IBV_WR_RDMA_WRITE;

		if (!request(t, op, t->done % (SIZE / CHUNK) * CHUNK, &wc)) {
			t_fail("a request to the victim: expected a completion in 20 s, seen none");
			break;
		}
		t->done++;
	} while (wc.status == IBV_WC_SUCCESS);
	t->status = wc.status;
	return NULL;
}

static bool wait_for_page(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return t_check(poll(&p, 1, t_scale(10000)) == 1,
		       "a read of the victim's memory: expected to wait for a page, does not");
}

/* The group's memory goes; what the kernel keeps for the mappings themselves stays. */
static bool wait_for_reaper(const struct t_cgroup *g, pid_t holder, uint64_t before)
{
	uint64_t end = t_ms() + t_scale(20000), used;

	do {
		used = t_cgroup_used(g);
		if (used < before / 4)
			return t_check(!waitpid(holder, NULL, WNOHANG),
				       "the address space: expected to be held, seen that it ended");
		t_sleep_ms(20);
	} while (t_ms() < end);
	return t_check(false, "memory of the killed process: expected under %llu KiB in 20 s, seen %llu KiB",
		       (unsigned long long)before >> 12, (unsigned long long)used >> 10);
}

static void be_killed(struct traffic *t, struct job *j, pid_t pid)
{
	int pidfd = syscall(SYS_pidfd_open, pid, 0), uffd;
	struct t_cgroup *g = j->group;
	uint64_t before, end;
	pthread_t thread;
	pid_t holder;

	/* Open here too, so that it does not end with the victim. */
	uffd = syscall(SYS_pidfd_getfd, pidfd, (int)j->meet->word[UFFD], 0);
	if (uffd < 0)
		t_skip("pidfd_getfd: %s", strerror(errno));
	j->meet->word[PID] = pid;
	j->meet->word[UFFD] = uffd;
	holder = t_fork(reader, j);
	if (wait_for_page(uffd)) {
		before = t_cgroup_used(g);
		t_thread(&thread, traffic, t);
		t_cgroup_limit(g, ROOM);
		j->meet->word[GO] = 1;
		end = t_ms() + t_scale(20000);
		while (!t_cgroup_oom_kills(g) && t_ms() < end)
			t_sleep_ms(5);
		t_eq("oom_kill", t_cgroup_oom_kills(g), 1);
		wait_for_reaper(g, holder, before);
		pthread_join(thread, NULL);
		t_check(t->status == IBV_WC_RETRY_EXC_ERR || t->status == IBV_WC_REM_ACCESS_ERR,
			"a request to the killed process: expected transport retries exceeded or remote access error, seen %s",
			ibv_wc_status_str(t->status));
		printf("%s: %llu of %llu KiB left while the process was held; the peer: %llu requests, then %s\n",
		       t_kind_name(j->kind), (unsigned long long)t_cgroup_used(g) >> 10,
		       (unsigned long long)before >> 10, (unsigned long long)t->done,
		       ibv_wc_status_str(t->status));
	}
	close(uffd);
	close(pidfd);
	t_wait(holder, "the reader");
}

static void one(struct t_dev *d, enum t_kind kind)
{
	struct t_attr at = t_attr_default(d);
	struct t_cgroup g = t_cgroup_new("oom");
	struct job j = { t_meet_new(), &g, kind };
	struct traffic t = {};
	struct ibv_wc wc;
	uint64_t off;
	pid_t pid;
	int st;

	t_case("%s", t_kind_name(kind));
	t_cgroup_no_swap(&g);
	at.timeout = 12;
	at.retry_cnt = 3;
	pid = t_fork(victim, &j);
	t_side_open(&t.s, d, &at);
	t_buf_open(&t.l, t.s.pd, T_PINNED, CHUNK, T_ACCESS_ALL);
	t_peer_connect(j.meet, 0, &t.s, &at, t.l.addr, t.l.mr->rkey);
	t.to = &j.meet->remote[1];
	/* The device has every page of the victim in use. */
	for (off = 0; off < SIZE; off += CHUNK) {
		if (!t_check(request(&t, IBV_WR_RDMA_WRITE, off, &wc) &&
			     wc.status == IBV_WC_SUCCESS, "WRITE: expected success, seen %s",
			     ibv_wc_status_str(wc.status)))
			break;
	}
	be_killed(&t, &j, pid);
	kill(pid, SIGKILL);
	waitpid(pid, &st, 0);
	t_check(WIFSIGNALED(st) && WTERMSIG(st) == SIGKILL,
		"the victim: expected to be killed, seen wait status 0x%x", st);
	t_buf_close(&t.l);
	t_side_close(&t.s);
	t_cgroup_end(&g);
}

static void end_of_reports(void)
{
	t_run("echo 'pinless-test: no more reports of memory' >/dev/kmsg; dmesg --console-on");
}

int main(void)
{
	struct t_dev d;
	int k;

	t_start(120);
	d = t_dev_open();
	t_need_odp(&d);
	t_need_root();
	/* The suite ignores the kernel's report of an OOM kill between these two lines. */
	atexit(end_of_reports);
	t_run("dmesg --console-off; echo 'pinless-test: reports of memory follow' >/dev/kmsg");
	for (k = T_ODP; k <= T_IMPLICIT; k++) {
		if (t_kind_ok(&d, k, IBV_WR_RDMA_WRITE))
			one(&d, k);
	}
	t_dev_close(&d);
	return t_finish();
}
