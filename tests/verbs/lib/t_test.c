// SPDX-License-Identifier: GPL-2.0
/* Copyright (c) 2026 The pinless authors */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "t_test.h"

static char cur_case[256] = "start", first_failure[1400];
static unsigned int failures, checks, limit_s;

static void on_alarm(int sig)
{
	static const char msg[] = "FAIL: time limit passed in case: ";
	ssize_t n;

	(void)sig;
	n = write(STDOUT_FILENO, msg, sizeof(msg) - 1);
	n = write(STDOUT_FILENO, cur_case, strlen(cur_case));
	n = write(STDOUT_FILENO, "\n", 1);
	(void)n;
	_exit(T_EXIT_FAIL);
}

unsigned int t_scale(unsigned int ms)
{
	const char *s = getenv("PINLESS_TEST_TIME_SCALE");
	long f = s ? strtol(s, NULL, 10) : 1;

	return ms * (f >= 1 && f <= 1000 ? f : 1);
}

void t_start(unsigned int seconds)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	limit_s = t_scale(seconds);
	signal(SIGALRM, on_alarm);
	alarm(limit_s);
}

int t_finish(void)
{
	if (failures) {
		/* The last line is what a table of results shows. */
		printf("FAIL: %u failures, the first: %s\n", failures, first_failure);
		return T_EXIT_FAIL;
	}
	if (!checks) {
		printf("SKIP: no sub-case could run on this device\n");
		return T_EXIT_SKIP;
	}
	printf("ok: %u checks\n", checks);
	return T_EXIT_PASS;
}

void t_case(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(cur_case, sizeof(cur_case), fmt, ap);
	va_end(ap);
	if (getenv("PINLESS_TEST_VERBOSE"))
		printf("case: %s\n", cur_case);
}

static void say(const char *word, const char *fmt, va_list ap)
{
	char text[1024];

	vsnprintf(text, sizeof(text), fmt, ap);
	printf("%s: %s: %s\n", word, cur_case, text);
	if (!first_failure[0] && !strcmp(word, "FAIL"))
		snprintf(first_failure, sizeof(first_failure), "%s: %s", cur_case, text);
}

static void vfail(const char *fmt, va_list ap)
{
	say("FAIL", fmt, ap);
	if (++failures < T_MAX_FAILURES)
		return;
	printf("FAIL: stopped after %u failures, the first: %s\n", failures, first_failure);
	exit(T_EXIT_FAIL);
}

void t_fail(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfail(fmt, ap);
	va_end(ap);
}

void t_die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say("FAIL", fmt, ap);
	va_end(ap);
	exit(T_EXIT_FAIL);
}

void t_skip(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say("SKIP", fmt, ap);
	va_end(ap);
	exit(failures ? T_EXIT_FAIL : T_EXIT_SKIP);
}

void t_skip_case(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say("skip", fmt, ap);
	va_end(ap);
}

bool t_check(bool ok, const char *fmt, ...)
{
	va_list ap;

	checks++;
	if (!ok) {
		va_start(ap, fmt);
		vfail(fmt, ap);
		va_end(ap);
	}
	return ok;
}

bool t_eq(const char *what, unsigned long long seen, unsigned long long expected)
{
	return t_check(seen == expected, "%s: expected %llu (0x%llx), seen %llu (0x%llx)",
		       what, expected, expected, seen, seen);
}

unsigned int t_failures(void)
{
	return failures;
}

static uint64_t clock_us(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec * 1000000ULL + ts.tv_nsec / 1000;
}

uint64_t t_us(void)
{
	return clock_us(CLOCK_MONOTONIC);
}

uint64_t t_cpu_us(void)
{
	return clock_us(CLOCK_THREAD_CPUTIME_ID);
}

uint64_t t_ms(void)
{
	return t_us() / 1000;
}

void t_thread(pthread_t *thread, void *(*run)(void *arg), void *arg)
{
	int err = pthread_create(thread, NULL, run, arg);

	if (err)
		t_die("pthread_create: %s", strerror(err));
}

void t_sleep_ms(unsigned int ms)
{
	struct timespec ts = { ms / 1000, (ms % 1000) * 1000000L };

	while (nanosleep(&ts, &ts) && errno == EINTR)
		;
}

uint64_t t_rand(uint64_t *state)
{
	uint64_t x = *state ? *state : 88172645463325252ULL;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return *state = x;
}

pid_t t_fork(int (*fn)(void *arg), void *arg)
{
	pid_t parent = getpid(), pid;

	fflush(stdout);
	pid = fork();
	if (pid < 0)
		t_die("fork: %s", strerror(errno));
	if (!pid) {
		int rc;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(T_EXIT_FAIL);
		failures = 0;
		checks = 0;
		alarm(limit_s);
		rc = fn(arg);
		fflush(stdout);
		_exit(rc);
	}
	return pid;
}

int t_wait(pid_t pid, const char *what)
{
	int st;

	while (waitpid(pid, &st, 0) < 0) {
		if (errno != EINTR)
			t_die("waitpid(%s): %s", what, strerror(errno));
	}
	if (WIFSIGNALED(st)) {
		t_fail("%s: ended by signal %d", what, WTERMSIG(st));
		return -1;
	}
	if (WEXITSTATUS(st) == T_EXIT_SKIP)
		return T_EXIT_SKIP;
	t_check(!WEXITSTATUS(st), "%s: expected exit status 0, seen %d", what,
		WEXITSTATUS(st));
	return WEXITSTATUS(st);
}

int t_run(const char *fmt, ...)
{
	char cmd[512], full[600];
	va_list ap;
	int st;

	va_start(ap, fmt);
	vsnprintf(cmd, sizeof(cmd), fmt, ap);
	va_end(ap);
	snprintf(full, sizeof(full), "{ %s ; } >/dev/null 2>&1", cmd);
	fflush(stdout);
	st = system(full);
	return WIFEXITED(st) ? WEXITSTATUS(st) : -1;
}

void t_need_root(void)
{
	if (geteuid())
		t_skip("needs root");
}

bool t_kernel_before(int major, int minor)
{
	struct utsname u;
	int a = 0, b = 0;

	uname(&u);
	sscanf(u.release, "%d.%d", &a, &b);
	return a < major || (a == major && b < minor);
}
