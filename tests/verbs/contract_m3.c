// SPDX-License-Identifier: GPL-2.0
/*
 * Description: rule M3: a fault that raced with an invalidation of its range is done again, one
 * that raced with an invalidation elsewhere is not. The fault is held between the kernel's answer
 * and its commit.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "t_counters.h"
#include "t_debug.h"

/* Holds the fault of a WRITE to @s while @event takes a page away. */
static void race(struct t_pair *p, struct t_buf *l, struct t_spot *s, char *event, bool collides)
{
	uint64_t before = t_port_counter(p->a.d, "odp_fault_retries");
	struct t_later w;

	t_later_prepare(&w, &p->a);
	t_debug_set("hold_fault", "1");
	t_later_write(&w, l, 256, s->addr, s->odp->rkey);
	if (t_debug_wait("hold_fault", 1) && madvise(event, T_PAGE, MADV_DONTNEED))
		t_die("MADV_DONTNEED: %s", strerror(errno));
	t_debug_set("hold_fault", "0");
	t_later_end(&w);
	t_expect_wc("WRITE", p->a.scq, 7, IBV_WC_SUCCESS, NULL);
	t_bytes("the page of the process", s->addr, l->addr, 256);
	t_eq("odp_fault_retries", t_port_counter(p->a.d, "odp_fault_retries") - before, collides);
}

int main(void)
{
	struct t_spot s, other;
	struct t_pair p;
	struct t_dev d;
	struct t_buf l;

	t_start(60);
	d = t_dev_open();
	t_debug_need(&d);
	t_pair_open(&p, &d, NULL);
	t_buf_open(&l, p.a.pd, T_PINNED, T_PAGE, T_ACCESS_ALL);

	t_case("invalidation of the page");
	t_spot_open(&s, p.b.pd, T_HUGE);
	race(&p, &l, &s, s.addr, true);
	t_all_bytes("the rest of the fresh page", s.addr + 256, 0, T_PAGE - 256);
	t_spot_close(&s);

	t_case("invalidation of another page in the same 2 MiB");
	t_spot_open(&s, p.b.pd, T_HUGE);
	race(&p, &l, &s, s.addr + 300 * T_PAGE, true);
	t_spot_close(&s);

	t_case("invalidation of another range");
	t_spot_open(&s, p.b.pd, T_HUGE);
	t_spot_open(&other, p.b.pd, T_HUGE);
	t_write_to(&p, &l, 256, other.addr, other.odp->rkey);
	race(&p, &l, &s, other.addr, false);
	t_all_bytes("the dropped page of the other range", other.addr, 0, T_PAGE);
	t_spot_close(&other);
	t_spot_close(&s);

	t_buf_close(&l);
	t_pair_close(&p);
	t_dev_close(&d);
	return t_finish();
}
