// SPDX-License-Identifier: GPL-2.0
/*
 * Description: memory of a region that is not mapped is refused on both sides with the right
 * statuses, also where only the last byte is missing; the mapped bytes outside stay untouched,
 * and the region works again once memory is there.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <string.h>
#include <sys/mman.h>

#include "t_sweep.h"

#define PAGES	8
#define REGION	(PAGES * T_PAGE)
#define HOLE	(3 * T_PAGE)

static void punch(struct t_buf *b)
{
	if (munmap(b->addr + HOLE, T_PAGE))
		t_die("munmap failed");
}

static void mend(struct t_buf *b)
{
	void *p = mmap(b->addr + HOLE, T_PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	if (p != b->addr + HOLE)
		t_die("mmap at a fixed place failed");
	memset(t_shadow(b, HOLE), 0, T_PAGE);
}

static void refused(struct t_pair *p, struct t_buf *l, struct t_buf *r, bool at_target,
		    size_t off, size_t len)
{
	static const enum ibv_wr_opcode ops[] = {
		IBV_WR_RDMA_WRITE, IBV_WR_RDMA_READ, IBV_WR_SEND, IBV_WR_ATOMIC_FETCH_AND_ADD,
		IBV_WR_ATOMIC_CMP_AND_SWP,
	};
	unsigned int i;

	for (i = 0; i < T_ARRAY_SIZE(ops); i++) {
		size_t n = t_is_atomic(ops[i]) ? 8 : len, o = t_is_atomic(ops[i]) ? HOLE + 64 : off;
		struct ibv_sge s = t_sge(l, at_target ? 0 : o, n), rs = t_sge(r, o, n);
		struct ibv_send_wr wr = t_send_wr(ops[i], 1, &s, 1,
						  r->iova + (at_target ? o : 0), r->mr->rkey);

		if (!t_kind_ok(p->a.d, r->kind, ops[i]))
			continue;
		t_case("%s %s, %zu bytes from %zu, hole on the %s side", t_kind_name(r->kind),
		       t_op_name(ops[i]), n, o, at_target ? "target" : "initiator");
		if (!at_target) {
			/* Without it a device may say first that the receiver is not ready. */
			if (ops[i] == IBV_WR_SEND)
				t_post_recv(&p->b, 77, &rs, 1);
			t_expect_error(p, &wr, IBV_WC_LOC_PROT_ERR, -1, -1);
		} else if (ops[i] == IBV_WR_SEND) {
			t_post_recv(&p->b, 77, &rs, 1);
			t_expect_error(p, &wr, IBV_WC_REM_OP_ERR, IBV_WC_LOC_PROT_ERR, -1);
		} else {
			t_expect_error(p, &wr, IBV_WC_REM_ACCESS_ERR, -1, IBV_EVENT_QP_ACCESS_ERR);
		}
	}
}

/* Where a refused message would have gone, and where it came from, bytes are undefined. */
static void check_outside(struct t_buf *b, size_t off, size_t len)
{
	memcpy(t_shadow(b, 0), b->addr, len);
	memcpy(t_shadow(b, off), b->addr + off, len);
	t_buf_check_all("memory after the hole was mended", b);
}

static void kind_fn(struct t_pair *p, enum t_kind kind, void *arg)
{
	static const struct { size_t off, len; } at[] = {
		{ HOLE + 100, 200 }, { HOLE, T_PAGE }, { HOLE - 4000, 4001 },
		{ HOLE + T_PAGE - 1, 300 }, { T_PAGE, 5 * T_PAGE },
	};
	unsigned int i, side;

	(void)arg;
	if (kind == T_PINNED) {
		t_skip_case("pinned memory stays with the device");
		return;
	}
	for (side = 0; side < 2; side++) {
		struct t_buf l, r;
		struct t_buf *b = side ? &r : &l;

		t_buf_open(&l, p->a.pd, kind, REGION, T_ACCESS_ALL);
		t_buf_open(&r, p->b.pd, kind, REGION, T_ACCESS_ALL);
		for (i = 0; i < T_ARRAY_SIZE(at); i++) {
			struct t_op op = { .opcode = IBV_WR_RDMA_WRITE, .l = &l, .r = &r,
					   .loff = at[i].off, .roff = at[i].off, .len = at[i].len };

			punch(b);
			refused(p, &l, &r, side, at[i].off, at[i].len);
			mend(b);
			check_outside(&l, at[i].off, at[i].len);
			check_outside(&r, at[i].off, at[i].len);
			t_case("%s WRITE after the hole was mended", t_kind_name(kind));
			t_do(p, &op);
		}
		t_buf_close(&l);
		t_buf_close(&r);
	}
}

int main(void)
{
	t_start(60);
	t_each_kind(IBV_WR_SEND, kind_fn, NULL, NULL);
	return t_finish();
}
