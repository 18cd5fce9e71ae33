// SPDX-License-Identifier: GPL-2.0
/*
 * Description: the counters that kernel/obs/counters.h lists are those that the port and the regions
 * have, no more and no fewer, in hw_counters and in what "rdma statistic" shows, with one value.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "counters.h"
#include "t_counters.h"
#include "t_pair.h"

#define X(member, name, text) name,
static const char *const port_names[] = { PINLESS_COUNTERS(X) };
static const char *const region_names[] = { PINLESS_REGION_COUNTERS(X) };

#undef X

#define MAX_OUTPUT	65536

static bool listed(const char *const *names, size_t n, const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (strlen(names[i]) == len && !memcmp(names[i], name, len))
			return true;
	}
	return false;
}

/* What a command prints; ends the program when it fails. */
static char *output_of(const char *command)
{
	char *out = malloc(MAX_OUTPUT);
	FILE *f = popen(command, "r");
	size_t n;

	if (!f || !out)
		t_die("%s: %s", command, strerror(errno));
	n = fread(out, 1, MAX_OUTPUT - 1, f);
	out[n] = '\0';
	if (pclose(f))
		t_die("%s: failed; it printed: %.200s", command, out);
	return out;
}

/*
 * The members of a JSON object that have a number as value, but for those that
 * say which object it is: each must be in the list. Returns how many.
 */
static size_t only_listed(const char *what, const char *json, const char *const *names, size_t n,
			  const char *const *keys, size_t num_keys)
{
	const char *p = json, *end;
	size_t seen = 0;

	while ((p = strchr(p, '"'))) {
		end = strchr(++p, '"');
		if (!end)
			break;
		if (end[1] == ':' && isdigit((unsigned char)end[2 + strspn(end + 2, " ")]) &&
		    !listed(keys, num_keys, p, end - p)) {
			t_check(listed(names, n, p, end - p), "%s: %.*s is not in counters.h",
				what, (int)(end - p), p);
			seen++;
		}
		p = end + 1;
	}
	return seen;
}

/* The value of a member of a JSON object; -1 when there is none. */
static long long value_in(const char *json, const char *name)
{
	char key[80];
	const char *p;

	snprintf(key, sizeof(key), "\"%s\":", name);
	p = strstr(json, key);
	return p ? strtoll(p + strlen(key), NULL, 10) : -1;
}

/* As the file shows it; -1 when there is none. */
static long long value_in_sysfs(const char *dir, const char *name)
{
	long long value = -1;
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "r");
	if (f && fscanf(f, "%lld", &value) != 1)
		value = -1;
	if (f)
		fclose(f);
	return value;
}

static void port(const char *dev)
{
	static const char *const keys[] = { "ifindex", "port" };
	char dir[256], command[256], *json;
	struct dirent *e;
	size_t i, files = 0;
	DIR *d;

	t_case("hw_counters");
	snprintf(dir, sizeof(dir), "/sys/class/infiniband/%s/ports/1/hw_counters", dev);
	d = opendir(dir);
	if (!d)
		t_die("%s: %s", dir, strerror(errno));
	while ((e = readdir(d))) {
		/* The core's own file tells how old a value may be. */
		if (e->d_name[0] == '.' || !strcmp(e->d_name, "lifespan"))
			continue;
		files++;
		t_check(listed(port_names, T_ARRAY_SIZE(port_names), e->d_name, strlen(e->d_name)),
			"%s/%s is not in counters.h", dir, e->d_name);
	}
	closedir(d);
	t_eq("files in hw_counters", files, T_ARRAY_SIZE(port_names));

	t_case("rdma statistic show link");
	snprintf(command, sizeof(command), "rdma -j statistic show link %s/1", dev);
	json = output_of(command);
	t_eq("counters shown", only_listed(command, json, port_names, T_ARRAY_SIZE(port_names),
					   keys, T_ARRAY_SIZE(keys)),
	     T_ARRAY_SIZE(port_names));
	for (i = 0; i < T_ARRAY_SIZE(port_names); i++) {
		long long file = value_in_sysfs(dir, port_names[i]);
		long long shown = value_in(json, port_names[i]);

		t_check(file >= 0, "%s/%s: not there, or no number", dir, port_names[i]);
		t_check(shown >= 0, "%s: %s is missing", command, port_names[i]);
		/* Memory may be reclaimed at any time. */
		if (strcmp(port_names[i], "odp_table_bytes"))
			t_check(file == shown, "%s: %lld in hw_counters, %lld by %s",
				port_names[i], file, shown, command);
	}
	free(json);
}

static void region(struct ibv_mr *mr)
{
	static const char *const keys[] = { "ifindex", "mrn", "pid", "pdn", "mrlen", "lkey",
					    "rkey" };
	const char *command = "rdma -j statistic show mr";
	struct t_counters c;
	char *json;
	size_t i;

	t_case("rdma statistic show mr");
	t_check(t_counters_read(mr, &c), "the counters of a region cannot be read");
	json = output_of(command);
	t_check(only_listed(command, json, region_names, T_ARRAY_SIZE(region_names), keys,
			    T_ARRAY_SIZE(keys)) % T_ARRAY_SIZE(region_names) == 0,
		"%s: regions lack some of the counters: %.400s", command, json);
	for (i = 0; i < T_ARRAY_SIZE(region_names); i++)
		t_check(value_in(json, region_names[i]) >= 0, "%s: %s is missing: %.400s", command,
			region_names[i], json);
	free(json);
}

int main(void)
{
	struct ibv_mr *mr;
	struct ibv_pd *pd;
	struct t_dev d;

	t_start(30);
	d = t_dev_open();
	if (!d.pinless)
		t_skip("kernel/obs/counters.h lists the counters of pinless");
	t_need_root();
	if (t_run("command -v rdma"))
		t_skip("the command rdma is missing: apt-get install iproute2");
	pd = ibv_alloc_pd(d.ctx);
	if (!pd)
		t_die("ibv_alloc_pd: %s", strerror(errno));
	mr = t_reg(pd, T_ODP, t_mmap(T_PAGE), T_PAGE, T_ACCESS_ALL);
	port(ibv_get_device_name(d.ctx->device));
	region(mr);
	t_dereg(mr);
	ibv_dealloc_pd(pd);
	t_dev_close(&d);
	return t_finish();
}
