// SPDX-License-Identifier: GPL-2.0
/* Copyright (c) 2026 The pinless authors */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "t_counters.h"
#include "t_hist.h"
#include "t_test.h"

void t_hist_dir(const char *dev, char *dir, size_t len)
{
	uint32_t index;

	if (!t_device_index(dev, &index))
		t_die("%s: rdma netlink tells no number of it", dev);
	snprintf(dir, len, T_HIST_ROOT "/%u", index);
}

void t_hist_switch(const char *dir, int on)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/enabled", dir);
	fd = open(path, O_WRONLY);
	if (fd < 0 || write(fd, on ? "1" : "0", 1) != 1)
		t_die("%s: %s", path, strerror(errno));
	close(fd);
}

unsigned long long t_hist_sum(const char *dir, const char *name, unsigned long long from,
			      unsigned long long to)
{
	unsigned long long low, high, count, sum = 0, least = 0;
	char path[256], line[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "r");
	if (!f)
		t_die("%s: %s", path, strerror(errno));
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%llu %llu %llu", &low, &high, &count) != 3)
			t_die("%s: expected three numbers, seen: %s", path, line);
		t_check(low >= least && high >= low && !(low & (low - 1)) && !(high & (high + 1)),
			"%s: expected buckets of powers of two, in order, seen: %s", path, line);
		least = high;
		if (low >= from && low <= to)
			sum += count;
	}
	fclose(f);
	return sum;
}
