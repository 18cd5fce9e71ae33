// SPDX-License-Identifier: GPL-2.0
/* Copyright (c) 2026 The pinless authors */
#include <errno.h>
#include <string.h>

#include "t_event.h"
#include "t_pair.h"

struct t_attr t_attr_default(const struct t_dev *d)
{
	return (struct t_attr){
		.max_send_wr = 64,
		.max_recv_wr = 64,
		.max_send_sge = 4,
		.max_recv_sge = 4,
		.qp_access = IBV_ACCESS_REMOTE_WRITE | IBV_ACCESS_REMOTE_READ |
			     IBV_ACCESS_REMOTE_ATOMIC,
		.timeout = 14,
		.retry_cnt = 7,
		.rnr_retry = 7,
		.min_rnr_timer = 12,
		.rd_atomic = t_max_rd_atomic(d),
		.cqe = 256,
	};
}

static struct ibv_cq *new_cq(struct t_side *s, const struct t_attr *at)
{
	struct ibv_cq_init_attr_ex x = {
		.cqe = at->cqe,
		.channel = s->chan,
		.wc_flags = at->wc_flags,
	};
	struct ibv_cq_ex *ex;
	struct ibv_cq *cq;

	if (!at->wc_flags) {
		cq = ibv_create_cq(s->d->ctx, at->cqe, s, s->chan, 0);
		if (!cq)
			t_die("ibv_create_cq(%d): %s", at->cqe, strerror(errno));
		return cq;
	}
	ex = ibv_create_cq_ex(s->d->ctx, &x);
	if (!ex) {
		if (errno == EOPNOTSUPP || errno == ENOSYS)
			t_skip("ibv_create_cq_ex: %s", strerror(errno));
		t_die("ibv_create_cq_ex(cqe %d, wc_flags 0x%llx): %s", at->cqe,
		      (unsigned long long)at->wc_flags, strerror(errno));
	}
	return ibv_cq_ex_to_cq(ex);
}

struct ibv_qp *t_side_new_qp(struct t_side *s, const struct t_attr *at)
{
	struct ibv_qp_cap cap = {
		.max_send_wr = at->max_send_wr,
		.max_recv_wr = at->max_recv_wr,
		.max_send_sge = at->max_send_sge,
		.max_recv_sge = at->max_recv_sge,
		.max_inline_data = at->max_inline,
	};
	struct ibv_qp_init_attr ia = {
		.send_cq = s->scq,
		.recv_cq = s->rcq,
		.cap = cap,
		.qp_type = IBV_QPT_RC,
		.sq_sig_all = at->sq_sig_all,
	};
	struct ibv_qp_init_attr_ex ex = {
		.send_cq = s->scq,
		.recv_cq = s->rcq,
		.cap = cap,
		.qp_type = IBV_QPT_RC,
		.sq_sig_all = at->sq_sig_all,
		.comp_mask = IBV_QP_INIT_ATTR_PD | IBV_QP_INIT_ATTR_SEND_OPS_FLAGS,
		.pd = s->pd,
		.send_ops_flags = at->send_ops,
	};

	return at->send_ops ? ibv_create_qp_ex(s->d->ctx, &ex) : ibv_create_qp(s->pd, &ia);
}

void t_side_open(struct t_side *s, struct t_dev *d, const struct t_attr *at)
{
	memset(s, 0, sizeof(*s));
	s->d = d;
	s->pd = ibv_alloc_pd(d->ctx);
	if (!s->pd)
		t_die("ibv_alloc_pd: %s", strerror(errno));
	s->chan = ibv_create_comp_channel(d->ctx);
	if (!s->chan)
		t_die("ibv_create_comp_channel: %s", strerror(errno));
	s->scq = new_cq(s, at);
	s->rcq = new_cq(s, at);
	s->qp = t_side_new_qp(s, at);
	if (!s->qp) {
		if (at->send_ops && (errno == EOPNOTSUPP || errno == ENOSYS))
			t_skip("ibv_create_qp_ex with send_ops_flags: %s", strerror(errno));
		t_die("ibv_create_qp: %s", strerror(errno));
	}
}

static void destroyed(const char *what, int rc)
{
	if (rc)
		t_fail("%s: expected success, seen error %d (%s)", what, rc, strerror(rc));
}

void t_side_close(struct t_side *s)
{
	if (s->qp)
		destroyed("ibv_destroy_qp", ibv_destroy_qp(s->qp));
	if (s->scq)
		destroyed("ibv_destroy_cq", ibv_destroy_cq(s->scq));
	if (s->rcq)
		destroyed("ibv_destroy_cq", ibv_destroy_cq(s->rcq));
	if (s->chan)
		destroyed("ibv_destroy_comp_channel", ibv_destroy_comp_channel(s->chan));
	if (s->pd)
		destroyed("ibv_dealloc_pd", ibv_dealloc_pd(s->pd));
	memset(s, 0, sizeof(*s));
}

int t_qp_init(struct ibv_qp *qp, const struct t_attr *at)
{
	struct ibv_qp_attr a = {
		.qp_state = IBV_QPS_INIT,
		.port_num = 1,
		.qp_access_flags = at->qp_access,
	};

	return ibv_modify_qp(qp, &a, IBV_QP_STATE | IBV_QP_PKEY_INDEX | IBV_QP_PORT |
			     IBV_QP_ACCESS_FLAGS);
}

int t_qp_rtr(struct ibv_qp *qp, const struct t_dev *d, const struct t_attr *at,
	     uint32_t dest_qpn, const union ibv_gid *dgid)
{
	struct ibv_qp_attr a = {
		.qp_state = IBV_QPS_RTR,
		.path_mtu = d->port.active_mtu,
		.dest_qp_num = dest_qpn,
		.rq_psn = 0x123456,
		.max_dest_rd_atomic = at->rd_atomic,
		.min_rnr_timer = at->min_rnr_timer,
		.ah_attr = {
			.is_global = 1,
			.port_num = 1,
			.dlid = d->port.lid,
			.grh = {
				.dgid = *dgid,
				.sgid_index = d->gid_index,
				.hop_limit = 64,
			},
		},
	};

	return ibv_modify_qp(qp, &a, IBV_QP_STATE | IBV_QP_AV | IBV_QP_PATH_MTU |
			     IBV_QP_DEST_QPN | IBV_QP_RQ_PSN | IBV_QP_MAX_DEST_RD_ATOMIC |
			     IBV_QP_MIN_RNR_TIMER);
}

int t_qp_rts(struct ibv_qp *qp, const struct t_attr *at)
{
	struct ibv_qp_attr a = {
		.qp_state = IBV_QPS_RTS,
		.sq_psn = 0x123456,
		.timeout = at->timeout,
		.retry_cnt = at->retry_cnt,
		.rnr_retry = at->rnr_retry,
		.max_rd_atomic = at->rd_atomic,
	};

	return ibv_modify_qp(qp, &a, IBV_QP_STATE | IBV_QP_SQ_PSN | IBV_QP_TIMEOUT |
			     IBV_QP_RETRY_CNT | IBV_QP_RNR_RETRY | IBV_QP_MAX_QP_RD_ATOMIC);
}

enum ibv_qp_state t_qp_state(struct ibv_qp *qp)
{
	struct ibv_qp_init_attr ia;
	struct ibv_qp_attr a;
	int rc = ibv_query_qp(qp, &a, IBV_QP_STATE, &ia);

	if (rc)
		t_die("ibv_query_qp: %s", strerror(rc));
	return a.qp_state;
}

bool t_in_error(const struct t_side *s)
{
	uint64_t end = t_ms() + (s->d->rxe ? t_scale(2000) : 0);

	while (t_qp_state(s->qp) != IBV_QPS_ERR) {
		if (t_ms() >= end)
			return false;
		t_sleep_ms(1);
	}
	return true;
}

int t_qp_to(struct ibv_qp *qp, enum ibv_qp_state st)
{
	struct ibv_qp_attr a = { .qp_state = st };

	return ibv_modify_qp(qp, &a, IBV_QP_STATE);
}

void t_qp_connect(struct ibv_qp *qp, const struct t_dev *d, const struct t_attr *at,
		  uint32_t dest_qpn, const union ibv_gid *dgid)
{
	int rc;

	rc = t_qp_init(qp, at);
	if (rc)
		t_die("modify QP from RESET to INIT: %s", strerror(rc));
	rc = t_qp_rtr(qp, d, at, dest_qpn, dgid);
	if (rc)
		t_die("modify QP from INIT to RTR: %s", strerror(rc));
	rc = t_qp_rts(qp, at);
	if (rc)
		t_die("modify QP from RTR to RTS: %s", strerror(rc));
}

static void connect_pair(struct t_pair *p, const struct t_attr *a, const struct t_attr *b)
{
	t_qp_connect(p->a.qp, p->a.d, a, p->b.qp->qp_num, &p->b.d->gid);
	t_qp_connect(p->b.qp, p->b.d, b, p->a.qp->qp_num, &p->a.d->gid);
}

void t_pair_open(struct t_pair *p, struct t_dev *d, const struct t_attr *at)
{
	p->attr = at ? *at : t_attr_default(d);
	t_side_open(&p->a, d, &p->attr);
	t_side_open(&p->b, d, &p->attr);
	connect_pair(p, &p->attr, &p->attr);
}

static void recycle(struct t_side *s, const struct t_attr *at)
{
	struct ibv_wc wc;

	t_events_drop(s->d->ctx);
	destroyed("ibv_destroy_qp", ibv_destroy_qp(s->qp));
	while (ibv_poll_cq(s->scq, 1, &wc) > 0)
		;
	while (ibv_poll_cq(s->rcq, 1, &wc) > 0)
		;
	s->qp = t_side_new_qp(s, at);
	if (!s->qp)
		t_die("ibv_create_qp: %s", strerror(errno));
}

void t_pair_recycle_as(struct t_pair *p, const struct t_attr *a, const struct t_attr *b)
{
	recycle(&p->a, a);
	recycle(&p->b, b);
	connect_pair(p, a, b);
}

void t_pair_recycle(struct t_pair *p)
{
	bool self = p->a.qp == p->b.qp;

	if (!self) {
		t_pair_recycle_as(p, &p->attr, &p->attr);
		return;
	}
	recycle(&p->a, &p->attr);
	p->b = p->a;
	t_qp_connect(p->a.qp, p->a.d, &p->attr, p->a.qp->qp_num, &p->a.d->gid);
}

void t_pair_close(struct t_pair *p)
{
	t_side_close(&p->a);
	t_side_close(&p->b);
}
