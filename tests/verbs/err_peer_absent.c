// SPDX-License-Identifier: GPL-2.0
/*
 * Description: a peer that is not there (no such QP, QP destroyed, QP in RESET, no such host)
 * ends a request with transport retries exceeded, after the time that timeout and retry_cnt ask
 * for.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <string.h>

#include "t_op.h"

#define REGION	T_PAGE
/* What a busy machine may add. */
#define SLACK_MS	2500

static struct t_dev d;

/* 4.096 us * 2^timeout, in ms. */
static double unit_ms(uint8_t timeout)
{
	return 0.004096 * (1 << timeout);
}

static void one(struct t_pair *p, struct t_buf *l, struct t_buf *r, enum ibv_wr_opcode op)
{
	double t = unit_ms(p->attr.timeout);
	struct ibv_sge s = t_sge(l, 0, 8);
	struct ibv_send_wr wr = t_send_wr(op, 1, &s, 1, r->iova, r->mr->rkey);
	uint64_t t0, ms;

	t0 = t_ms();
	t_post(&p->a, &wr);
	t_check(t_ms() - t0 < t_scale(1000), "ibv_post_send took %llu ms",
		(unsigned long long)(t_ms() - t0));
	t_expect_wc(t_op_name(op), p->a.scq, 1, IBV_WC_RETRY_EXC_ERR, NULL);
	ms = t_ms() - t0;
	/* The request and each retry may last one to four times the timeout (IBTA 9.7.6.1.3). */
	t_check(ms + 2 >= t * (p->attr.retry_cnt + 1) &&
		ms <= t_scale(4 * t * (p->attr.retry_cnt + 1) + SLACK_MS),
		"time to the error: expected %.0f to %.0f ms, seen %llu ms",
		t * (p->attr.retry_cnt + 1), 4 * t * (p->attr.retry_cnt + 1) + SLACK_MS,
		(unsigned long long)ms);
	t_check(t_in_error(&p->a), "state of the initiator: expected %d, seen %d", IBV_QPS_ERR,
		t_qp_state(p->a.qp));
}

static void reconnect(struct t_pair *p, uint32_t qpn, const union ibv_gid *gid)
{
	t_pair_recycle(p);
	t_qp_to(p->a.qp, IBV_QPS_RESET);
	t_qp_connect(p->a.qp, &d, &p->attr, qpn, gid);
}

static void other_host(struct t_pair *p, struct t_buf *l, struct t_buf *r)
{
	union ibv_gid gid = d.gid;
	int rc;

	t_case("host that is not there");
	/* Another host part of the same network, as no interface here has it. */
	gid.raw[15] ^= 0x5a;
	t_pair_recycle(p);
	t_qp_to(p->a.qp, IBV_QPS_RESET);
	t_qp_init(p->a.qp, &p->attr);
	rc = t_qp_rtr(p->a.qp, &d, &p->attr, 0x11, &gid);
	if (rc) {
		t_skip_case("modify to RTR answers %s: the address does not resolve",
			    strerror(rc));
		return;
	}
	t_qp_rts(p->a.qp, &p->attr);
	one(p, l, r, IBV_WR_RDMA_WRITE);
}

int main(void)
{
	static const struct {
		uint8_t timeout, retry;
	} runs[] = { { 12, 0 }, { 16, 0 }, { 14, 2 }, { 13, 7 } };
	struct t_buf l, r;
	struct t_attr at;
	struct t_pair p;
	unsigned int i;

	t_start(90);
	d = t_dev_open();
	at = t_attr_default(&d);
	t_pair_open(&p, &d, &at);
	t_buf_open(&l, p.a.pd, T_PINNED, REGION, T_ACCESS_ALL);
	t_buf_open(&r, p.b.pd, T_PINNED, REGION, T_ACCESS_ALL);
	for (i = 0; i < T_ARRAY_SIZE(runs); i++) {
		p.attr.timeout = runs[i].timeout;
		p.attr.retry_cnt = runs[i].retry;
		t_case("no such QP, timeout %u, retry_cnt %u", runs[i].timeout, runs[i].retry);
		reconnect(&p, 0xabcdef, &d.gid);
		one(&p, &l, &r, IBV_WR_SEND);
		t_case("QP in RESET, timeout %u, retry_cnt %u", runs[i].timeout, runs[i].retry);
		t_pair_recycle(&p);
		t_qp_to(p.b.qp, IBV_QPS_RESET);
		one(&p, &l, &r, IBV_WR_RDMA_READ);
		t_case("QP in ERR, timeout %u, retry_cnt %u", runs[i].timeout, runs[i].retry);
		t_pair_recycle(&p);
		t_qp_to(p.b.qp, IBV_QPS_ERR);
		one(&p, &l, &r, IBV_WR_RDMA_WRITE);
		t_case("QP destroyed, timeout %u, retry_cnt %u", runs[i].timeout, runs[i].retry);
		t_pair_recycle(&p);
		if (ibv_destroy_qp(p.b.qp))
			t_fail("ibv_destroy_qp failed");
		one(&p, &l, &r, IBV_WR_RDMA_WRITE);
		p.b.qp = t_side_new_qp(&p.b, &p.attr);
	}
	p.attr.timeout = 13;
	p.attr.retry_cnt = 1;
	other_host(&p, &l, &r);
	t_case("after all");
	t_buf_check_all("target side memory", &r);
	t_buf_close(&l);
	t_buf_close(&r);
	t_pair_close(&p);
	t_dev_close(&d);
	return t_finish();
}
