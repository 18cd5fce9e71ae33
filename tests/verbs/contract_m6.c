// SPDX-License-Identifier: GPL-2.0
/*
 * Description: rule M6: no blockable invalidation is refused, whatever the event and however busy
 * the device. The kernel would go on regardless, with the device in the old pages.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "t_debug.h"
#include "t_traffic.h"

#define PAGES	16

/* What the CPU sees after the event, and that the device writes there. */
static void after(struct t_pair *p, struct t_buf *l, struct t_spot *spot, char *addr, int value)
{
	t_all_bytes("the page after the event", addr, value, T_PAGE);
	t_write_to(p, l, 500, addr, spot->odp->rkey);
	t_bytes("the page of the process after a WRITE", addr, l->addr, 500);
	t_all_bytes("the rest of it", addr + 500, value, T_PAGE - 500);
}

int main(void)
{
	struct t_stream busy;
	struct t_spot spot;
	struct t_twin t;
	struct t_pair p;
	struct t_buf l;
	struct t_dev d;
	char *moved;
	int i;

	t_start(60);
	d = t_dev_open();
	t_need_odp(&d);
	if (!d.pinless)
		t_skip("a rule of the driver pinless");
	t_pair_open(&p, &d, NULL);
	t_buf_open(&l, p.a.pd, T_PINNED, T_PAGE, T_ACCESS_ALL);
	t_stream_open(&busy, &d, &t, PAGES * T_PAGE);
	t_stream_start(&busy);
	t_spot_open(&spot, p.b.pd, T_HUGE);

	t_case("MADV_DONTNEED");
	for (i = 0; i < 20; i++) {
		char *page = spot.addr + i * T_PAGE;

		t_write_to(&p, &l, 100, page, spot.odp->rkey);
		if (madvise(page, T_PAGE, MADV_DONTNEED))
			t_die("MADV_DONTNEED: %s", strerror(errno));
		after(&p, &l, &spot, page, 0);
	}

	t_case("mmap over it");
	t_write_to(&p, &l, 100, spot.addr + 30 * T_PAGE, spot.odp->rkey);
	if (mmap(spot.addr + 30 * T_PAGE, T_PAGE, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
		t_die("mmap: %s", strerror(errno));
	after(&p, &l, &spot, spot.addr + 30 * T_PAGE, 0);

	t_case("mremap to it");
	t_write_to(&p, &l, 100, spot.addr + 40 * T_PAGE, spot.odp->rkey);
	moved = t_mmap(T_PAGE);
	memset(moved, 0x33, T_PAGE);
	if (mremap(moved, T_PAGE, T_PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
		   spot.addr + 40 * T_PAGE) == MAP_FAILED)
		t_die("mremap: %s", strerror(errno));
	after(&p, &l, &spot, spot.addr + 40 * T_PAGE, 0x33);

	t_case("other pages mapped over those that are written");
	for (i = 0; i < 20 && t_stream_wait(&busy, PAGES); i++) {
		t_twin_swap(&t);
		t_stream_wait(&busy, PAGES + 1);
		t_twin_untouched(&t, "pages that were unmapped before");
	}

	t_spot_close(&spot);
	t_stream_close(&busy);
	t_buf_close(&l);
	t_pair_close(&p);
	t_dev_close(&d);
	return t_finish();
}
