// SPDX-License-Identifier: GPL-2.0
/*
 * Description: a queue pair that is connected to itself, and transfers between pages of one
 * region, within a page and within 2 MiB, serve every verb.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <arpa/inet.h>
#include <string.h>

#include "t_sweep.h"

#define REGION	(16 * T_PAGE)

static void kind_fn(struct t_pair *p, enum t_kind kind, void *arg)
{
	static const enum ibv_wr_opcode ops[] = {
		IBV_WR_SEND, IBV_WR_SEND_WITH_IMM, IBV_WR_RDMA_WRITE, IBV_WR_RDMA_WRITE_WITH_IMM,
		IBV_WR_RDMA_READ, IBV_WR_ATOMIC_CMP_AND_SWP, IBV_WR_ATOMIC_FETCH_AND_ADD,
	};
	struct ibv_qp *was = p->a.qp, *qp;
	struct t_side b = p->b;
	struct t_buf buf;
	unsigned int i, j;

	(void)arg;
	qp = t_side_new_qp(&p->a, &p->attr);
	if (!qp)
		t_die("ibv_create_qp failed");
	t_qp_connect(qp, p->a.d, &p->attr, qp->qp_num, &p->a.d->gid);
	/* Both ends of the pair are now this one queue pair. */
	p->a.qp = qp;
	p->b = p->a;
	t_buf_open(&buf, p->a.pd, kind, REGION, T_ACCESS_ALL);
	for (i = 0; i < T_ARRAY_SIZE(ops); i++) {
		for (j = 0; j < 12; j++) {
			struct t_op op = {
				.opcode = ops[i], .l = &buf, .r = &buf,
				.loff = 100 + j * 512,
				.roff = j & 1 ? 9 * T_PAGE - 256 : 2048 + j * 512,
				.len = t_is_atomic(ops[i]) ? 8 : j * 70, .imm = htonl(j),
				.compare_add = j * 0x1111111111111111ULL, .swap = i,
			};
			unsigned int before = t_failures();

			t_case("%s %s %zu bytes from offset %zu to %zu", t_kind_name(kind),
			       t_op_name(ops[i]), op.len, op.loff, op.roff);
			if (!t_kind_ok(p->a.d, kind, ops[i]))
				continue;
			t_do(p, &op);
			if (t_failures() > before)
				goto out;
		}
	}
	t_buf_check_all("memory, whole", &buf);
out:
	t_buf_close(&buf);
	if (ibv_destroy_qp(p->a.qp))
		t_fail("ibv_destroy_qp failed");
	p->a.qp = was;
	p->b = b;
}

int main(void)
{
	t_start(60);
	t_each_kind(IBV_WR_SEND, kind_fn, NULL, NULL);
	return t_finish();
}
