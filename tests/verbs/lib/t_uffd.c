// SPDX-License-Identifier: GPL-2.0
/* Copyright (c) 2026 The pinless authors */
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "t_test.h"
#include "t_uffd.h"

static int uffd_open(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);

	if (fd < 0 || ioctl(fd, UFFDIO_API, &api))
		t_skip("userfaultfd: %s: run as root, or set vm.unprivileged_userfaultfd to 1",
		       strerror(errno));
	return fd;
}

void t_need_uffd(void)
{
	close(uffd_open());
}

int t_uffd_hold(char *m, size_t len)
{
	struct uffdio_register reg = {
		.range = { (uintptr_t)m, len },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	int fd = uffd_open();

	if (ioctl(fd, UFFDIO_REGISTER, &reg))
		t_die("UFFDIO_REGISTER: %s", strerror(errno));
	return fd;
}
