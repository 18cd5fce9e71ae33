// SPDX-License-Identifier: GPL-2.0
/*
 * Description: processes move words that carry their writer and a sequence to and from each
 * other's memory by all verbs, while their memory is discarded, moved, unmapped, swapped, forked,
 * merged and compacted at random: no word is lost, stale, torn or stray.
 *
 * Runs until so many requests are done (PINLESS_TEST_COUNT), or for PINLESS_TEST_SECONDS. Prints
 * a seed; PINLESS_TEST_SEED repeats the random numbers of every thread, though not the order of
 * threads. PINLESS_TEST_WITH adds what else may happen, one thing a round: words of "kill link cpu
 * memory".
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "t_crew.h"
#include "t_link.h"
#include "t_memory.h"
#include "t_options.h"

#define PROCESSES	3
#define COUNT		2500
/* Of one process: it has 6 MiB to move data in. */
#define LOW_MEMORY	(4UL << 20)
/* Time without a completed request. */
#define STUCK_MS	40000
#define CPU1		"/sys/devices/system/cpu/cpu1/online"

/* What else happens in a round. */
enum extra { NONE, KILL, LINK, CPU, MEMORY, EXTRAS };

static const char *const extra_names[EXTRAS] = { "", "kill", "link", "cpu", "memory" };

static struct t_crew *crew;
static bool with[EXTRAS];
static uint64_t kills, deletions, unplugs, compactions;
static struct t_cgroup group;
static pid_t bystander;

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, text, strlen(text)) < 0 && errno != EBUSY && errno != EINTR)
		printf("note: %s: %s\n", path, strerror(errno));
	close(fd);
}

static uint64_t requests(void)
{
	uint64_t n = 0;
	unsigned int i;

	for (i = 0; i < T_CREW_OPS; i++)
		n += crew->ops[i];
	return n;
}

static int by_stander(void *arg)
{
	t_storm_bystander(&crew->stop, *(uint64_t *)arg, &crew->bystander);
	if (t_failures())
		crew->failed = 1;
	return t_failures() ? T_EXIT_FAIL : T_EXIT_PASS;
}

/* Prints where each worker stands, and the stacks of its process. */
static void report(void)
{
	const struct t_crew_worker *w;
	unsigned int i, j;

	for (i = 0; i < crew->processes; i++) {
		for (j = 0; j < T_CREW_WORKERS; j++) {
			w = &crew->process[i].worker[j];
			printf("process %u (%d), worker %u: %s of chunk %u since %llu ms%s\n", i,
			       crew->process[i].pid, j, w->where ? w->where : "start", w->chunk,
			       (unsigned long long)(w->ms ? t_ms() - w->ms : 0),
			       w->ended ? ", ended" : "");
		}
		fflush(stdout);
		if (crew->process[i].pid > 0) {
			char cmd[200];

			snprintf(cmd, sizeof(cmd), "for t in /proc/%d/task/*; do head -n 1 $t/comm;"
				 " grep State $t/status; head -n 6 $t/stack; done",
				 crew->process[i].pid);
			if (system(cmd))
				printf("no stacks\n");
		}
	}
}

static void end_all(void)
{
	unsigned int i;

	/* To kill() a pid of 0 is the whole process group. */
	for (i = 0; i < crew->processes; i++) {
		if (crew->process[i].pid > 0)
			kill(crew->process[i].pid, SIGKILL);
	}
}

static void stuck(const char *what)
{
	crew->failed = 1;
	report();
	end_all();
	t_die("%s within %u s; see above where they stand", what, t_scale(STUCK_MS) / 1000);
}

/* Ends the program if that takes too long. */
static void wait_until(bool (*done)(void), const char *what)
{
	uint64_t end = t_ms() + t_scale(STUCK_MS);

	while (!done() && !crew->failed) {
		if (t_ms() > end)
			stuck(what);
		t_sleep_ms(5);
	}
}

static bool at_work(void)
{
	return crew->working;
}

/* Have the workers that write to the victim ended? */
static bool victim_missed(void)
{
	unsigned int i = (crew->victim + crew->processes - 1) % crew->processes, j;

	for (j = 0; j < T_CREW_WORKERS; j++) {
		if (!crew->process[i].worker[j].ended)
			return false;
	}
	return true;
}

/* Waits for a process; one that does not end is reported, too. */
static void reap(pid_t *pid, const char *name)
{
	uint64_t end = t_ms() + t_scale(STUCK_MS);
	siginfo_t info = {};

	while (*pid > 0 && !waitid(P_PID, *pid, &info, WEXITED | WNOHANG | WNOWAIT) &&
	       !info.si_pid) {
		if (t_ms() > end)
			stuck("a process did not end");
		t_sleep_ms(5);
	}
	if (*pid > 0)
		t_wait(*pid, name);
	*pid = 0;
}

static bool all_ended(void)
{
	unsigned int i, j;

	for (i = 0; i < crew->processes; i++) {
		for (j = 0; j < T_CREW_WORKERS; j++) {
			if (!crew->process[i].worker[j].ended)
				return false;
		}
	}
	return true;
}

static void do_kill(uint64_t *seed)
{
	unsigned int v = t_rand(seed) % crew->processes, i = (v + crew->processes - 1) %
			 crew->processes, j;

	crew->victim = v;
	kill(crew->process[v].pid, SIGKILL);
	waitpid(crew->process[v].pid, NULL, 0);
	crew->process[v].pid = 0;
	kills++;
	wait_until(victim_missed, "the writers to a killed process have not ended");
	for (j = 0; j < T_CREW_WORKERS && !crew->failed; j++)
		t_check(crew->process[i].worker[j].error,
			"worker %u of process %u, which wrote to the one that was killed: expected an error, seen none",
			j, i);
}

static void do_link(void)
{
	crew->gone = 1;
	if (t_run("rdma link delete %s", T_LINK))
		t_fail("rdma link delete %s failed", T_LINK);
	deletions++;
	wait_until(all_ended, "the users of a deleted link have not ended");
}

/* What happens to the whole machine, every now and then. */
static void system_event(uint64_t *seed, enum extra extra)
{
	static bool online = true;

	switch (t_rand(seed) % 8) {
	case 0:
		write_file("/proc/sys/vm/compact_memory", "1");
		compactions++;
		break;
	case 1:
		write_file("/proc/sys/vm/drop_caches", "3");
		break;
	default:
		if (extra != CPU && online)
			break;
		online = !online;
		write_file(CPU1, online ? "1" : "0");
		unplugs += !online;
		break;
	}
}

static void watch(uint64_t *seed, enum extra extra, uint64_t end, uint64_t count)
{
	uint64_t last = requests(), last_ms = t_ms(), extra_at = 0, now;

	if (extra == KILL || extra == LINK)
		extra_at = last_ms + t_rand(seed) % (end - last_ms);
	while (!crew->failed && (now = t_ms()) < end && (!count || last < count)) {
		if (requests() != last) {
			last = requests();
			last_ms = now;
		}
		if (now - last_ms > t_scale(STUCK_MS))
			stuck("no request was done");
		if (extra_at && now >= extra_at) {
			if (extra == KILL)
				do_kill(seed);
			else
				do_link();
			return;
		}
		if (t_rand(seed) % 32 == 0)
			system_event(seed, extra);
		t_sleep_ms(20);
	}
}

static void one_round(uint64_t seed, enum extra extra, unsigned int ms, uint64_t count)
{
	struct t_crew_job job[T_CREW_MAX];
	uint64_t s = seed | 1;
	unsigned int i;

	t_crew_reset(crew, seed);
	crew->link = extra == LINK;
	crew->group = extra == MEMORY ? &group : NULL;
	if (crew->link)
		t_link_add();
	if (crew->group)
		t_cgroup_limit(&group, crew->processes * LOW_MEMORY);
	for (i = 0; i < crew->processes; i++) {
		job[i] = (struct t_crew_job){ crew, i };
		crew->process[i].pid = t_fork(t_crew_process, &job[i]);
	}
	bystander = t_fork(by_stander, &s);
	wait_until(at_work, "the processes have not connected");
	watch(&s, extra, t_ms() + ms, count);
	crew->stop = 1;
	for (i = 0; i < crew->processes; i++) {
		char name[32];

		snprintf(name, sizeof(name), "process %u", i);
		reap(&crew->process[i].pid, name);
	}
	reap(&bystander, "the process without the device");
	write_file(CPU1, "1");
	if (crew->link)
		t_link_clean();
}

static void print_counts(uint64_t seed, unsigned int rounds, uint64_t ms)
{
	unsigned int i;

	printf("seed %llu: %u rounds, %llu s, %llu requests of %llu words:",
	       (unsigned long long)seed, rounds, (unsigned long long)ms / 1000,
	       (unsigned long long)requests(), (unsigned long long)crew->words);
	for (i = 0; i < T_CREW_OPS; i++)
		printf(" %s %llu", t_crew_op_name(i), (unsigned long long)crew->ops[i]);
	printf("; %llu looks of CPUs, %llu of a process without the device\nevents:",
	       (unsigned long long)crew->looks, (unsigned long long)crew->bystander);
	for (i = 0; i < T_STORM_EVENTS; i++)
		printf(" %s %llu", t_storm_name(i), (unsigned long long)crew->events[i]);
	printf(" compaction %llu; kills %llu, links deleted %llu, CPU unplugged %llu; errors that had to come %llu\n",
	       (unsigned long long)compactions, (unsigned long long)kills,
	       (unsigned long long)deletions, (unsigned long long)unplugs,
	       (unsigned long long)crew->errors);
}

static void parse_with(void)
{
	const char *s = getenv("PINLESS_TEST_WITH");
	unsigned int i;

	for (i = KILL; i < EXTRAS; i++)
		with[i] = s && strstr(s, extra_names[i]);
	if (with[LINK])
		t_link_need();
	if (with[CPU] && access(CPU1, W_OK))
		t_skip("%s: %s", CPU1, strerror(errno));
	if (with[MEMORY])
		group = t_cgroup_new("torture");
}

static enum extra choose_extra(uint64_t *seed)
{
	enum extra e = t_rand(seed) % EXTRAS;

	return with[e] ? e : NONE;
}

int main(void)
{
	uint64_t seconds = t_seconds(0), ms = t_ms(), seed, s, processes;
	uint64_t count = t_option("PINLESS_TEST_COUNT", seconds ? 0 : COUNT);
	unsigned int rounds = 0;
	struct t_dev d;

	t_start(seconds + 150);
	seed = t_seed(0);
	/* Neighbouring seeds must not give similar runs. */
	s = (seed + 1) * 0x9e3779b97f4a7c15ULL;
	d = t_dev_open();
	t_need_odp(&d);
	if (!d.pinless)
		t_skip("runs on devices without known memory corruption only");
	t_dev_close(&d);
	parse_with();
	t_swap_on();
	write_file("/sys/kernel/mm/ksm/run", "1");
	processes = t_option("PINLESS_TEST_PROCESSES", PROCESSES);
	if (processes < 2 || processes > T_CREW_MAX)
		t_die("PINLESS_TEST_PROCESSES: expected 2 to %u, seen %llu", T_CREW_MAX,
		      (unsigned long long)processes);
	crew = t_crew_new(processes);
	do {
		enum extra extra = choose_extra(&s);
		uint64_t round_seed = t_rand(&s);

		t_case("seed %llu, round %u%s%s", (unsigned long long)seed, rounds,
		       extra ? ", with " : "", extra_names[extra]);
		one_round(round_seed, extra, 3000 + t_rand(&s) % 5000, count);
		rounds++;
	} while (!crew->failed && !t_failures() &&
		 (count ? requests() < count : t_ms() - ms < seconds * 1000));
	write_file("/sys/kernel/mm/ksm/run", "2");
	print_counts(seed, rounds, t_ms() - ms);
	if (with[MEMORY])
		t_cgroup_end(&group);
	t_swap_off();
	return t_finish();
}
