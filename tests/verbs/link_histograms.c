// SPDX-License-Identifier: GPL-2.0
/*
 * Description: the histograms of a device go with it, also while they are on and their files are
 * open: who still reads gets an error, and a device made again begins with its own, off.
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

int main(void)
{
	char dir[128], text[256];
	int fd[FILES], round;
	size_t i;

	t_start(60);
	t_link_need();
	if (access(T_HIST_ROOT, F_OK))
		t_skip("%s: %s: mount it with \"mount -t debugfs debugfs /sys/kernel/debug\"",
		       T_HIST_ROOT, strerror(errno));
	for (round = 0; round < 2; round++) {
		t_case("round %d", round);
		t_link_add();
		t_hist_dir(T_LINK, dir, sizeof(dir));
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
