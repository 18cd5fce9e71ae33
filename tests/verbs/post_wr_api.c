// SPDX-License-Identifier: GPL-2.0
/*
 * Description: the ibv_wr_* interface: every verb, one and several elements, inline in both
 * forms, several requests in one batch, and ibv_wr_abort.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <arpa/inet.h>
#include <string.h>

#include "t_op.h"

#define OPS	(IBV_QP_EX_WITH_RDMA_WRITE | IBV_QP_EX_WITH_RDMA_WRITE_WITH_IMM | \
		 IBV_QP_EX_WITH_SEND | IBV_QP_EX_WITH_SEND_WITH_IMM | \
		 IBV_QP_EX_WITH_RDMA_READ | IBV_QP_EX_WITH_ATOMIC_CMP_AND_SWP | \
		 IBV_QP_EX_WITH_ATOMIC_FETCH_AND_ADD)

static struct t_pair p;
static struct t_buf l, r;
static struct ibv_qp_ex *q;

static void done(const char *what, uint64_t id)
{
	t_case("%s", what);
	t_eq("ibv_wr_complete", ibv_wr_complete(q), 0);
	if (t_expect_wc(what, p.a.scq, id, IBV_WC_SUCCESS, NULL))
		return;
	/* So that the requests behind it show their own faults. */
	t_pair_recycle(&p);
	q = ibv_qp_to_qp_ex(p.a.qp);
}

static void begin(uint64_t id)
{
	ibv_wr_start(q);
	q->wr_id = id;
	q->wr_flags = IBV_SEND_SIGNALED;
}

static void wrote(size_t to, const void *from, size_t len)
{
	memcpy(t_shadow(&r, to), from, len);
	t_buf_check_all("target side memory", &r);
}

static void received(const char *what, uint32_t len, bool imm)
{
	struct ibv_wc wc;

	if (!t_expect_wc(what, p.b.rcq, 50, IBV_WC_SUCCESS, &wc))
		return;
	t_eq("byte_len", wc.byte_len, len);
	t_eq("IBV_WC_WITH_IMM", !!(wc.wc_flags & IBV_WC_WITH_IMM), imm);
	if (imm)
		t_eq("imm_data", wc.imm_data, htonl(0x1234));
}

static void transfers(void)
{
	struct ibv_sge list[3] = { t_sge(&l, 10, 100), t_sge(&l, 500, 0), t_sge(&l, 1000, 50) };
	struct ibv_data_buf bufs[2] = { { l.addr + 2000, 20 }, { l.addr + 2500, 12 } };
	struct ibv_sge rs = t_sge(&r, 3000, 500);
	uint64_t v, w;

	begin(1);
	ibv_wr_rdma_write(q, r.mr->rkey, r.iova + 5);
	ibv_wr_set_sge(q, l.mr->lkey, l.iova + 77, 300);
	done("WRITE", 1);
	wrote(5, t_shadow(&l, 77), 300);

	begin(2);
	ibv_wr_rdma_write(q, r.mr->rkey, r.iova + 5);
	ibv_wr_set_sge_list(q, 3, list);
	done("WRITE of three elements", 2);
	memcpy(t_shadow(&r, 5), t_shadow(&l, 10), 100);
	wrote(105, t_shadow(&l, 1000), 50);

	begin(3);
	q->wr_flags |= IBV_SEND_INLINE;
	ibv_wr_rdma_write(q, r.mr->rkey, r.iova + 600);
	ibv_wr_set_inline_data(q, l.addr + 900, 40);
	done("inline WRITE", 3);
	wrote(600, t_shadow(&l, 900), 40);

	begin(4);
	q->wr_flags |= IBV_SEND_INLINE;
	ibv_wr_rdma_write(q, r.mr->rkey, r.iova + 700);
	ibv_wr_set_inline_data_list(q, 2, bufs);
	done("inline WRITE of two parts", 4);
	memcpy(t_shadow(&r, 700), t_shadow(&l, 2000), 20);
	wrote(720, t_shadow(&l, 2500), 12);

	t_post_recv(&p.b, 50, NULL, 0);
	begin(5);
	ibv_wr_rdma_write_imm(q, r.mr->rkey, r.iova + 800, htonl(0x1234));
	ibv_wr_set_sge(q, l.mr->lkey, l.iova, 33);
	done("WRITE_IMM", 5);
	received("receive of WRITE_IMM", 33, true);
	wrote(800, t_shadow(&l, 0), 33);

	t_post_recv(&p.b, 50, &rs, 1);
	begin(6);
	ibv_wr_send(q);
	ibv_wr_set_sge(q, l.mr->lkey, l.iova + 1, 499);
	done("SEND", 6);
	received("receive of SEND", 499, false);
	wrote(3000, t_shadow(&l, 1), 499);

	t_post_recv(&p.b, 50, &rs, 1);
	begin(7);
	ibv_wr_send_imm(q, htonl(0x1234));
	ibv_wr_set_sge(q, l.mr->lkey, l.iova + 9, 11);
	done("SEND_IMM", 7);
	received("receive of SEND_IMM", 11, true);
	wrote(3000, t_shadow(&l, 9), 11);

	begin(8);
	ibv_wr_rdma_read(q, r.mr->rkey, r.iova + 3);
	ibv_wr_set_sge(q, l.mr->lkey, l.iova + 3333, 321);
	done("READ", 8);
	memcpy(t_shadow(&l, 3333), t_shadow(&r, 3), 321);
	t_buf_check_all("initiator side memory", &l);

	if (!t_kind_ok(p.a.d, T_PINNED, IBV_WR_ATOMIC_FETCH_AND_ADD))
		return;
	memcpy(&v, t_shadow(&r, 64), 8);
	begin(9);
	ibv_wr_atomic_fetch_add(q, r.mr->rkey, r.iova + 64, 1000);
	ibv_wr_set_sge(q, l.mr->lkey, l.iova, 8);
	done("FETCH_ADD", 9);
	memcpy(t_shadow(&l, 0), &v, 8);
	v += 1000;
	wrote(64, &v, 8);
	begin(10);
	w = 42;
	ibv_wr_atomic_cmp_swp(q, r.mr->rkey, r.iova + 64, v, w);
	ibv_wr_set_sge(q, l.mr->lkey, l.iova, 8);
	done("CMP_SWAP", 10);
	memcpy(t_shadow(&l, 0), &v, 8);
	wrote(64, &w, 8);
	t_buf_check_all("initiator side memory", &l);
}

static void batch(void)
{
	unsigned int i;

	t_case("twenty requests in a batch, every fourth signaled");
	ibv_wr_start(q);
	for (i = 0; i < 20; i++) {
		q->wr_id = i;
		q->wr_flags = i % 4 == 3 ? IBV_SEND_SIGNALED : 0;
		ibv_wr_rdma_write(q, r.mr->rkey, r.iova + i * 32);
		ibv_wr_set_sge(q, l.mr->lkey, l.iova + i * 48, 32);
		memcpy(t_shadow(&r, i * 32), t_shadow(&l, i * 48), 32);
	}
	t_eq("ibv_wr_complete", ibv_wr_complete(q), 0);
	for (i = 3; i < 20; i += 4)
		t_expect_wc("batch", p.a.scq, i, IBV_WC_SUCCESS, NULL);
	t_buf_check_all("target side memory", &r);

	t_case("ibv_wr_abort");
	begin(30);
	ibv_wr_rdma_write(q, r.mr->rkey, r.iova);
	ibv_wr_set_sge(q, l.mr->lkey, l.iova + 2000, 32);
	ibv_wr_abort(q);
	t_expect_quiet("aborted request", p.a.scq);
	t_buf_check_all("target side memory", &r);
	begin(31);
	ibv_wr_rdma_write(q, r.mr->rkey, r.iova);
	ibv_wr_set_sge(q, l.mr->lkey, l.iova + 3000, 32);
	done("WRITE after an abort", 31);
	wrote(0, t_shadow(&l, 3000), 32);
}

int main(void)
{
	struct t_attr at;
	struct t_dev d;

	t_start(30);
	d = t_dev_open();
	at = t_attr_default(&d);
	at.send_ops = OPS;
	at.max_inline = 64;
	t_pair_open(&p, &d, &at);
	q = ibv_qp_to_qp_ex(p.a.qp);
	if (!q)
		t_die("ibv_qp_to_qp_ex: expected a pointer, seen NULL");
	t_buf_open(&l, p.a.pd, T_PINNED, 2 * T_PAGE, T_ACCESS_ALL);
	t_buf_open(&r, p.b.pd, T_PINNED, 2 * T_PAGE, T_ACCESS_ALL);
	transfers();
	batch();
	t_buf_close(&l);
	t_buf_close(&r);
	t_pair_close(&p);
	t_dev_close(&d);
	return t_finish();
}
