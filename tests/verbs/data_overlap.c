// SPDX-License-Identifier: GPL-2.0
/*
 * Description: several regions of different kind, size and rights over the same pages, used in
 * turn; deregistering one does not touch the others.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include "t_op.h"

#define REGION	(64 * T_PAGE)
#define NR	24

int main(void)
{
	struct ibv_mr *mr[NR], *own;
	struct t_buf l, r;
	struct t_pair p;
	struct t_dev d;
	unsigned int i, round;

	t_start(60);
	d = t_dev_open();
	t_pair_open(&p, &d, NULL);
	t_buf_open(&l, p.a.pd, T_PINNED, REGION, T_ACCESS_ALL);
	t_buf_open(&r, p.b.pd, T_PINNED, REGION, T_ACCESS_ALL);
	own = r.mr;
	for (i = 0; i < NR; i++) {
		enum t_kind k = i % T_KINDS;

		if (!t_kind_ok(&d, k, IBV_WR_RDMA_WRITE))
			k = T_PINNED;
		mr[i] = t_reg(p.b.pd, k, r.addr + i * T_PAGE / 2, REGION - i * T_PAGE,
			      T_ACCESS_ALL);
	}
	for (round = 0; round < NR; round++) {
		for (i = round; i < NR; i++) {
			struct t_op op = {
				.opcode = i & 1 ? IBV_WR_RDMA_READ : IBV_WR_RDMA_WRITE,
				.l = &l, .r = &r, .loff = (round * 97 + i * 13) % T_PAGE,
				.roff = 14 * T_PAGE + (round * 31 + i * 577) % (8 * T_PAGE),
				.len = 700,
			};

			r.mr = mr[i];
			r.kind = i % T_KINDS;
			t_case("round %u, region %u of %u", round, i, NR);
			t_do(&p, &op);
		}
		t_dereg(mr[round]);
	}
	r.mr = own;
	t_case("at the end");
	t_buf_check_all("target side memory, whole", &r);
	t_buf_check_all("initiator side memory, whole", &l);
	t_buf_close(&l);
	t_buf_close(&r);
	t_pair_close(&p);
	t_dev_close(&d);
	return t_finish();
}
