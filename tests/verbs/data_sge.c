// SPDX-License-Identifier: GPL-2.0
/*
 * Description: gather and scatter over 1 to as many SGEs as the device offers (at most 32), with
 * elements of no bytes at every place, odd lengths, and elements in backward order.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <string.h>

#include "t_sweep.h"

#define MAX_SGE	32
#define REGION	(32 * T_PAGE)
#define SLOT	4001

struct layout {
	struct ibv_sge sge[MAX_SGE];
	size_t off[MAX_SGE];
	unsigned int n;
	size_t total;
};

/* Element i lies in slot i, or n - 1 - i when backward; every third is empty. */
static struct layout make_layout(const struct t_buf *b, unsigned int n, bool backward,
				 unsigned int seed, size_t total)
{
	struct layout y = { .n = n };
	unsigned int i;
	size_t len;

	for (i = 0; i < n; i++) {
		y.off[i] = (backward ? n - 1 - i : i) * SLOT + (seed + i * 11) % 97;
		len = n > 1 && (i + seed) % 3 == 0 ? 0 : (i * 577 + seed * 31) % 3700 + 1;
		if (total && len > total - y.total)
			len = total - y.total;
		if (total && i == n - 1)
			len = total - y.total;
		y.sge[i] = t_sge(b, y.off[i], len);
		y.total += len;
	}
	return y;
}

static void gather(const struct t_buf *b, const struct layout *y, unsigned char *out)
{
	unsigned int i;

	for (i = 0; i < y->n; out += y->sge[i++].length)
		memcpy(out, t_shadow(b, y->off[i]), y->sge[i].length);
}

static void scatter(const struct t_buf *b, const struct layout *y, const unsigned char *in)
{
	unsigned int i;

	for (i = 0; i < y->n; in += y->sge[i++].length)
		memcpy(t_shadow(b, y->off[i]), in, y->sge[i].length);
}

/* WRITE gathers into one target, READ scatters from one source. */
static void rdma(struct t_pair *p, struct t_buf *l, struct t_buf *r, enum ibv_wr_opcode op,
		 struct layout *y)
{
	struct ibv_send_wr wr = t_send_wr(op, 1, y->sge, y->n, r->iova + 33, r->mr->rkey);

	t_post(&p->a, &wr);
	if (!t_expect_wc(t_op_name(op), p->a.scq, 1, IBV_WC_SUCCESS, NULL)) {
		t_pair_recycle(p);
		return;
	}
	if (op == IBV_WR_RDMA_WRITE)
		gather(l, y, t_shadow(r, 33));
	else
		scatter(l, y, t_shadow(r, 33));
	t_buf_check_all("target side memory", r);
	t_buf_check_all("initiator side memory", l);
}

static void send(struct t_pair *p, struct t_buf *l, struct t_buf *r, struct layout *y,
		 unsigned int seed)
{
	static unsigned char stream[MAX_SGE * SLOT];
	struct ibv_send_wr wr = t_send_wr(IBV_WR_SEND, 1, y->sge, y->n, 0, 0);
	struct layout to = make_layout(r, y->n, seed & 1, seed + 5, y->total);
	struct ibv_wc wc;

	t_post_recv(&p->b, 2, to.sge, to.n);
	t_post(&p->a, &wr);
	if (!t_expect_wc("SEND", p->a.scq, 1, IBV_WC_SUCCESS, NULL) ||
	    !t_expect_wc("receive", p->b.rcq, 2, IBV_WC_SUCCESS, &wc)) {
		t_pair_recycle(p);
		return;
	}
	t_eq("byte_len of the receive completion", wc.byte_len, y->total);
	gather(l, y, stream);
	scatter(r, &to, stream);
	t_buf_check_all("target side memory", r);
	t_buf_check_all("initiator side memory", l);
}

static void kind_fn(struct t_pair *p, enum t_kind kind, void *arg)
{
	enum ibv_wr_opcode op = *(enum ibv_wr_opcode *)arg;
	unsigned int max = p->attr.max_send_sge, n, before = t_failures();
	struct t_buf l, r;

	t_buf_open(&l, p->a.pd, kind, REGION, T_ACCESS_ALL);
	t_buf_open(&r, p->b.pd, kind, REGION, T_ACCESS_ALL);
	for (n = 1; n <= max && t_failures() < before + T_SWEEP_FAILURES; n++) {
		struct layout y = make_layout(&l, n, n & 1, n, 0);

		t_case("%s %s %u SGEs, %zu bytes", t_kind_name(kind), t_op_name(op), n, y.total);
		if (op == IBV_WR_SEND)
			send(p, &l, &r, &y, n);
		else
			rdma(p, &l, &r, op, &y);
	}
	t_buf_close(&l);
	t_buf_close(&r);
}

int main(void)
{
	static enum ibv_wr_opcode ops[] = { IBV_WR_RDMA_WRITE, IBV_WR_RDMA_READ, IBV_WR_SEND };
	struct t_attr at;
	struct t_dev d;
	int max;
	size_t i;

	t_start(120);
	d = t_dev_open();
	at = t_attr_default(&d);
	max = d.attr.orig_attr.max_sge;
	t_dev_close(&d);
	at.max_send_sge = max > MAX_SGE ? MAX_SGE : max;
	at.max_recv_sge = at.max_send_sge;
	for (i = 0; i < T_ARRAY_SIZE(ops); i++) {
		if (ops[i] == IBV_WR_RDMA_READ && d.attr.orig_attr.max_sge_rd < max)
			at.max_send_sge = d.attr.orig_attr.max_sge_rd;
		t_each_kind(ops[i], kind_fn, &ops[i], &at);
		at.max_send_sge = at.max_recv_sge;
	}
	return t_finish();
}
