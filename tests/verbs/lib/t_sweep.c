// SPDX-License-Identifier: GPL-2.0
/* Copyright (c) 2026 The pinless authors */
#include <arpa/inet.h>
#include <string.h>

#include "t_sweep.h"

#define OFFSETS		4096
#define REGION		(5 * T_PAGE)

void t_each_kind(enum ibv_wr_opcode op, t_kind_fn fn, void *arg, const struct t_attr *at)
{
	struct t_dev d = t_dev_open();
	struct t_pair p;
	int k;

	t_pair_open(&p, &d, at);
	for (k = 0; k < T_KINDS; k++) {
		t_case("%s %s", t_kind_name(k), t_op_name(op));
		if (t_kind_ok(&d, k, op))
			fn(&p, k, arg);
		else
			t_skip_case("the device does not offer this");
	}
	t_pair_close(&p);
	t_dev_close(&d);
}

static void open_bufs(struct t_pair *p, enum t_kind kind, struct t_buf *l, struct t_buf *r)
{
	t_buf_open(l, p->a.pd, kind, REGION, T_ACCESS_ALL);
	t_buf_open(r, p->b.pd, kind, REGION, T_ACCESS_ALL);
}

static void close_bufs(struct t_buf *l, struct t_buf *r)
{
	t_buf_check_all("initiator side memory, whole", l);
	t_buf_check_all("target side memory, whole", r);
	t_buf_close(l);
	t_buf_close(r);
}

/* Lengths of the rounds: inside a page, a page more or less, several pages. */
static const struct { size_t min, range, step; } rounds[] = {
	{ 1, 251, 37 }, { 3900, 400, 61 }, { 1, 3000, 577 }, { 4097, 4096, 1021 },
};

static unsigned int sweep_round(struct t_pair *p, struct t_buf *l, struct t_buf *r,
				enum ibv_wr_opcode opcode, unsigned int round)
{
	unsigned int i, failed = 0;

	for (i = 0; i < OFFSETS && failed < T_SWEEP_FAILURES; i++) {
		/* 1531 is odd, so i * 1531 takes every value modulo 4096 once. */
		struct t_op op = {
			.opcode = opcode,
			.l = l,
			.r = r,
			.loff = (i * 1531 + round * 7) % OFFSETS + (i & 1) * T_PAGE,
			.roff = i + (i & 2) * T_PAGE / 2,
			.len = rounds[round].min + i * rounds[round].step % rounds[round].range,
			.imm = htonl(i * 2654435761u),
		};

		t_case("%s %s %zu bytes, local offset %zu, remote offset %zu",
		       t_kind_name(l->kind), t_op_name(opcode), op.len, op.loff, op.roff);
		failed += !t_do(p, &op);
	}
	return failed;
}

static void sweep_kind(struct t_pair *p, enum t_kind kind, void *arg)
{
	enum ibv_wr_opcode opcode = *(enum ibv_wr_opcode *)arg;
	/* A sweep takes rxe some 10 s under emulation: one is enough for it. */
	unsigned int nr = p->a.d->rxe ? 1 : T_ARRAY_SIZE(rounds), i, failed = 0;
	struct t_buf l, r;

	open_bufs(p, kind, &l, &r);
	for (i = 0; i < nr && !failed; i++)
		failed = sweep_round(p, &l, &r, opcode, i);
	t_case("%s %s after %u sweeps%s", t_kind_name(kind), t_op_name(opcode), i,
	       failed ? ", stopped early" : "");
	close_bufs(&l, &r);
}

void t_sweep(enum ibv_wr_opcode op)
{
	t_each_kind(op, sweep_kind, &op, NULL);
}

static void sweep_atomic_kind(struct t_pair *p, enum t_kind kind, void *arg)
{
	enum ibv_wr_opcode opcode = *(enum ibv_wr_opcode *)arg;
	unsigned int i, failed = 0;
	struct t_buf l, r;

	open_bufs(p, kind, &l, &r);
	for (i = 0; i < OFFSETS && failed < T_SWEEP_FAILURES; i++) {
		struct t_op op = {
			.opcode = opcode,
			.l = &l,
			.r = &r,
			.loff = (i * 1531) % OFFSETS + (i & 1) * T_PAGE,
			.roff = i * 8 % (4 * T_PAGE),
			.len = 8,
			.compare_add = i * 0x9e3779b97f4a7c15ULL,
			.swap = ~(i * 0x9e3779b97f4a7c15ULL),
		};

		/* Two of three compares hit, so both outcomes are seen. */
		if (opcode == IBV_WR_ATOMIC_CMP_AND_SWP && i % 3)
			memcpy(&op.compare_add, t_shadow(&r, op.roff), 8);
		t_case("%s %s local offset %zu, remote offset %zu", t_kind_name(kind),
		       t_op_name(opcode), op.loff, op.roff);
		failed += !t_do(p, &op);
	}
	t_case("%s %s after %u offsets%s", t_kind_name(kind), t_op_name(opcode), i,
	       i < OFFSETS ? ", stopped early" : "");
	close_bufs(&l, &r);
}

void t_sweep_atomic(enum ibv_wr_opcode op)
{
	t_each_kind(op, sweep_atomic_kind, &op, NULL);
}
