// SPDX-License-Identifier: GPL-2.0
/*
 * Description: inline SEND and WRITE of 0 bytes to the maximum, from one and from several
 * elements without a valid key, with the source overwritten right after the post.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <string.h>

#include "t_sweep.h"

#define MAX_INLINE	1024
#define REGION		(2 * T_PAGE)

static void one(struct t_pair *p, struct t_buf *r, enum ibv_wr_opcode op, size_t len,
		unsigned int parts)
{
	static unsigned char src[MAX_INLINE], want[MAX_INLINE];
	size_t off = T_PAGE - len / 2, step = (len + parts - 1) / parts, i, at;
	struct ibv_sge sge[4], rsge = t_sge(r, off, len);
	struct ibv_send_wr wr = t_send_wr(op, 1, sge, 0, r->iova + off, r->mr->rkey);

	t_pattern(src, len, len * 7 + parts);
	memcpy(want, src, len);
	for (i = 0, at = 0; i < parts; i++, at += sge[i - 1].length)
		sge[i] = (struct ibv_sge){ .addr = (uintptr_t)src + at, .lkey = 0xdeadbeef,
					   .length = len - at < step ? len - at : step };
	wr.num_sge = parts;
	wr.send_flags |= IBV_SEND_INLINE;
	if (op == IBV_WR_SEND)
		t_post_recv(&p->b, 2, &rsge, 1);
	t_post(&p->a, &wr);
	memset(src, 0xee, sizeof(src));
	if (!t_expect_wc(t_op_name(op), p->a.scq, 1, IBV_WC_SUCCESS, NULL) ||
	    (op == IBV_WR_SEND && !t_expect_wc("receive", p->b.rcq, 2, IBV_WC_SUCCESS, NULL))) {
		t_pair_recycle(p);
		return;
	}
	memcpy(t_shadow(r, off), want, len);
	t_buf_check("target side memory", r, off, len);
}

static void kind_fn(struct t_pair *p, enum t_kind kind, void *arg)
{
	enum ibv_wr_opcode op = *(enum ibv_wr_opcode *)arg;
	unsigned int parts, before = t_failures();
	size_t len, max = p->attr.max_inline;
	struct t_buf r;

	t_buf_open(&r, p->b.pd, kind, REGION, T_ACCESS_ALL);
	for (parts = 1; parts <= 4; parts++) {
		for (len = 0; len <= max && t_failures() < before + T_SWEEP_FAILURES;
		     len += len < 40 || len + 8 > max ? 1 : 7) {
			t_case("%s inline %s %zu bytes in %u elements", t_kind_name(kind),
			       t_op_name(op), len, parts);
			one(p, &r, op, len, parts);
		}
	}
	t_buf_check_all("target side memory, whole", &r);
	t_buf_close(&r);
}

static unsigned int device_max_inline(void)
{
	struct t_dev d = t_dev_open();
	struct t_attr at = t_attr_default(&d);
	unsigned int n, max = 0;
	struct t_side s;

	t_side_open(&s, &d, &at);
	for (n = 64; n <= MAX_INLINE && !max; n *= 2) {
		struct ibv_qp *qp;

		at.max_inline = MAX_INLINE / n * 64;
		qp = t_side_new_qp(&s, &at);
		if (!qp)
			continue;
		max = at.max_inline;
		ibv_destroy_qp(qp);
	}
	if (d.pinless)
		t_check(max >= 256, "max_inline_data: expected at least 256, seen %u", max);
	t_side_close(&s);
	t_dev_close(&d);
	return max;
}

int main(void)
{
	enum ibv_wr_opcode send = IBV_WR_SEND, write = IBV_WR_RDMA_WRITE;
	struct t_attr at;
	struct t_dev d;

	t_start(120);
	d = t_dev_open();
	at = t_attr_default(&d);
	t_dev_close(&d);
	t_case("largest inline size");
	at.max_inline = device_max_inline();
	if (!at.max_inline)
		t_skip("the device offers no inline data");
	t_each_kind(send, kind_fn, &send, &at);
	t_each_kind(write, kind_fn, &write, &at);
	return t_finish();
}
