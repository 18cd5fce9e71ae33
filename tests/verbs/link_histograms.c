// SPDX-License-Identifier: GPL-2.0
/*
 * Description: the histograms of a device go with it, even while they are on and their files are
 * open: reading on fails, and a device made again begins with its own, off. They count nothing
 * while only another device's are on.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "counters.h"
#include "t_hist.h"
#include "t_link.h"
#include "t_op.h"

#define X(member, name, text) name,
static const char *const names[] = { PINLESS_HISTOGRAMS(X) "enabled" };

#undef X

#define FILES	T_ARRAY_SIZE(names)

static int open_file(const char *dir, const char *name)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		t_die("%s: %s", path, strerror(errno));
	return fd;
}

/* The switch of another device is not that of this one, which is off. */
static void other_is_on(const char *dir, const char *other)
{
	struct t_dev d = t_dev_open_name(T_LINK);
	struct t_op op = { .opcode = IBV_WR_RDMA_WRITE, .len = 5000 };
	struct t_buf l, r;
	struct t_pair p;
	size_t i;

	t_case("another device's are on");
	t_hist_switch(other, 1);
	t_pair_open(&p, &d, NULL);
	t_buf_open(&l, p.a.pd, T_ODP, 4 * T_PAGE, T_ACCESS_ALL);
	t_buf_open(&r, p.b.pd, T_ODP, 4 * T_PAGE, T_ACCESS_ALL);
	op.l = &l;
	op.r = &r;
	t_do(&p, &op);
	t_buf_close(&l);
	t_buf_close(&r);
	t_pair_close(&p);
	t_dev_close(&d);
	for (i = 0; i < FILES - 1; i++)
		t_eq(names[i], t_hist_sum(dir, names[i], 0, ~0ull), 0);
	t_hist_switch(other, 0);
}

int main(void)
{
	char dir[128], other[128], text[256];
	int fd[FILES], round;
	size_t i;

	t_start(60);
	t_link_need();
	if (access(T_HIST_ROOT, F_OK))
		t_skip("%s: %s: mount it with \"mount -t debugfs debugfs /sys/kernel/debug\"",
		       T_HIST_ROOT, strerror(errno));
	t_hist_dir(t_dev_name(), other, sizeof(other));
	for (round = 0; round < 2; round++) {
		t_link_add();
		t_hist_dir(T_LINK, dir, sizeof(dir));
		other_is_on(dir, other);
		t_case("round %d", round);
		for (i = 0; i < FILES; i++)
			fd[i] = open_file(dir, names[i]);
		t_check(read(fd[FILES - 1], text, sizeof(text)) == 2 && text[0] == '0',
			"%s/enabled: expected 0 of a new device", dir);
		t_hist_switch(dir, 1);
		t_check(!t_run("rdma link delete %s", T_LINK), "rdma link delete failed");
		t_check(access(dir, F_OK) && errno == ENOENT, "%s is still there", dir);
		for (i = 0; i < FILES; i++) {
			t_check(read(fd[i], text, sizeof(text)) < 0,
				"%s of a device that is gone can be read", names[i]);
			close(fd[i]);
		}
	}
	t_link_clean();
	return t_finish();
}
