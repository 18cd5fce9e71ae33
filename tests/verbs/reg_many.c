// SPDX-License-Identifier: GPL-2.0
/*
 * Description: one range registered 64 times, used through every region, discarded, used again,
 * and deregistered in mixed order; memory that was never registered alone stays as it is.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <string.h>
#include <sys/mman.h>

#include "t_sweep.h"

#define NR	64

static void use(struct t_pair *p, struct t_buf *l, struct t_buf *r, struct ibv_mr **mr)
{
	struct ibv_mr *own = r->mr;
	unsigned int i;

	for (i = 0; i < NR; i++) {
		struct t_op op = { .opcode = i & 1 ? IBV_WR_RDMA_WRITE : IBV_WR_RDMA_READ, .l = l,
				   .r = r, .loff = i * 50, .roff = i * 700, .len = 500 };

		if (!mr[i])
			continue;
		r->mr = mr[i];
		t_do(p, &op);
	}
	r->mr = own;
}

static void kind_fn(struct t_pair *p, enum t_kind kind, void *arg)
{
	struct ibv_mr *mr[NR];
	struct t_buf l, r;
	unsigned int i;

	(void)arg;
	t_buf_open(&l, p->a.pd, kind, 16 * T_PAGE, T_ACCESS_ALL);
	t_buf_open(&r, p->b.pd, kind, 16 * T_PAGE, T_ACCESS_ALL);
	for (i = 0; i < NR; i++)
		mr[i] = t_reg(p->b.pd, kind, r.addr, r.len, T_ACCESS_ALL);
	t_case("%s, 64 regions over one range", t_kind_name(kind));
	use(p, &l, &r, mr);
	if (kind != T_PINNED) {
		t_case("%s, after MADV_DONTNEED", t_kind_name(kind));
		madvise(r.addr, r.len, MADV_DONTNEED);
		memset(t_shadow(&r, 0), 0, r.len);
		use(p, &l, &r, mr);
	}
	t_case("%s, after every third was deregistered", t_kind_name(kind));
	for (i = 0; i < NR; i += 3) {
		t_dereg(mr[i]);
		mr[i] = NULL;
	}
	use(p, &l, &r, mr);
	t_buf_check_all("target side memory", &r);
	for (i = 0; i < NR; i++) {
		if (mr[i])
			t_dereg(mr[i]);
	}
	t_buf_close(&l);
	t_buf_close(&r);
}

int main(void)
{
	t_start(30);
	t_each_kind(IBV_WR_RDMA_WRITE, kind_fn, NULL, NULL);
	return t_finish();
}
