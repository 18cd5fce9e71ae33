// SPDX-License-Identifier: GPL-2.0
// Copyright (c) 2026 The pinless authors
/*
 * Taking the memory of a killed process back, as the OOM reaper does, while a NIC has used all of
 * it.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cases/run.h"
#include "base/clock.h"

/* What the victim reports when it is ready, or why it is not. */
struct report {
	int err;
	struct message why;
};

static void populate(const struct choice *choice, size_t length, struct report *report)
{
	static struct link link;
	struct area area;
	struct ibv_mr *mr;

	report->err = link_prepare(&link, choice, false, &report->why);
	if (!report->err)
		report->err = link_open(&link, &report->why);
	if (!report->err)
		report->err = link_ensure(&link, STORE_WARM, &report->why);
	if (!report->err)
		report->err = area_map(&area, length, AREA_LARGE, &report->why);
	if (report->err)
		return;
	mr = register_memory(&link_local(&link)->endpoint, area.memory, area.length, true,
			     &report->why);
	if (!mr) {
		report->err = -errno;
		return;
	}
	area_touch(&area);
	report->err = link_read_into(&link, (uintptr_t)area.memory, mr->lkey, area.length,
				     &report->why);
}

static pid_t start_victim(const struct choice *choice, size_t length, struct message *why)
{
	struct report report = { .err = -EPIPE, .why = { "the victim process ended early" } };
	pid_t parent = getpid(), victim;
	int pipes[2];

	if (pipe(pipes))
		return explain_error(why, "pipe", errno);
	fflush(NULL);
	victim = fork();
	if (!victim) {
		close(pipes[0]);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(1);
		populate(choice, length, &report);
		if (write(pipes[1], &report, sizeof(report)) != sizeof(report))
			_exit(1);
		for (;;)
			pause();
	}
	close(pipes[1]);
	if (victim < 0)
		explain_error(why, "fork", errno);
	else if (read(pipes[0], &report, sizeof(report)) != sizeof(report) || report.err) {
		*why = report.why;
		kill(victim, SIGKILL);
		waitpid(victim, NULL, 0);
		victim = -1;
	}
	close(pipes[0]);
	return victim;
}

static uint64_t resident_kib(pid_t pid)
{
	unsigned long long kib = 0;
	char path[48], line[128];
	FILE *rollup;

	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", pid);
	rollup = fopen(path, "re");
	while (rollup && fgets(line, sizeof(line), rollup))
		if (sscanf(line, "Rss: %llu kB", &kib) == 1)
			break;
	if (rollup)
		fclose(rollup);
	return kib;
}

/*
 * A killed process frees its own memory as soon as it runs. To see what the reaper can do, the
 * victim shares one CPU with us and we are in a scheduling class before its.
 */
struct hold {
	cpu_set_t cpus;
	int policy;
	struct sched_param param;
};

static bool hold_cpu(pid_t victim, struct hold *hold)
{
	struct sched_param first = { .sched_priority = 1 };
	cpu_set_t one;

	if (sched_getaffinity(0, sizeof(hold->cpus), &hold->cpus))
		return false;
	hold->policy = sched_getscheduler(0);
	sched_getparam(0, &hold->param);
	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	return !sched_setaffinity(0, sizeof(one), &one) &&
	       !sched_setaffinity(victim, sizeof(one), &one) &&
	       !sched_setscheduler(0, SCHED_FIFO, &first);
}

static void release_cpu(const struct hold *hold)
{
	sched_setscheduler(0, hold->policy, &hold->param);
	sched_setaffinity(0, sizeof(hold->cpus), &hold->cpus);
}

static int reap_once(struct bench *bench, const struct job *job, struct row *row,
		     struct message *why)
{
	pid_t victim = start_victim(&bench->link->choice, job->length, why);
	uint64_t before, after, start, elapsed;
	struct hold hold;
	int fd, reaped, err = 0;

	if (victim < 0)
		return -EIO;
	fd = (int)syscall(SYS_pidfd_open, victim, 0);
	if (fd < 0) {
		err = explain_error(why, "pidfd_open", errno);
		goto end_victim;
	}
	if (!hold_cpu(victim, &hold)) {
		err = explain_error(why,
				    "keeping the victim off its CPU needs root: sched_setscheduler",
				    errno);
		goto release;
	}
	before = resident_kib(victim);
	kill(victim, SIGKILL);
	start = now_ns();
	reaped = (int)syscall(SYS_process_mrelease, fd, 0);
	elapsed = now_ns() - start;
	if (reaped)
		err = explain_error(why, "process_mrelease", errno);
	after = resident_kib(victim);
	if (row) {
		row->max_is_freed = true;
		row->freed_kib = before > after ? before - after : 0;
		row_sample(row, elapsed);
	}
release:
	release_cpu(&hold);
	close(fd);
end_victim:
	kill(victim, SIGKILL);
	waitpid(victim, NULL, 0);
	return err;
}

int run_mrelease(struct bench *bench, const struct job *job, unsigned int count,
		 struct row *const rows[2], struct message *why)
{
	int err = 0;

	for (unsigned int i = 0; i < count && !err; i++)
		err = reap_once(bench, job, rows[0], why);
	return err;
}
