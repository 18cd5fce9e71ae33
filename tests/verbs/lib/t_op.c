// SPDX-License-Identifier: GPL-2.0
/* Copyright (c) 2026 The pinless authors */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "t_event.h"
#include "t_op.h"

#define RECV_ID		77

struct ibv_send_wr t_send_wr(enum ibv_wr_opcode op, uint64_t wr_id, struct ibv_sge *sge,
			     int num_sge, uint64_t raddr, uint32_t rkey)
{
	struct ibv_send_wr wr = {
		.wr_id = wr_id,
		.sg_list = sge,
		.num_sge = num_sge,
		.opcode = op,
		.send_flags = IBV_SEND_SIGNALED,
	};

	if (t_is_atomic(op)) {
		wr.wr.atomic.remote_addr = raddr;
		wr.wr.atomic.rkey = rkey;
	} else {
		wr.wr.rdma.remote_addr = raddr;
		wr.wr.rdma.rkey = rkey;
	}
	return wr;
}

int t_try_post(struct t_side *s, struct ibv_send_wr *wr)
{
	struct ibv_send_wr *bad = NULL;
	int rc = ibv_post_send(s->qp, wr, &bad);

	if (rc && !bad)
		t_fail("ibv_post_send failed with %d and left bad_wr NULL", rc);
	return rc;
}

void t_post(struct t_side *s, struct ibv_send_wr *wr)
{
	int rc = t_try_post(s, wr);

	if (rc)
		t_die("ibv_post_send(%s): %s", t_op_name(wr->opcode), strerror(rc));
}

void t_post_recv(struct t_side *s, uint64_t wr_id, struct ibv_sge *sge, int num_sge)
{
	struct ibv_recv_wr *bad, wr = {
		.wr_id = wr_id,
		.sg_list = sge,
		.num_sge = sge ? num_sge : 0,
	};
	int rc = ibv_post_recv(s->qp, &wr, &bad);

	if (rc)
		t_die("ibv_post_recv: %s", strerror(rc));
}

bool t_wc(struct ibv_cq *cq, struct ibv_wc *wc, unsigned int ms)
{
	uint64_t end = t_ms() + ms;
	unsigned int spins = 0;

	for (;;) {
		int n = ibv_poll_cq(cq, 1, wc);

		if (n < 0)
			t_die("ibv_poll_cq: expected 0 or more, seen %d", n);
		if (n)
			return true;
		if ((++spins & 15) == 0) {
			if (t_ms() > end)
				return ibv_poll_cq(cq, 1, wc) > 0;
			sched_yield();
		}
	}
}

bool t_expect_wc(const char *what, struct ibv_cq *cq, uint64_t wr_id,
		 enum ibv_wc_status status, struct ibv_wc *wc)
{
	struct ibv_wc own;

	if (!wc)
		wc = &own;
	memset(wc, 0, sizeof(*wc));
	if (!t_wc(cq, wc, t_scale(T_WC_MS))) {
		wc->status = IBV_WC_GENERAL_ERR;
		return t_check(false, "%s: expected a completion (%s), seen none in %d ms", what,
			       ibv_wc_status_str(status), T_WC_MS);
	}
	return t_check(wc->status == status && wc->wr_id == wr_id,
		       "%s: expected wr_id %llu '%s', seen wr_id %llu '%s'", what,
		       (unsigned long long)wr_id, ibv_wc_status_str(status),
		       (unsigned long long)wc->wr_id, ibv_wc_status_str(wc->status));
}

bool t_expect_quiet(const char *what, struct ibv_cq *cq)
{
	struct ibv_wc wc;

	if (!t_wc(cq, &wc, t_scale(T_QUIET_MS)))
		return t_check(true, "%s", what);
	return t_check(false, "%s: expected no completion, seen wr_id %llu '%s'", what,
		       (unsigned long long)wc.wr_id, ibv_wc_status_str(wc.status));
}

static enum ibv_wc_opcode send_wc_opcode(enum ibv_wr_opcode op)
{
	switch (op) {
	case IBV_WR_RDMA_WRITE:
	case IBV_WR_RDMA_WRITE_WITH_IMM:
		return IBV_WC_RDMA_WRITE;
	case IBV_WR_RDMA_READ:
		return IBV_WC_RDMA_READ;
	case IBV_WR_ATOMIC_CMP_AND_SWP:
		return IBV_WC_COMP_SWAP;
	case IBV_WR_ATOMIC_FETCH_AND_ADD:
		return IBV_WC_FETCH_ADD;
	default:
		return IBV_WC_SEND;
	}
}

static bool check_send_wc(const struct t_pair *p, const struct t_op *op,
			  const struct ibv_wc *wc)
{
	bool ok = t_eq("opcode of the send completion", wc->opcode, send_wc_opcode(op->opcode));

	ok &= t_eq("qp_num of the send completion", wc->qp_num, p->a.qp->qp_num);
	if (op->opcode == IBV_WR_RDMA_READ)
		ok &= t_eq("byte_len of the READ completion", wc->byte_len, op->len);
	return ok;
}

static bool check_recv_wc(const struct t_pair *p, const struct t_op *op,
			  const struct ibv_wc *wc)
{
	bool ok = t_eq("opcode of the receive completion", wc->opcode,
		       op->opcode == IBV_WR_RDMA_WRITE_WITH_IMM ?
		       IBV_WC_RECV_RDMA_WITH_IMM : IBV_WC_RECV);

	ok &= t_eq("qp_num of the receive completion", wc->qp_num, p->b.qp->qp_num);
	ok &= t_eq("byte_len of the receive completion", wc->byte_len, op->len);
	ok &= t_eq("IBV_WC_WITH_IMM in wc_flags", !!(wc->wc_flags & IBV_WC_WITH_IMM),
		   t_has_imm(op->opcode));
	if (t_has_imm(op->opcode))
		ok &= t_eq("imm_data", wc->imm_data, op->imm);
	return ok;
}

static void expect_atomic(const struct t_op *op)
{
	unsigned char *target = t_shadow(op->r, op->roff);
	uint64_t old, new;

	memcpy(&old, target, 8);
	new = old;
	if (op->opcode == IBV_WR_ATOMIC_FETCH_AND_ADD)
		new = old + op->compare_add;
	else if (old == op->compare_add)
		new = op->swap;
	memcpy(target, &new, 8);
	memcpy(t_shadow(op->l, op->loff), &old, 8);
}

static bool check_data(const struct t_op *op)
{
	bool ok;

	if (t_is_atomic(op->opcode))
		expect_atomic(op);
	else if (op->opcode == IBV_WR_RDMA_READ)
		memcpy(t_shadow(op->l, op->loff), t_shadow(op->r, op->roff), op->len);
	else
		memcpy(t_shadow(op->r, op->roff), t_shadow(op->l, op->loff), op->len);
	ok = t_buf_check("target side memory", op->r, op->roff, op->len);
	ok &= t_buf_check("initiator side memory", op->l, op->loff, op->len);
	return ok;
}

static struct ibv_send_wr op_wr(const struct t_op *op, struct ibv_sge *sge)
{
	struct ibv_send_wr wr = t_send_wr(op->opcode, 1, sge, op->len ? 1 : 0,
					  op->r->iova + op->roff, op->r->mr->rkey);

	wr.send_flags |= op->flags;
	if (t_is_atomic(op->opcode)) {
		wr.wr.atomic.compare_add = op->compare_add;
		wr.wr.atomic.swap = op->swap;
	} else {
		wr.imm_data = op->imm;
	}
	return wr;
}

bool t_do(struct t_pair *p, const struct t_op *op)
{
	struct ibv_sge lsge = t_sge(op->l, op->loff, op->len);
	struct ibv_sge rsge = t_sge(op->r, op->roff, op->len);
	struct ibv_send_wr wr = op_wr(op, &lsge);
	struct ibv_wc swc, rwc;
	bool ok;

	if (t_is_send(op->opcode))
		t_post_recv(&p->b, RECV_ID, op->len ? &rsge : NULL, 1);
	else if (t_needs_recv(op->opcode))
		t_post_recv(&p->b, RECV_ID, NULL, 0);
	t_post(&p->a, &wr);
	ok = t_expect_wc(t_op_name(op->opcode), p->a.scq, 1, IBV_WC_SUCCESS, &swc);
	if (ok && t_needs_recv(op->opcode))
		ok = t_expect_wc("receive", p->b.rcq, RECV_ID, IBV_WC_SUCCESS, &rwc);
	if (!ok) {
		t_pair_recycle(p);
		return false;
	}
	ok = check_send_wc(p, op, &swc);
	if (t_needs_recv(op->opcode))
		ok &= check_recv_wc(p, op, &rwc);
	return check_data(op) && ok;
}

static void expect_flush(struct t_pair *p)
{
	struct ibv_send_wr wr = t_send_wr(IBV_WR_SEND, 99, NULL, 0, 0, 0);
	int rc;

	t_check(t_in_error(&p->a), "initiator QP: expected state ERR (%d), seen %d", IBV_QPS_ERR,
		t_qp_state(p->a.qp));
	rc = t_try_post(&p->a, &wr);
	if (t_check(!rc, "post to a QP in ERR: expected success, seen error %d (%s)", rc,
		    strerror(rc)))
		t_expect_wc("request after the error", p->a.scq, 99, IBV_WC_WR_FLUSH_ERR, NULL);
}

void t_expect_error(struct t_pair *p, struct ibv_send_wr *wr, enum ibv_wc_status status,
		    int recv_status, int event)
{
	t_events_drop(p->b.d->ctx);
	t_post(&p->a, wr);
	t_expect_wc("initiator", p->a.scq, wr->wr_id, status, NULL);
	if (recv_status >= 0)
		t_expect_wc("target's receive", p->b.rcq, RECV_ID, recv_status, NULL);
	if (event >= 0)
		t_check(t_event_wait(p->b.d->ctx, event, p->b.qp, t_scale(2000)),
			"target: expected asynchronous event '%s', seen none in 2 s",
			ibv_event_type_str(event));
	expect_flush(p);
	t_pair_recycle(p);
}
