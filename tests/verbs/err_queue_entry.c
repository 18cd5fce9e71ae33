// SPDX-License-Identifier: GPL-2.0
/*
 * Description: entries and indices that no provider writes, put into the mapped queues one at a
 * time: each ends with its status and vendor error, touches no memory, and breaks only the queue
 * pair, or the completion queue, that it stands in.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <string.h>

#include "pinless-abi.h"
#include "t_event.h"
#include "t_op.h"
#include "t_queue.h"

#define REGION		(4 * T_PAGE)
#define LEN		64
#define SQ_ENTRIES	16
#define RQ_ENTRIES	512
#define CQ_ENTRIES	256
#define SGES		4
#define SLOT_ID		0x51071d

/* Strides of SGES elements, rounded up as the driver does; if wrong, nothing below works. */
#define SQ_BYTES	(PINLESS_CTL_BYTES + SQ_ENTRIES * 128)
#define RQ_BYTES	(PINLESS_CTL_BYTES + RQ_ENTRIES * 128)
#define CQ_BYTES	(PINLESS_CTL_BYTES + CQ_ENTRIES * sizeof(struct pinless_cqe))

struct bench {
	struct t_pair p;
	struct t_area sq, rq, cq[2];
	struct t_buf l, r;
};

struct entry {
	struct pinless_send_wqe wqe;
	struct pinless_sge sge[SGES];
};

struct send_case {
	const char *name;
	void (*spoil)(struct bench *b, struct entry *e);
	enum ibv_wc_status status;
	enum pinless_vendor_err verr;
};

static void bench_open(struct bench *b, struct t_dev *d, struct t_attr *at)
{
	struct t_areas old;

	b->p.attr = *at;
	t_areas_find(&old);
	t_side_open(&b->p.a, d, at);
	b->sq = t_area_of(&old, SQ_BYTES);
	b->cq[0] = t_area_of(&old, CQ_BYTES);
	old.area[old.n++] = b->cq[0];
	b->cq[1] = t_area_of(&old, CQ_BYTES);
	t_areas_find(&old);
	t_side_open(&b->p.b, d, at);
	b->rq = t_area_of(&old, RQ_BYTES);
	t_qp_connect(b->p.a.qp, d, at, b->p.b.qp->qp_num, &d->gid);
	t_qp_connect(b->p.b.qp, d, at, b->p.a.qp->qp_num, &d->gid);
	t_buf_open(&b->l, b->p.a.pd, T_ODP, REGION, T_ACCESS_ALL);
	t_buf_open(&b->r, b->p.b.pd, T_ODP, REGION, T_ACCESS_ALL);
}

static void bench_close(struct bench *b)
{
	t_buf_close(&b->l);
	t_buf_close(&b->r);
	t_pair_close(&b->p);
}

/* A WRITE that is right in every respect. */
static void fill(struct bench *b, struct entry *e)
{
	*e = (struct entry){
		.wqe = {
			.wr_id = SLOT_ID,
			.opcode = PINLESS_OP_WRITE,
			.flags = PINLESS_SEND_SIGNALED,
			.num_sge = 1,
			.rkey = b->r.mr->rkey,
			.remote_addr = b->r.iova,
		},
		.sge = { { b->l.iova, LEN, b->l.mr->lkey } },
	};
}

static void nothing(struct bench *b, struct entry *e)
{
	(void)b;
	(void)e;
}

static void opcode_next(struct bench *b, struct entry *e)
{
	(void)b;
	e->wqe.opcode = PINLESS_OP_COUNT;
}

static void opcode_last(struct bench *b, struct entry *e)
{
	(void)b;
	e->wqe.opcode = 255;
	/* An error is reported even for an unsignaled request. */
	e->wqe.flags = 0;
}

static void flags_next(struct bench *b, struct entry *e)
{
	(void)b;
	e->wqe.flags |= 0x10;
}

static void flags_all(struct bench *b, struct entry *e)
{
	(void)b;
	e->wqe.flags = 0xff;
}

static void sges_one_more(struct bench *b, struct entry *e)
{
	(void)b;
	e->wqe.num_sge = SGES + 1;
}

static void sges_all(struct bench *b, struct entry *e)
{
	(void)b;
	e->wqe.num_sge = 0xffff;
}

static void inline_one_more(struct bench *b, struct entry *e)
{
	(void)b;
	e->wqe.flags |= PINLESS_SEND_INLINE;
	/* The rest of the rounded-up entry is the most that there is room for. */
	e->wqe.inline_len = sizeof(e->sge) + 1;
}

static void inline_all(struct bench *b, struct entry *e)
{
	(void)b;
	e->wqe.flags |= PINLESS_SEND_INLINE;
	e->wqe.inline_len = ~0u;
}

static void inline_read(struct bench *b, struct entry *e)
{
	(void)b;
	e->wqe.opcode = PINLESS_OP_READ;
	e->wqe.flags |= PINLESS_SEND_INLINE;
	e->wqe.inline_len = 8;
}

static void too_long(struct bench *b, struct entry *e)
{
	unsigned int i;

	/* Added up in 32 bits it would be 16. */
	for (i = 0; i < SGES; i++)
		e->sge[i] = (struct pinless_sge){ b->l.iova, i ? 0x55555555 : 17, b->l.mr->lkey };
	e->wqe.num_sge = SGES;
}

static void atomic_short(struct bench *b, struct entry *e)
{
	(void)b;
	e->wqe.opcode = PINLESS_OP_FETCH_ADD;
	e->sge[0].length = 7;
}

static void atomic_odd(struct bench *b, struct entry *e)
{
	(void)b;
	e->wqe.opcode = PINLESS_OP_CMP_SWAP;
	e->sge[0].length = 8;
	e->wqe.remote_addr += 4;
}

static void local_wraps(struct bench *b, struct entry *e)
{
	(void)b;
	e->sge[0].addr = ~0ULL - LEN / 2;
}

static void local_end(struct bench *b, struct entry *e)
{
	e->sge[0].addr = b->l.iova + REGION - LEN + 1;
}

static void local_second(struct bench *b, struct entry *e)
{
	e->wqe.num_sge = 2;
	e->sge[1] = (struct pinless_sge){ b->l.iova - 1, 1, b->l.mr->lkey };
}

static void local_key(struct bench *b, struct entry *e)
{
	e->sge[0].lkey = b->r.mr->lkey;
}

static void remote_wraps(struct bench *b, struct entry *e)
{
	(void)b;
	e->wqe.remote_addr = ~0ULL - LEN + 2;
}

static void remote_end(struct bench *b, struct entry *e)
{
	e->wqe.remote_addr = b->r.iova + REGION - LEN + 1;
}

static void remote_key(struct bench *b, struct entry *e)
{
	e->wqe.rkey = b->l.mr->rkey;
}

static const struct send_case send_cases[] = {
	{ "nothing wrong", nothing, IBV_WC_SUCCESS, PINLESS_VERR_NONE },
	{ "first unknown opcode", opcode_next, IBV_WC_LOC_QP_OP_ERR, PINLESS_VERR_OPCODE },
	{ "opcode 255, unsignaled", opcode_last, IBV_WC_LOC_QP_OP_ERR, PINLESS_VERR_OPCODE },
	{ "first unknown flag", flags_next, IBV_WC_LOC_QP_OP_ERR, PINLESS_VERR_FLAGS },
	{ "all flags", flags_all, IBV_WC_LOC_QP_OP_ERR, PINLESS_VERR_FLAGS },
	{ "one element too many", sges_one_more, IBV_WC_LOC_QP_OP_ERR, PINLESS_VERR_NUM_SGE },
	{ "65535 elements", sges_all, IBV_WC_LOC_QP_OP_ERR, PINLESS_VERR_NUM_SGE },
	{ "inline data of one byte too many", inline_one_more, IBV_WC_LOC_QP_OP_ERR,
	  PINLESS_VERR_INLINE },
	{ "inline data of 4 GiB - 1", inline_all, IBV_WC_LOC_QP_OP_ERR, PINLESS_VERR_INLINE },
	{ "inline READ", inline_read, IBV_WC_LOC_QP_OP_ERR, PINLESS_VERR_INLINE },
	{ "lengths whose sum wraps", too_long, IBV_WC_LOC_LEN_ERR, PINLESS_VERR_LENGTH },
	{ "atomic with room for 7 bytes", atomic_short, IBV_WC_LOC_LEN_ERR, PINLESS_VERR_LENGTH },
	{ "atomic on half a word", atomic_odd, IBV_WC_REM_INV_REQ_ERR, PINLESS_VERR_ALIGN },
	{ "local address that wraps", local_wraps, IBV_WC_LOC_PROT_ERR, PINLESS_VERR_RANGE },
	{ "one byte behind the region", local_end, IBV_WC_LOC_PROT_ERR, PINLESS_VERR_RANGE },
	{ "second element before the region", local_second, IBV_WC_LOC_PROT_ERR,
	  PINLESS_VERR_RANGE },
	{ "local key of another domain", local_key, IBV_WC_LOC_PROT_ERR, PINLESS_VERR_KEY },
	{ "remote address that wraps", remote_wraps, IBV_WC_REM_ACCESS_ERR, PINLESS_VERR_RANGE },
	{ "one byte behind the remote region", remote_end, IBV_WC_REM_ACCESS_ERR,
	  PINLESS_VERR_RANGE },
	{ "remote key of another domain", remote_key, IBV_WC_REM_ACCESS_ERR, PINLESS_VERR_KEY },
};

static void send_one(struct bench *b, const struct send_case *c)
{
	struct entry e;
	struct ibv_wc wc;

	t_case("send entry: %s", c->name);
	fill(b, &e);
	c->spoil(b, &e);
	memcpy(b->sq.start + PINLESS_CTL_BYTES, &e, sizeof(e));
	t_eq("doorbell", t_ring(b->p.a.d->ctx, b->p.a.qp->qp_num, 1), 0);
	if (!t_expect_wc("entry", b->p.a.scq, SLOT_ID, c->status, &wc))
		return;
	t_eq("vendor_err", wc.vendor_err, c->verr);
	if (c->status == IBV_WC_SUCCESS)
		memcpy(t_shadow(&b->r, 0), t_shadow(&b->l, 0), LEN);
	else
		t_eq("state of the queue pair", t_qp_state(b->p.a.qp), IBV_QPS_ERR);
	t_buf_check_all("target side memory", &b->r);
	t_buf_check_all("initiator side memory", &b->l);
}

/* @index: what the process says that it has posted. */
static void recv_one(struct bench *b, const char *name, uint32_t num_sge, uint32_t index,
		     enum pinless_vendor_err verr)
{
	struct pinless_rq_ctl *ctl = (void *)b->rq.start;
	struct pinless_recv_wqe *wqe = (void *)(b->rq.start + PINLESS_CTL_BYTES);
	struct pinless_sge *sge = (void *)(wqe + 1);
	struct ibv_sge s = t_sge(&b->l, 0, LEN);
	struct ibv_send_wr wr = t_send_wr(IBV_WR_SEND, 5, &s, 1, 0, 0);
	bool good = verr == PINLESS_VERR_NONE;
	struct ibv_wc wc;

	t_case("receive entry: %s", name);
	*wqe = (struct pinless_recv_wqe){ .wr_id = SLOT_ID, .num_sge = num_sge };
	*sge = (struct pinless_sge){ b->r.iova, LEN, b->r.mr->lkey };
	__atomic_store_n(&ctl->prod, index, __ATOMIC_RELEASE);
	t_post(&b->p.a, &wr);
	t_expect_wc("SEND", b->p.a.scq, 5, good ? IBV_WC_SUCCESS : IBV_WC_REM_OP_ERR, NULL);
	if (t_expect_wc("receive", b->p.b.rcq, SLOT_ID,
			good ? IBV_WC_SUCCESS : IBV_WC_LOC_QP_OP_ERR, &wc))
		t_eq("vendor_err", wc.vendor_err, verr);
	if (good)
		memcpy(t_shadow(&b->r, 0), t_shadow(&b->l, 0), LEN);
	else
		t_eq("state of the responder", t_qp_state(b->p.b.qp), IBV_QPS_ERR);
	t_buf_check_all("target side memory", &b->r);
}

/* The process says that it has taken @cons completions; it has taken none. */
static void cq_one(struct bench *b, uint32_t cons)
{
	struct ibv_sge s = t_sge(&b->l, 0, LEN);
	struct ibv_send_wr wr = t_send_wr(IBV_WR_RDMA_WRITE, 5, &s, 1, b->r.iova, b->r.mr->rkey);
	struct ibv_wc wc;
	int i;

	t_case("completion queue: index 0x%x", cons);
	for (i = 0; i < 2; i++) {
		struct pinless_cq_ctl *ctl = (void *)b->cq[i].start;

		ctl->cons = cons;
	}
	t_post(&b->p.a, &wr);
	t_check(t_event_wait(b->p.a.d->ctx, IBV_EVENT_CQ_ERR, NULL, t_scale(T_WC_MS)),
		"event: expected '%s', seen none", ibv_event_type_str(IBV_EVENT_CQ_ERR));
	t_check(!t_wc(b->p.a.scq, &wc, T_QUIET_MS), "completion: expected none, seen one");
	t_eq("state of the queue pair", t_qp_state(b->p.a.qp), IBV_QPS_ERR);
	t_eq("state of the responder", t_qp_state(b->p.b.qp), IBV_QPS_RTS);
	t_events_drop(b->p.a.d->ctx);
}

static void good_op(struct bench *b)
{
	t_do(&b->p, &(struct t_op){ .opcode = IBV_WR_SEND, .l = &b->l, .r = &b->r, .len = 9000 });
}

int main(void)
{
	struct bench b, other;
	struct t_attr at;
	struct t_dev d;
	unsigned int i;

	t_start(60);
	d = t_dev_open();
	if (!d.pinless)
		t_skip("writes queues in the format of pinless");
	at = t_attr_default(&d);
	at.max_send_wr = SQ_ENTRIES;
	at.max_recv_wr = RQ_ENTRIES;
	at.max_send_sge = SGES;
	at.max_recv_sge = SGES;
	at.cqe = CQ_ENTRIES;
	bench_open(&other, &d, &at);
	for (i = 0; i < T_ARRAY_SIZE(send_cases); i++) {
		bench_open(&b, &d, &at);
		send_one(&b, &send_cases[i]);
		bench_close(&b);
		good_op(&other);
	}
	for (i = 0; i < 5; i++) {
		bench_open(&b, &d, &at);
		if (i == 0)
			recv_one(&b, "nothing wrong", 1, 1, PINLESS_VERR_NONE);
		else if (i == 1)
			recv_one(&b, "one element too many", SGES + 1, 1, PINLESS_VERR_NUM_SGE);
		else if (i == 2)
			recv_one(&b, "2^32 - 1 elements", ~0u, 1, PINLESS_VERR_NUM_SGE);
		else if (i == 3)
			recv_one(&b, "one more than the queue has", 1, RQ_ENTRIES + 1,
				 PINLESS_VERR_INDEX);
		else
			recv_one(&b, "index that goes back", 1, -1, PINLESS_VERR_INDEX);
		bench_close(&b);
		good_op(&other);
	}
	for (i = 0; i < 3; i++) {
		static const uint32_t cons[] = { 1, 0x80000000, -(CQ_ENTRIES + 1) };

		bench_open(&b, &d, &at);
		cq_one(&b, cons[i]);
		bench_close(&b);
		good_op(&other);
	}
	bench_close(&other);
	t_dev_close(&d);
	return t_finish();
}
