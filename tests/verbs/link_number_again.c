// SPDX-License-Identifier: GPL-2.0
/*
 * Description: a request that a queue pair has begun to take is not ended by another queue pair
 * that has its number and its address since: the link is deleted and made again while a WRITE_IMM
 * waits for a receive work request, without data and after its data.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <errno.h>
#include <string.h>

#include "t_link.h"
#include "t_op.h"

#define REGION	T_PAGE
/* New queue pairs until one has the number of before. */
#define NUMBERS	64

static struct t_dev d;

/* Retries go on for ever: timeout 0, rnr_retry 7. */
static struct t_attr patient(const struct t_dev *dev)
{
	struct t_attr at = t_attr_default(dev);

	at.timeout = 0;
	at.rnr_retry = 7;
	at.min_rnr_timer = 1;
	return at;
}

/* Makes queue pairs of the side until one has the number; the others stay. */
static void have_number(struct t_side *s, const struct t_attr *at, uint32_t qpn)
{
	int i;

	for (i = 0; s->qp->qp_num != qpn; i++) {
		if (i == NUMBERS)
			t_die("no queue pair of %d new ones has the number %u, the last %u", NUMBERS,
			      qpn, s->qp->qp_num);
		s->qp = t_side_new_qp(s, at);
		if (!s->qp)
			t_die("ibv_create_qp: %s", strerror(errno));
	}
}

/*
 * The device under test sends to T_LINK, which is deleted and made again; only that closes the
 * objects of the first one.
 */
static void again(const char *what, enum ibv_wr_opcode op, size_t len, size_t far_off)
{
	struct t_attr at = patient(&d);
	struct t_dev d1, d2;
	struct t_side from, to, other;
	struct t_buf l, r1, r2;
	struct ibv_send_wr wr;
	struct ibv_sge sge;
	struct ibv_wc wc;
	uint32_t qpn;

	t_case("%s", what);
	t_link_add();
	d1 = t_dev_open_name(T_LINK);
	t_side_open(&from, &d, &at);
	t_side_open(&to, &d1, &at);
	t_buf_open(&l, from.pd, T_PINNED, REGION, T_ACCESS_ALL);
	t_buf_open(&r1, to.pd, T_PINNED, REGION, T_ACCESS_ALL);
	t_qp_connect(to.qp, &d1, &at, from.qp->qp_num, &d.gid);
	t_qp_connect(from.qp, &d, &at, to.qp->qp_num, &d1.gid);
	qpn = to.qp->qp_num;
	sge = t_sge(&l, 0, len);
	wr = t_send_wr(op, 1, &sge, len ? 1 : 0, r1.iova + far_off, r1.mr->rkey);
	t_post(&from, &wr);
	t_check(!t_wc(from.scq, &wc, 200), "before: the request ended with '%s'",
		ibv_wc_status_str(wc.status));
	t_check(!t_run("rdma link delete %s", T_LINK), "rdma link delete failed");
	t_link_add();
	d2 = t_dev_open_name(T_LINK);
	t_check(!memcmp(&d1.gid, &d2.gid, sizeof(d1.gid)), "the new link has another address");
	t_side_open(&other, &d2, &at);
	t_buf_open(&r2, other.pd, T_PINNED, REGION, T_ACCESS_ALL);
	have_number(&other, &at, qpn);
	/* Not connected to the queue pair whose request waits. */
	t_qp_init(other.qp, &at);
	t_post_recv(&other, 5, NULL, 0);
	if (t_qp_rtr(other.qp, &d2, &at, from.qp->qp_num ^ 1, &d.gid))
		t_die("modify to RTR failed");
	t_check(!t_wc(other.rcq, &wc, 1500), "a request for another queue pair ended here with '%s'",
		ibv_wc_status_str(wc.status));
	t_check(t_qp_state(other.qp) == IBV_QPS_RTR, "state: expected %d, seen %d", IBV_QPS_RTR,
		t_qp_state(other.qp));
	t_check(!t_wc(from.scq, &wc, 0), "afterwards: the request ended with '%s'",
		ibv_wc_status_str(wc.status));
	t_buf_check_all("memory of the new queue pair", &r2);
	t_qp_to(from.qp, IBV_QPS_ERR);
	t_expect_wc("the request", from.scq, 1, IBV_WC_WR_FLUSH_ERR, NULL);

	ibv_close_device(d1.ctx);
	t_buf_close(&l);
	t_side_close(&from);
	t_buf_close(&r2);
	ibv_close_device(d2.ctx);
	t_link_clean();
}

int main(void)
{
	t_start(60);
	t_link_need();
	d = t_dev_open();
	again("no receive work request", IBV_WR_RDMA_WRITE_WITH_IMM, 0, 0);
	again("data, and no receive work request", IBV_WR_RDMA_WRITE_WITH_IMM, 100, 8);
	t_dev_close(&d);
	return t_finish();
}
