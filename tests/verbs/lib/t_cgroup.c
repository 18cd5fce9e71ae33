// SPDX-License-Identifier: GPL-2.0
/* Copyright (c) 2026 The pinless authors */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "t_cgroup.h"
#include "t_test.h"

#define SYSTEM_ROOT	"/sys/fs/cgroup"
#define OWN_ROOT	"/run/pinless-test-cgroup"

static int put(const char *dir, const char *file, const char *text)
{
	char path[256];
	int err = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	f = fopen(path, "w");
	if (!f)
		return errno;
	if (fputs(text, f) < 0)
		err = errno;
	if (fclose(f) && !err)
		err = errno;
	return err;
}

/* The number behind @word; 0 without it. */
static uint64_t get(const char *dir, const char *file, const char *word)
{
	unsigned long long n = 0;
	char path[256], line[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	f = fopen(path, "r");
	if (!f)
		return 0;
	while (fgets(line, sizeof(line), f)) {
		size_t len = strlen(word);

		if (strncmp(line, word, len) || line[len] != ' ')
			continue;
		n = strtoull(line + len, NULL, 10);
		break;
	}
	fclose(f);
	return n;
}

static const char *root(void)
{
	if (!access(SYSTEM_ROOT "/cgroup.subtree_control", F_OK))
		return SYSTEM_ROOT;
	if (!access(OWN_ROOT "/cgroup.subtree_control", F_OK))
		return OWN_ROOT;
	mkdir(OWN_ROOT, 0755);
	if (mount("cgroup2", OWN_ROOT, "cgroup2", 0, NULL))
		t_skip("cgroups of version 2: %s", strerror(errno));
	return OWN_ROOT;
}

static int open_file(const struct t_cgroup *g, const char *file, int flags)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", g->path, file);
	fd = open(path, flags | O_CLOEXEC);
	if (fd < 0)
		t_die("%s: %s", path, strerror(errno));
	return fd;
}

struct t_cgroup t_cgroup_new(const char *name)
{
	struct t_cgroup g;
	const char *top;

	t_need_root();
	top = root();
	if (put(top, "cgroup.subtree_control", "+memory"))
		t_skip("no memory controller in %s", top);
	snprintf(g.path, sizeof(g.path), "%s/pinless-test-%s", top, name);
	rmdir(g.path);
	if (mkdir(g.path, 0755))
		t_die("mkdir %s: %s", g.path, strerror(errno));
	g.max = open_file(&g, "memory.max", O_WRONLY);
	g.current = open_file(&g, "memory.current", O_RDONLY);
	/* The first read allocates the kernel's buffer for the file: not at the limit. */
	t_cgroup_used(&g);
	return g;
}

void t_cgroup_end(struct t_cgroup *g)
{
	uint64_t end = t_ms() + t_scale(5000);

	close(g->max);
	close(g->current);
	while (rmdir(g->path)) {
		if (t_ms() > end) {
			t_fail("rmdir %s: %s", g->path, strerror(errno));
			break;
		}
		t_sleep_ms(20);
	}
}

void t_cgroup_enter(const struct t_cgroup *g)
{
	int err = put(g->path, "cgroup.procs", "0");

	if (err)
		t_die("entering %s: %s", g->path, strerror(err));
}

static void set_max(const struct t_cgroup *g, const char *text)
{
	if (write(g->max, text, strlen(text)) < 0)
		t_die("%s/memory.max: cannot write %s: %s", g->path, text, strerror(errno));
}

void t_cgroup_limit(const struct t_cgroup *g, uint64_t more)
{
	char text[32];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)(t_cgroup_used(g) + more));
	set_max(g, text);
}

void t_cgroup_unlimit(const struct t_cgroup *g)
{
	set_max(g, "max");
}

void t_cgroup_no_swap(const struct t_cgroup *g)
{
	/* Without the file there is no swap, or no account of it. */
	put(g->path, "memory.swap.max", "0");
}

uint64_t t_cgroup_used(const struct t_cgroup *g)
{
	char text[32] = "";

	if (pread(g->current, text, sizeof(text) - 1, 0) < 0)
		t_die("%s/memory.current: %s", g->path, strerror(errno));
	return strtoull(text, NULL, 10);
}

uint64_t t_cgroup_oom_kills(const struct t_cgroup *g)
{
	return get(g->path, "memory.events", "oom_kill");
}
