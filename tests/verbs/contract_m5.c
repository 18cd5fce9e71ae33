// SPDX-License-Identifier: GPL-2.0
/*
 * Description: rule M5: a non-blockable invalidation succeeds, also while a fault is under way;
 * and where one of many leaves refuses it, nothing is left behind: later faults succeed at once.
 * The HMM of 2019 left a count raised, and every later fault hung.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "t_debug.h"

#define LEAVES	8
#define SIZE	(LEAVES * T_HUGE)

static int invalidate(void *addr, size_t len)
{
	return t_debug_set("invalidate", "%lu %lu", (unsigned long)addr, len);
}

/* A WRITE that must not hang; if it does, it is released so that the program can end. */
static bool write_now(struct t_pair *p, struct t_buf *l, char *to, uint32_t rkey)
{
	struct t_later w;
	struct ibv_wc wc;
	bool done;

	t_later_prepare(&w, &p->a);
	t_later_write(&w, l, 64, to, rkey);
	done = t_check(t_wc(p->a.scq, &wc, t_scale(3000)),
		       "WRITE after the invalidation: expected to succeed at once, hangs");
	if (!done) {
		t_debug_set("broken_rule", "%ld", t_debug_get("broken_rule"));
		t_later_end(&w);
		t_wc(p->a.scq, &wc, t_scale(3000));
		return false;
	}
	t_later_end(&w);
	t_eq("status of the WRITE", wc.status, IBV_WC_SUCCESS);
	return t_bytes("the page of the process", to, l->addr, 64);
}

/* One page of every leaf, and some that the device has never seen. */
static bool write_all(struct t_pair *p, struct t_buf *l, struct t_spot *s, unsigned int page)
{
	unsigned int i;

	for (i = 0; i < LEAVES; i++) {
		if (!write_now(p, l, s->addr + i * T_HUGE, s->odp->rkey) ||
		    !write_now(p, l, s->addr + i * T_HUGE + page * T_PAGE, s->odp->rkey))
			return false;
	}
	return true;
}

int main(void)
{
	struct t_spot s, cold;
	struct t_later w;
	struct t_pair p;
	struct t_dev d;
	struct t_buf l;
	int i;

	t_start(120);
	d = t_dev_open();
	t_debug_need(&d);
	t_pair_open(&p, &d, NULL);
	t_buf_open(&l, p.a.pd, T_PINNED, T_PAGE, T_ACCESS_ALL);
	t_spot_open(&s, p.b.pd, SIZE);

	t_case("non-blockable invalidation of %d leaves", LEAVES);
	write_all(&p, &l, &s, 1);
	t_eq("error of the invalidation", invalidate(s.addr, SIZE), 0);
	write_all(&p, &l, &s, 2);

	t_case("the same while a fault is held before its commit");
	t_spot_open(&cold, p.b.pd, T_HUGE);
	t_later_prepare(&w, &p.a);
	t_debug_set("hold_fault", "1");
	t_later_write(&w, &l, 64, cold.addr, cold.odp->rkey);
	t_debug_wait("hold_fault", 1);
	t_eq("error of the invalidation", invalidate(cold.addr, T_HUGE), 0);
	t_eq("faults that are held", t_debug_get("hold_fault"), 1);
	t_debug_set("hold_fault", "0");
	t_later_end(&w);
	t_expect_wc("WRITE", p.a.scq, 7, IBV_WC_SUCCESS, NULL);
	t_spot_close(&cold);

	for (i = 1; i <= LEAVES && !t_failures(); i += LEAVES - 1) {
		t_case("leaf %d of %d refuses", i, LEAVES);
		t_debug_set("refuse", "%d", i);
		t_eq("error of the invalidation", invalidate(s.addr, SIZE), EAGAIN);
		t_debug_set("refuse", "0");
		t_spot_open(&cold, p.b.pd, T_HUGE);
		if (write_now(&p, &l, cold.addr, cold.odp->rkey))
			write_all(&p, &l, &s, 10 + i);
		t_spot_close(&cold);
	}

	t_spot_close(&s);
	t_buf_close(&l);
	t_pair_close(&p);
	t_dev_close(&d);
	return t_finish();
}
