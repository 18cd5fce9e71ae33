// SPDX-License-Identifier: GPL-2.0
/*
 * Description: extended completion queues: start, next and end of a poll, and every field that
 * can be read, for sends, receives and errors.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <arpa/inet.h>
#include <errno.h>
#include <sched.h>

#include "t_op.h"

#define FLAGS	(IBV_WC_EX_WITH_BYTE_LEN | IBV_WC_EX_WITH_IMM | IBV_WC_EX_WITH_QP_NUM | \
		 IBV_WC_EX_WITH_SRC_QP)
#define N	20

static struct ibv_cq_ex *ex(struct ibv_cq *cq)
{
	return (struct ibv_cq_ex *)cq;
}

/* Wait for the first completion of a poll. */
static bool start(struct ibv_cq *cq)
{
	struct ibv_poll_cq_attr attr = {};
	uint64_t end = t_ms() + t_scale(T_WC_MS);
	int rc;

	do {
		rc = ibv_start_poll(ex(cq), &attr);
		if (rc == ENOENT)
			sched_yield();
	} while (rc == ENOENT && t_ms() < end);
	return t_check(!rc, "ibv_start_poll: expected a completion, seen error %d", rc);
}

int main(void)
{
	struct ibv_send_wr wr, *bad;
	struct t_attr at;
	struct t_buf l, r;
	struct t_pair p;
	struct t_dev d;
	unsigned int i, got;

	t_start(30);
	d = t_dev_open();
	at = t_attr_default(&d);
	at.wc_flags = FLAGS;
	t_pair_open(&p, &d, &at);
	t_buf_open(&l, p.a.pd, T_PINNED, T_PAGE, T_ACCESS_ALL);
	t_buf_open(&r, p.b.pd, T_PINNED, T_PAGE, T_ACCESS_ALL);
	t_case("empty queue");
	t_eq("ibv_start_poll", ibv_start_poll(ex(p.a.scq), &(struct ibv_poll_cq_attr){}), ENOENT);

	t_case("sends and receives");
	for (i = 0; i < N; i++) {
		struct ibv_sge s = t_sge(&l, 0, i), rs = t_sge(&r, 0, 64);

		t_post_recv(&p.b, 100 + i, &rs, 1);
		wr = t_send_wr(i & 1 ? IBV_WR_SEND_WITH_IMM : IBV_WR_SEND, i, &s, 1, 0, 0);
		wr.imm_data = htonl(i * 3);
		t_eq("ibv_post_send", ibv_post_send(p.a.qp, &wr, &bad), 0);
	}
	for (got = 0; got < N;) {
		if (!start(p.a.scq))
			break;
		do {
			struct ibv_cq_ex *c = ex(p.a.scq);

			t_eq("wr_id", c->wr_id, got++);
			t_eq("status", c->status, IBV_WC_SUCCESS);
			t_eq("opcode", ibv_wc_read_opcode(c), IBV_WC_SEND);
			t_eq("qp_num", ibv_wc_read_qp_num(c), p.a.qp->qp_num);
		} while (!ibv_next_poll(ex(p.a.scq)));
		ibv_end_poll(ex(p.a.scq));
	}
	for (got = 0; got < N;) {
		if (!start(p.b.rcq))
			break;
		do {
			struct ibv_cq_ex *c = ex(p.b.rcq);

			t_eq("wr_id", c->wr_id, 100 + got);
			t_eq("status", c->status, IBV_WC_SUCCESS);
			t_eq("opcode", ibv_wc_read_opcode(c), IBV_WC_RECV);
			t_eq("byte_len", ibv_wc_read_byte_len(c), got);
			t_eq("qp_num", ibv_wc_read_qp_num(c), p.b.qp->qp_num);
			t_eq("IBV_WC_WITH_IMM", !!(ibv_wc_read_wc_flags(c) & IBV_WC_WITH_IMM),
			     got & 1);
			if (got & 1)
				t_eq("imm_data", ibv_wc_read_imm_data(c), htonl(got * 3));
			got++;
		} while (!ibv_next_poll(ex(p.b.rcq)));
		ibv_end_poll(ex(p.b.rcq));
	}

	t_case("error completion");
	wr = t_send_wr(IBV_WR_RDMA_WRITE, 55, &(struct ibv_sge){ l.iova, 8, l.mr->lkey }, 1, r.iova,
		       r.mr->rkey ^ 1);
	t_eq("ibv_post_send", ibv_post_send(p.a.qp, &wr, &bad), 0);
	if (start(p.a.scq)) {
		t_eq("wr_id", ex(p.a.scq)->wr_id, 55);
		t_eq("status", ex(p.a.scq)->status, IBV_WC_REM_ACCESS_ERR);
		(void)ibv_wc_read_vendor_err(ex(p.a.scq));
		ibv_end_poll(ex(p.a.scq));
	}

	t_case("plain poll of an extended queue");
	t_pair_recycle(&p);
	wr = t_send_wr(IBV_WR_RDMA_WRITE, 9, NULL, 0, 0, 0);
	t_post(&p.a, &wr);
	t_expect_wc("WRITE", p.a.scq, 9, IBV_WC_SUCCESS, NULL);
	t_buf_close(&l);
	t_buf_close(&r);
	t_pair_close(&p);
	t_dev_close(&d);
	return t_finish();
}
