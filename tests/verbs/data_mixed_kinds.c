// SPDX-License-Identifier: GPL-2.0
/*
 * Description: every verb between every pair of registration kinds: pinned, ODP and implicit on
 * either side, with warm pages and with pages never touched before.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <arpa/inet.h>
#include <string.h>
#include <sys/mman.h>

#include "t_op.h"

#define REGION	(16 * T_PAGE)

static const enum ibv_wr_opcode ops[] = {
	IBV_WR_SEND, IBV_WR_SEND_WITH_IMM, IBV_WR_RDMA_WRITE, IBV_WR_RDMA_WRITE_WITH_IMM,
	IBV_WR_RDMA_READ, IBV_WR_ATOMIC_CMP_AND_SWP, IBV_WR_ATOMIC_FETCH_AND_ADD,
};

/* Pages without content, for the CPU and for the device. */
static void make_cold(struct t_buf *b)
{
	if (b->kind == T_PINNED)
		return;
	if (madvise(b->addr, b->len, MADV_DONTNEED))
		t_die("madvise(MADV_DONTNEED) failed");
	memset(t_shadow(b, 0), 0, b->len);
}

static void combination(struct t_pair *p, enum t_kind kl, enum t_kind kr)
{
	struct t_buf l, r;
	unsigned int i, cold;

	t_buf_open(&l, p->a.pd, kl, REGION, T_ACCESS_ALL);
	t_buf_open(&r, p->b.pd, kr, REGION, T_ACCESS_ALL);
	for (i = 0; i < T_ARRAY_SIZE(ops); i++) {
		if (!t_kind_ok(p->a.d, kl, ops[i]) || !t_kind_ok(p->b.d, kr, ops[i]))
			continue;
		/* Bit 0: the initiator's pages are cold; bit 1: the target's. */
		for (cold = 0; cold < 4; cold++) {
			struct t_op op = {
				.opcode = ops[i], .l = &l, .r = &r, .loff = 4090 - 512 * i,
				.roff = 4 * T_PAGE - 8 * i, .imm = htonl(i),
				.len = t_is_atomic(ops[i]) ? 8 : 3 * T_PAGE + 17,
				.compare_add = 0x0101010101010101ULL * i, .swap = ~0ULL,
			};

			t_case("%s %s to %s, %s initiator pages, %s target pages",
			       t_op_name(ops[i]), t_kind_name(kl), t_kind_name(kr),
			       cold & 1 ? "cold" : "warm", cold & 2 ? "cold" : "warm");
			t_buf_fill(&l, i * 8 + cold);
			t_buf_fill(&r, i * 8 + cold + 4);
			if (cold & 1)
				make_cold(&l);
			if (cold & 2)
				make_cold(&r);
			t_do(p, &op);
			t_buf_check_all("initiator side memory, whole", &l);
			t_buf_check_all("target side memory, whole", &r);
		}
	}
	t_buf_close(&l);
	t_buf_close(&r);
}

int main(void)
{
	struct t_pair p;
	struct t_dev d;
	int kl, kr;

	t_start(60);
	d = t_dev_open();
	t_pair_open(&p, &d, NULL);
	for (kl = 0; kl < T_KINDS; kl++) {
		for (kr = 0; kr < T_KINDS; kr++)
			combination(&p, kl, kr);
	}
	t_pair_close(&p);
	t_dev_close(&d);
	return t_finish();
}
