// SPDX-License-Identifier: GPL-2.0
/*
 * Description: rule M4: a fault waits while an invalidation of its range runs, and goes on when
 * the last one has ended. The invalidations are held before they return.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <string.h>
#include <sys/mman.h>

#include "t_debug.h"

/* Time in which the completion of a fault that does not wait would have come. */
#define EARLY_MS	500

static bool waits(struct t_pair *p, const char *what)
{
	struct ibv_wc wc;

	return t_check(!t_wc(p->a.scq, &wc, t_scale(EARLY_MS)),
		       "WRITE to a page that is being invalidated (%s): expected to wait, completed",
		       what);
}

/* All invalidations cover the 2 MiB of the page, and the device has been notified of each. */
static void overlap(struct t_pair *p, struct t_buf *l, int invalidations)
{
	struct t_drop e[2];
	struct t_later w;
	struct t_spot s;
	bool early = false;
	int i;

	t_case("%d invalidations at once", invalidations);
	t_spot_open(&s, p->b.pd, T_HUGE);
	t_write_to(p, l, 64, s.addr, s.odp->rkey);
	t_later_prepare(&w, &p->a);
	for (i = 0; i < invalidations; i++)
		t_drop_prepare(&e[i]);
	t_debug_set("hold_invalidate", "%d", invalidations);
	for (i = 0; i < invalidations; i++)
		t_drop_begin(&e[i], s.addr, s.len);
	t_debug_wait("hold_invalidate", invalidations);

	t_later_write(&w, l, 256, s.addr, s.odp->rkey);
	for (i = invalidations; i > 0 && !early; i--) {
		early = !waits(p, i > 1 ? "by two" : "by one");
		if (i > 1) {
			t_debug_set("hold_invalidate", "-1");
			t_debug_wait("hold_invalidate", i - 1);
		}
	}
	t_debug_set("hold_invalidate", "0");
	for (i = 0; i < invalidations; i++)
		t_drop_end(&e[i]);
	t_later_end(&w);
	if (!early)
		t_expect_wc("WRITE", p->a.scq, 7, IBV_WC_SUCCESS, NULL);
	t_bytes("the page of the process", s.addr, l->addr, 256);
	t_all_bytes("the rest of the fresh page", s.addr + 256, 0, T_PAGE - 256);
	t_spot_close(&s);
}

int main(void)
{
	struct t_pair p;
	struct t_dev d;
	struct t_buf l;

	t_start(120);
	d = t_dev_open();
	t_debug_need(&d);
	t_pair_open(&p, &d, NULL);
	t_buf_open(&l, p.a.pd, T_PINNED, T_PAGE, T_ACCESS_ALL);
	overlap(&p, &l, 1);
	overlap(&p, &l, 2);
	t_buf_close(&l);
	t_pair_close(&p);
	t_dev_close(&d);
	return t_finish();
}
