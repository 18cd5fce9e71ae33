// SPDX-License-Identifier: GPL-2.0
/*
 * Description: a region whose iova and length add up to more than 2^64 is refused with EINVAL,
 * whatever its kind; one that ends below is registered and moves data.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "t_op.h"

#define LEN	(2 * T_PAGE)

static struct ibv_mr *reg(struct ibv_pd *pd, enum t_kind k, void *addr, uint64_t iova)
{
	errno = 0;
	return ibv_reg_mr_iova(pd, addr, LEN, iova,
			       T_ACCESS_ALL | (k == T_ODP ? IBV_ACCESS_ON_DEMAND : 0));
}

static void one(struct t_pair *p, struct t_buf *l, enum t_kind k)
{
	static const uint64_t beyond[] = { -T_PAGE, -LEN + T_PAGE, ~7ULL };
	uint64_t top = -2 * LEN;
	struct ibv_send_wr wr;
	struct ibv_sge s;
	struct ibv_mr *mr;
	unsigned int i;
	char *m = t_mmap(LEN);

	for (i = 0; i < T_ARRAY_SIZE(beyond); i++) {
		t_case("%s, iova 0x%llx, %lu bytes", t_kind_name(k),
		       (unsigned long long)beyond[i], LEN);
		mr = reg(p->b.pd, k, m, beyond[i]);
		t_check(!mr && errno == EINVAL, "expected EINVAL, seen %s",
			mr ? "success" : strerror(errno));
		if (mr)
			t_dereg(mr);
	}
	t_case("%s, iova 0x%llx, %lu bytes", t_kind_name(k), (unsigned long long)top, LEN);
	mr = reg(p->b.pd, k, m, top);
	if (t_check(mr != NULL, "expected success, seen %s", strerror(errno))) {
		s = t_sge(l, 0, LEN);
		wr = t_send_wr(IBV_WR_RDMA_WRITE, 1, &s, 1, top, mr->rkey);
		t_post(&p->a, &wr);
		t_expect_wc("WRITE", p->a.scq, 1, IBV_WC_SUCCESS, NULL);
		t_bytes("target", m, l->addr, LEN);
		t_dereg(mr);
	}
	munmap(m, LEN);
}

int main(void)
{
	struct t_pair p;
	struct t_buf l;
	struct t_dev d;

	t_start(30);
	d = t_dev_open();
	t_pair_open(&p, &d, NULL);
	t_buf_open(&l, p.a.pd, T_PINNED, LEN, T_ACCESS_ALL);
	one(&p, &l, T_PINNED);
	if (t_kind_ok(&d, T_ODP, IBV_WR_RDMA_WRITE))
		one(&p, &l, T_ODP);
	t_buf_close(&l);
	t_pair_close(&p);
	t_dev_close(&d);
	return t_finish();
}
