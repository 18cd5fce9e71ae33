// SPDX-License-Identifier: GPL-2.0
/*
 * Description: what the device writes after MADV_FREE survives the reclaim of these pages: a
 * device write must mark the page dirty, as the kernel drops clean ones.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <string.h>
#include <sys/mman.h>

#include "t_memory.h"

#define PAGES	16
#define LEN	1000

static void one(struct t_pair *p, enum t_kind kind, enum ibv_wr_opcode op, bool cpu)
{
	/* Where the device writes: at the target, or for READ at the initiator. */
	bool at_target = op != IBV_WR_RDMA_READ;
	size_t len = t_is_atomic(op) ? 8 : LEN;
	struct t_buf l, r, *b = at_target ? &r : &l;
	unsigned int i, lost = 0;

	t_buf_open(&l, p->a.pd, at_target ? T_PINNED : kind, PAGES * T_PAGE, T_ACCESS_ALL);
	t_buf_open(&r, p->b.pd, at_target ? kind : T_PINNED, PAGES * T_PAGE, T_ACCESS_ALL);
	for (i = 0; i < PAGES; i++)
		t_do(p, &(struct t_op){ .opcode = op, .l = &l, .r = &r, .loff = i * T_PAGE,
					.roff = i * T_PAGE, .len = len, .compare_add = 1 });
	t_buf_fill(at_target ? &l : &r, 99);
	if (madvise(b->addr, b->len, MADV_FREE))
		t_die("madvise(MADV_FREE) failed");
	for (i = 0; i < PAGES; i++) {
		if (cpu) {
			memset(b->addr + i * T_PAGE, 0x3c, len);
			memset(t_shadow(b, i * T_PAGE), 0x3c, len);
			continue;
		}
		/* Bytes that the device does not write are old or zero now: not compared. */
		memcpy(b->shadow, b->map, b->map_len);
		t_do(p, &(struct t_op){ .opcode = op, .l = &l, .r = &r, .loff = i * T_PAGE,
					.roff = i * T_PAGE, .len = len, .compare_add = 0x55 });
	}
	if (madvise(b->addr, b->len, MADV_PAGEOUT))
		t_die("madvise(MADV_PAGEOUT) failed");
	for (i = 0; i < PAGES; i++)
		lost += memcmp(b->addr + i * T_PAGE, t_shadow(b, i * T_PAGE), len) != 0;
	t_check(!lost, "writes lost: expected 0 of %d pages, seen %u", PAGES, lost);
	t_buf_close(&l);
	t_buf_close(&r);
}

int main(void)
{
	static const enum ibv_wr_opcode ops[] = {
		IBV_WR_RDMA_WRITE, IBV_WR_RDMA_READ, IBV_WR_SEND, IBV_WR_ATOMIC_FETCH_AND_ADD,
	};
	struct t_pair p;
	struct t_dev d;
	unsigned int i;
	int k;

	t_start(60);
	d = t_dev_open();
	t_need_odp(&d);
	t_swap_on();
	t_pair_open(&p, &d, NULL);
	t_case("written by the CPU");
	one(&p, T_ODP, IBV_WR_RDMA_WRITE, true);
	for (k = T_ODP; k <= T_IMPLICIT; k++) {
		for (i = 0; i < T_ARRAY_SIZE(ops); i++) {
			t_case("%s, written by %s", t_kind_name(k), t_op_name(ops[i]));
			if (t_kind_ok(&d, k, ops[i]))
				one(&p, k, ops[i], false);
		}
	}
	t_pair_close(&p);
	t_swap_off();
	t_dev_close(&d);
	return t_finish();
}
