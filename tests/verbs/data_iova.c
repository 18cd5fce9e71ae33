// SPDX-License-Identifier: GPL-2.0
/*
 * Description: regions registered with an iova that is not the address: shifted by pages, 0, and
 * at the far end of the address space; an iova with another offset in the page is refused.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "t_sweep.h"

#define REGION	(32 * T_PAGE)
/* With a shift of 16 pages, accesses below this stay inside the pages of the region. */
#define USED	(16 * T_PAGE)

struct iova_case {
	const char *name;
	/* Added to the address, or to 0 when absolute. */
	uint64_t shift;
	bool absolute;
	/* Makes rxe's ODP index beyond its tables, which crashes the kernel. */
	bool far_off;
};

static const struct iova_case cases[] = {
	{ "iova = address + 16 pages", 16 * T_PAGE, false, false },
	{ "iova = address - 3 pages", -3 * T_PAGE, false, true },
	{ "iova = address + 1 TiB", 1ULL << 40, false, true },
	{ "iova = 0", 0, true, true },
	{ "iova = 1 page", T_PAGE, true, true },
	{ "iova = 2^63", 1ULL << 63, true, true },
	{ "iova up to the last byte but one page", -(REGION + T_PAGE), true, true },
};

static const enum ibv_wr_opcode ops[] = {
	IBV_WR_RDMA_WRITE, IBV_WR_RDMA_READ, IBV_WR_SEND, IBV_WR_ATOMIC_FETCH_AND_ADD,
	IBV_WR_ATOMIC_CMP_AND_SWP,
};

static int odp_flag(enum t_kind kind)
{
	return T_ACCESS_ALL | (kind == T_ODP ? IBV_ACCESS_ON_DEMAND : 0);
}

static bool open_buf(struct t_buf *b, struct ibv_pd *pd, enum t_kind kind,
		     const struct iova_case *c, uint32_t seed)
{
	uint64_t iova;

	t_buf_map(b, REGION);
	t_buf_fill(b, seed);
	b->kind = kind;
	iova = c->absolute ? c->shift : (uintptr_t)b->addr + c->shift;
	b->mr = ibv_reg_mr_iova(pd, b->addr, b->len, iova, odp_flag(kind));
	b->iova = iova;
	return t_check(b->mr != NULL, "ibv_reg_mr_iova(addr %p, iova 0x%llx): %s",
		       (void *)b->addr, (unsigned long long)iova, strerror(errno));
}

static void all_ops(struct t_pair *p, const char *name, enum t_kind kind, struct t_buf *l,
		    struct t_buf *r)
{
	static const size_t offs[] = { 0, 8, 4096, 4088, 3 * 4096 + 4048, USED - 1024 };
	unsigned int i, j, before = t_failures();

	for (i = 0; i < T_ARRAY_SIZE(ops); i++) {
		if (!t_kind_ok(p->a.d, kind, ops[i]))
			continue;
		for (j = 0; j < T_ARRAY_SIZE(offs); j++) {
			struct t_op op = {
				.opcode = ops[i], .l = l, .r = r,
				.loff = offs[T_ARRAY_SIZE(offs) - 1 - j] + 3, .roff = offs[j],
				.len = t_is_atomic(ops[i]) ? 8 : 1000,
				.compare_add = 0x123456789abcdefULL * (j + 1), .swap = j,
			};

			t_case("%s, %s %s, local offset %zu, remote offset %zu", name,
			       t_kind_name(kind), t_op_name(ops[i]), op.loff, op.roff);
			if (t_failures() < before + T_SWEEP_FAILURES)
				t_do(p, &op);
		}
	}
	t_buf_check_all("initiator side memory, whole", l);
	t_buf_check_all("target side memory, whole", r);
}

static void odd_offset(struct t_pair *p, enum t_kind kind)
{
	char *m = t_mmap(REGION);
	struct ibv_mr *mr;

	t_case("iova with another page offset, %s", t_kind_name(kind));
	mr = ibv_reg_mr_iova(p->a.pd, m, REGION, (uintptr_t)m + 8, odp_flag(kind));
	t_check(!mr && errno == EINVAL, "ibv_reg_mr_iova: expected EINVAL, seen %s",
		mr ? "success" : strerror(errno));
	if (mr)
		t_dereg(mr);
	munmap(m, REGION);
}

int main(void)
{
	struct t_buf l, r;
	struct t_pair p;
	struct t_dev d;
	unsigned int i;
	int k;

	t_start(60);
	d = t_dev_open();
	t_pair_open(&p, &d, NULL);
	for (k = T_PINNED; k <= T_ODP; k++) {
		if (!t_kind_ok(&d, k, IBV_WR_RDMA_WRITE))
			continue;
		odd_offset(&p, k);
		for (i = 0; i < T_ARRAY_SIZE(cases); i++) {
			t_case("%s, %s", cases[i].name, t_kind_name(k));
			if (cases[i].far_off && k == T_ODP && !d.pinless) {
				t_skip_case("runs on pinless only, it crashes the kernel with rxe");
				continue;
			}
			if (open_buf(&l, p.a.pd, k, &cases[i], i * 2) &&
			    open_buf(&r, p.b.pd, k, &cases[i], i * 2 + 1)) {
				all_ops(&p, cases[i].name, k, &l, &r);
				t_buf_close(&r);
			}
			t_buf_close(&l);
		}
	}
	t_pair_close(&p);
	t_dev_close(&d);
	return t_finish();
}
