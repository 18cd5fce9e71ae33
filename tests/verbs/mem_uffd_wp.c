// SPDX-License-Identifier: GPL-2.0
/*
 * Description: userfaultfd's write protection: the device reads on; what it writes waits for the
 * handler on kernels whose faults can (7.x), and is refused on older ones until the protection is
 * taken away.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "t_memory.h"

static int uffd;
/* Do this kernel's faults wait for the handler? */
static bool waits;
/* The memory, what it was when it was protected, and the pages that the handler was asked for. */
static char *mem;
static char before[T_MEMORY_PAGES * T_PAGE];
static volatile bool asked[T_MEMORY_PAGES];

static int protect(void *addr, size_t len, bool on)
{
	struct uffdio_writeprotect wp = {
		.range = { (uintptr_t)addr, len },
		.mode = on ? UFFDIO_WRITEPROTECT_MODE_WP : 0,
	};

	return ioctl(uffd, UFFDIO_WRITEPROTECT, &wp) ? errno : 0;
}

/* Lifts the protection of each page that is about to be written. */
static void *handler(void *arg)
{
	struct uffd_msg m;

	(void)arg;
	for (;;) {
		struct pollfd f = { .fd = uffd, .events = POLLIN };

		if (poll(&f, 1, 100) <= 0 || read(uffd, &m, sizeof(m)) != sizeof(m) ||
		    m.event != UFFD_EVENT_PAGEFAULT)
			continue;
		asked[(m.arg.pagefault.address - (uintptr_t)mem) / T_PAGE] = true;
		protect((void *)(uintptr_t)(m.arg.pagefault.address & ~(T_PAGE - 1)), T_PAGE,
			false);
	}
	return NULL;
}

static void write_protect(struct t_buf *b)
{
	struct uffdio_register reg = {
		.range = { (uintptr_t)b->addr, b->len },
		.mode = UFFDIO_REGISTER_MODE_WP,
	};
	int err;

	mem = b->addr;
	memcpy(before, b->addr, b->len);
	memset((void *)asked, 0, sizeof(asked));
	if (ioctl(uffd, UFFDIO_REGISTER, &reg))
		t_die("UFFDIO_REGISTER: %s", strerror(errno));
	err = protect(b->addr, b->len, true);
	if (err)
		t_die("UFFDIO_WRITEPROTECT: %s", strerror(err));
}

/* Every page that the device has written, and no other. */
static void check_asked(void)
{
	unsigned int i;

	for (i = 0; i < T_MEMORY_PAGES; i++) {
		bool changed = memcmp(before + i * T_PAGE, mem + i * T_PAGE, T_PAGE) != 0;

		if (!t_check(changed == asked[i],
			     "page %u, which the device %s: expected the handler %s, seen that it %s",
			     i, changed ? "wrote" : "did not write",
			     changed ? "to be asked" : "not to be asked",
			     asked[i] ? "was" : "was not"))
			return;
	}
}

static void unregister(struct t_buf *b)
{
	struct uffdio_range range = { (uintptr_t)b->addr, b->len };

	if (waits)
		check_asked();
	if (ioctl(uffd, UFFDIO_UNREGISTER, &range))
		t_die("UFFDIO_UNREGISTER: %s", strerror(errno));
}

int main(void)
{
	struct uffdio_api api = { .api = UFFD_API, .features = UFFD_FEATURE_PAGEFAULT_FLAG_WP };
	struct t_dev d;
	pthread_t t;

	t_start(60);
	d = t_dev_open();
	t_need_odp(&d);
	waits = !t_kernel_before(7, 0);
	uffd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	if (uffd < 0)
		t_skip("userfaultfd: %s", strerror(errno));
	if (ioctl(uffd, UFFDIO_API, &api))
		t_skip("userfaultfd without write protection: %s", strerror(errno));
	if (waits)
		t_thread(&t, handler, NULL);
	t_memory_event(&d, &(struct t_memory){
		.name = "userfaultfd write protection", .event = write_protect,
		.refuse = waits ? 0 : T_REFUSE_WRITE, .restore = unregister,
	});
	t_dev_close(&d);
	return t_finish();
}
