// SPDX-License-Identifier: GPL-2.0
/*
 * Description: a queue pair does not answer one that it is not connected to, though that one has
 * its number: the stranger's request ends with transport retries exceeded, no byte of the target
 * changes, and the peer that it is connected to is served on.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include "t_op.h"

int main(void)
{
	struct ibv_send_wr wr;
	struct t_buf l, cl, r;
	struct ibv_sge s;
	struct t_side c;
	struct t_pair p;
	struct t_dev d;

	t_start(60);
	d = t_dev_open();
	if (!d.pinless)
		t_skip("packets of a reliable connection do not tell which queue pair has sent them");
	t_pair_open(&p, &d, NULL);
	p.attr.timeout = 12;
	p.attr.retry_cnt = 2;
	t_side_open(&c, &d, &p.attr);
	t_pair_recycle(&p);
	t_buf_open(&l, p.a.pd, T_PINNED, T_PAGE, T_ACCESS_ALL);
	t_buf_open(&cl, c.pd, T_PINNED, T_PAGE, T_ACCESS_ALL);
	t_buf_open(&r, p.b.pd, T_PINNED, T_PAGE, T_ACCESS_ALL);
	t_case("the target connects to another");
	t_eq("to RESET", t_qp_to(p.b.qp, IBV_QPS_RESET), 0);
	t_qp_connect(p.b.qp, &d, &p.attr, c.qp->qp_num, &d.gid);
	t_qp_connect(c.qp, &d, &p.attr, p.b.qp->qp_num, &d.gid);
	s = t_sge(&l, 0, 100);
	wr = t_send_wr(IBV_WR_RDMA_WRITE, 1, &s, 1, r.iova, r.mr->rkey);
	t_post(&p.a, &wr);
	t_expect_wc("WRITE of the stranger", p.a.scq, 1, IBV_WC_RETRY_EXC_ERR, NULL);
	t_eq("state of the target", t_qp_state(p.b.qp), IBV_QPS_RTS);
	t_buf_check_all("target side memory", &r);
	t_case("the peer that it has now");
	s = t_sge(&cl, 0, 100);
	wr = t_send_wr(IBV_WR_RDMA_WRITE, 2, &s, 1, r.iova, r.mr->rkey);
	t_post(&c, &wr);
	t_expect_wc("WRITE", c.scq, 2, IBV_WC_SUCCESS, NULL);
	t_bytes("target side memory", r.addr, cl.addr, 100);
	t_buf_close(&l);
	t_buf_close(&cl);
	t_buf_close(&r);
	t_side_close(&c);
	t_pair_close(&p);
	t_dev_close(&d);
	return t_finish();
}
