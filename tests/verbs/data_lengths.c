// SPDX-License-Identifier: GPL-2.0
/*
 * Description: every verb with lengths 0, 1 and around each power of two and each path MTU, up
 * to more than 4 MiB, at odd offsets, byte for byte.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <arpa/inet.h>

#include "t_sweep.h"

#define LARGEST	((4UL << 20) + 4099)
#define SLACK	64

static const size_t lengths[] = {
	0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129, 255, 256, 257,
	511, 512, 513, 1023, 1024, 1025, 2047, 2048, 2049, 4095, 4096, 4097, 8191, 8192, 8193,
	12288, 16383, 16385, 65535, 65536, 65537, 131071, 262145, 1048575, 1048577,
	2097151, 2097153, 4194303, 4194304, LARGEST,
};

static void lengths_of_kind(struct t_pair *p, enum t_kind kind, void *arg)
{
	enum ibv_wr_opcode opcode = *(enum ibv_wr_opcode *)arg;
	unsigned int i, failed = 0;
	struct t_buf l, r;

	t_buf_open(&l, p->a.pd, kind, LARGEST + SLACK, T_ACCESS_ALL);
	t_buf_open(&r, p->b.pd, kind, LARGEST + SLACK, T_ACCESS_ALL);
	for (i = 0; i < T_ARRAY_SIZE(lengths) && failed < T_SWEEP_FAILURES; i++) {
		struct t_op op = {
			.opcode = opcode,
			.l = &l,
			.r = &r,
			.loff = i * 7 % SLACK,
			.roff = i * 13 % SLACK,
			.len = lengths[i],
			.imm = htonl(~i),
		};

		t_case("%s %s %zu bytes, local offset %zu, remote offset %zu", t_kind_name(kind),
		       t_op_name(opcode), op.len, op.loff, op.roff);
		failed += !t_do(p, &op);
	}
	t_case("%s %s after %u lengths%s", t_kind_name(kind), t_op_name(opcode), i,
	       i < T_ARRAY_SIZE(lengths) ? ", stopped early" : "");
	t_buf_check_all("target side memory, whole", &r);
	t_buf_check_all("initiator side memory, whole", &l);
	t_buf_close(&l);
	t_buf_close(&r);
}

int main(void)
{
	static enum ibv_wr_opcode ops[] = {
		IBV_WR_SEND, IBV_WR_SEND_WITH_IMM, IBV_WR_RDMA_WRITE,
		IBV_WR_RDMA_WRITE_WITH_IMM, IBV_WR_RDMA_READ,
	};
	size_t i;

	t_start(180);
	for (i = 0; i < T_ARRAY_SIZE(ops); i++)
		t_each_kind(ops[i], lengths_of_kind, &ops[i], NULL);
	return t_finish();
}
