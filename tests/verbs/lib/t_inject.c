// SPDX-License-Identifier: GPL-2.0
/* Copyright (c) 2026 The pinless authors */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "t_inject.h"
#include "t_test.h"

#define DEBUGFS	"/sys/kernel/debug/"
#define FAIL_NTH "/proc/thread-self/fail-nth"

static const char *const points[] = { "failslab", "fail_page_alloc" };

#define NO_KERNEL \
	"the kernel cannot make allocations fail (CONFIG_FAILSLAB, CONFIG_FAIL_PAGE_ALLOC, " \
	"CONFIG_FAULT_INJECTION_STACKTRACE_FILTER)"

static bool put(const char *path, const char *text)
{
	size_t len = strlen(text);
	int fd = open(path, O_WRONLY);
	bool ok;

	if (fd < 0)
		return false;
	ok = write(fd, text, len) == (ssize_t)len;
	close(fd);
	return ok;
}

static void set(const char *point, const char *name, const char *fmt, unsigned long long value)
{
	char path[128], text[32];

	snprintf(path, sizeof(path), DEBUGFS "%s/%s", point, name);
	snprintf(text, sizeof(text), fmt, value);
	if (!put(path, text))
		t_die("cannot write %s to %s: %s", text, path, strerror(errno));
}

/* Where the code of the module is; its data lie behind it. */
static bool module_range(const char *module, unsigned long long *start,
			 unsigned long long *end)
{
	unsigned long long at;
	unsigned long size;
	char line[512], name[64];
	bool found = false;
	FILE *f;

	f = fopen("/proc/modules", "r");
	if (!f)
		return false;
	while (!found && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%63s %lu %*s %*s %*s %llx", name, &size, &at) != 3)
			continue;
		found = !strcmp(name, module) && at;
	}
	fclose(f);
	if (found) {
		*start = at;
		*end = at + size;
	}
	return found;
}

/* From the function to the next one after it. */
static bool function_range(const char *function, unsigned long long *start,
			   unsigned long long *end)
{
	unsigned long long at;
	char line[512], name[256];
	int pass;
	FILE *f;

	*start = 0;
	*end = ULLONG_MAX;
	for (pass = 0; pass < 2; pass++) {
		f = fopen("/proc/kallsyms", "r");
		if (!f)
			return false;
		while (fgets(line, sizeof(line), f)) {
			if (sscanf(line, "%llx %*c %255s", &at, name) != 2)
				continue;
			if (!pass && !strcmp(name, function))
				*start = at;
			if (pass && at > *start && at < *end)
				*end = at;
		}
		fclose(f);
		if (!*start)
			return false;
	}
	return true;
}

static void set_range(const char *name, unsigned long long start, unsigned long long end)
{
	char file[32];
	unsigned int i;

	for (i = 0; i < T_ARRAY_SIZE(points); i++) {
		snprintf(file, sizeof(file), "%s-start", name);
		set(points[i], file, "%#llx", start);
		snprintf(file, sizeof(file), "%s-end", name);
		set(points[i], file, "%#llx", end);
	}
}

static void filter(unsigned long long start, unsigned long long end)
{
	unsigned int i;

	for (i = 0; i < T_ARRAY_SIZE(points); i++) {
		set(points[i], "probability", "%llu", 0);
		set(points[i], "times", "%llu", 0);
		set(points[i], "interval", "%llu", 1);
		/* An injected failure must not look like a report in the log. */
		set(points[i], "verbose", "%llu", getenv("PINLESS_TEST_STACKS") ? 2 : 0);
		set(points[i], "task-filter", "%c", 'N');
		set(points[i], "ignore-gfp-wait", "%c", 'N');
	}
	set("fail_page_alloc", "ignore-gfp-highmem", "%c", 'N');
	set("fail_page_alloc", "min-order", "%llu", 0);
	t_inject_depth(T_INJECT_DEPTH);
	set_range("require", start, end);
	set_range("reject", 0, 0);
}

static void need_kernel(void)
{
	t_need_root();
	if (access(FAIL_NTH, W_OK) || access(DEBUGFS "failslab/require-start", W_OK) ||
	    access(DEBUGFS "fail_page_alloc/require-start", W_OK))
		t_skip(NO_KERNEL);
}

void t_inject_need(void)
{
	unsigned long long start, end;

	need_kernel();
	if (!module_range("pinless", &start, &end))
		t_skip("the module pinless is not loaded: its code cannot be told from others'");
	filter(start, end);
}

static void need_range(const char *function, unsigned long long *start, unsigned long long *end)
{
	if (!function_range(function, start, end))
		t_skip("/proc/kallsyms has no address of %s", function);
}

void t_inject_inside(const char *function)
{
	unsigned long long start, end;

	need_kernel();
	need_range(function, &start, &end);
	filter(start, end);
}

void t_inject_outside(const char *function)
{
	unsigned long long start, end;

	need_range(function, &start, &end);
	set_range("reject", start, end);
}

void t_inject_depth(unsigned int depth)
{
	unsigned int i;

	for (i = 0; i < T_ARRAY_SIZE(points); i++)
		set(points[i], "stacktrace-depth", "%llu", depth);
}

void t_inject_arm(unsigned int nth)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", nth);
	if (!put(FAIL_NTH, text))
		t_die("cannot write to " FAIL_NTH ": %s", strerror(errno));
}

static bool reached(const char *path)
{
	unsigned int left;
	FILE *f = fopen(path, "r");

	if (!f || fscanf(f, "%u", &left) != 1)
		t_die("cannot read %s: %s", path, strerror(errno));
	fclose(f);
	return !left;
}

bool t_inject_disarm(void)
{
	bool failed = reached(FAIL_NTH);

	t_inject_arm(0);
	return failed;
}

int t_inject_wait(pid_t pid, bool *hit)
{
	siginfo_t info;
	char path[64];

	/* What is left to fail can be read only while the process has not been reaped. */
	if (waitid(P_PID, pid, &info, WEXITED | WNOWAIT))
		t_die("waitid: %s", strerror(errno));
	snprintf(path, sizeof(path), "/proc/%d/fail-nth", pid);
	*hit = reached(path);
	waitpid(pid, NULL, 0);
	t_check(info.si_code == CLD_EXITED, "expected an exit status, seen signal %d",
		info.si_status);
	return info.si_status;
}

void t_inject_random(unsigned int percent)
{
	unsigned int i;

	for (i = 0; i < T_ARRAY_SIZE(points); i++) {
		set(points[i], "times", "%lld", percent ? -1 : 0);
		set(points[i], "probability", "%llu", percent);
	}
}
