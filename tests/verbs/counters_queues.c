// SPDX-License-Identifier: GPL-2.0
/*
 * Description: what queues do is counted exactly: requests, receives and bytes by what was posted
 * and moved, messages that waited for a receive, destinations that did not answer, queues that
 * overflowed.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <string.h>

#include "t_counters.h"
#include "t_event.h"
#include "t_op.h"

enum { SENDS, RECVS, BYTES, RNRS, TIMEOUTS, OVERFLOWS, COUNTERS };

static const char *const names[COUNTERS] = {
	"send_wqes", "recv_wqes", "bytes_copied", "rnr_waits", "ack_timeouts", "cq_overflows",
};

static struct t_port_count count[COUNTERS];
static struct t_dev d;
static struct t_pair p;
static struct t_buf l, r;

static void look(void)
{
	unsigned int i;

	for (i = 0; i < COUNTERS; i++)
		count[i] = t_port_count(d.ctx, names[i]);
}

/* All six, in the order of the enum. */
static void moved(const char *what, const uint64_t by[COUNTERS])
{
	unsigned int i;

	for (i = 0; i < COUNTERS; i++)
		t_port_expect(what, &count[i], by[i]);
}

#define MOVED(what, ...) moved(what, (const uint64_t[COUNTERS]){ __VA_ARGS__ })

static void data(void)
{
	static const struct {
		enum ibv_wr_opcode op;
		size_t len;
		unsigned int recvs;
	} ops[] = {
		{ IBV_WR_RDMA_WRITE, 1000, 0 },
		{ IBV_WR_RDMA_READ, 70000, 0 },
		{ IBV_WR_SEND, 33, 1 },
		{ IBV_WR_SEND_WITH_IMM, 0, 1 },
		{ IBV_WR_RDMA_WRITE_WITH_IMM, 5000, 1 },
		{ IBV_WR_ATOMIC_CMP_AND_SWP, 8, 0 },
		{ IBV_WR_ATOMIC_FETCH_AND_ADD, 8, 0 },
	};
	unsigned int i;

	for (i = 0; i < T_ARRAY_SIZE(ops); i++) {
		t_case("%s of %zu bytes", t_op_name(ops[i].op), ops[i].len);
		t_do(&p, &(struct t_op){ .opcode = ops[i].op, .l = &l, .r = &r,
					 .len = ops[i].len, .loff = 8, .roff = 16 });
		MOVED("it", [SENDS] = 1, [RECVS] = ops[i].recvs, [BYTES] = ops[i].len);
	}
}

static void refused(void)
{
	struct ibv_sge s = t_sge(&l, 0, 64);
	struct ibv_send_wr wr = t_send_wr(IBV_WR_RDMA_WRITE, 1, &s, 1, r.iova, ~r.mr->rkey);

	t_case("WRITE with a bad key, and one behind it that is flushed");
	t_expect_error(&p, &wr, IBV_WC_REM_ACCESS_ERR, -1, -1);
	MOVED("it", [SENDS] = 1);
}

static void not_ready(void)
{
	struct ibv_sge s = t_sge(&l, 0, 64);
	struct ibv_send_wr wr = t_send_wr(IBV_WR_SEND, 1, &s, 1, 0, 0);

	t_case("SEND without a receive, rnr_retry 2");
	p.attr.rnr_retry = 2;
	p.attr.min_rnr_timer = 12;
	t_pair_recycle(&p);
	look();
	t_post(&p.a, &wr);
	t_expect_wc("SEND", p.a.scq, 1, IBV_WC_RNR_RETRY_EXC_ERR, NULL);
	MOVED("it", [SENDS] = 1, [RNRS] = 3);
}

static void absent(void)
{
	struct ibv_sge s = t_sge(&l, 0, 64);
	struct ibv_send_wr wr = t_send_wr(IBV_WR_RDMA_WRITE, 1, &s, 1, r.iova, r.mr->rkey);

	t_case("WRITE to a queue pair in RESET, retry_cnt 3");
	p.attr.timeout = 10;
	p.attr.retry_cnt = 3;
	t_pair_recycle(&p);
	t_qp_to(p.b.qp, IBV_QPS_RESET);
	look();
	t_post(&p.a, &wr);
	t_expect_wc("WRITE", p.a.scq, 1, IBV_WC_RETRY_EXC_ERR, NULL);
	/* The request, three retries, and a last look when the last time-out is over. */
	MOVED("it", [SENDS] = 1, [TIMEOUTS] = 5);
}

static void overflow(void)
{
	struct t_attr at = t_attr_default(&d);
	struct ibv_wc wc;
	unsigned int i, size;

	t_case("a completion queue that overflows");
	t_pair_close(&p);
	at.cqe = 8;
	at.max_send_wr = 64;
	t_pair_open(&p, &d, &at);
	size = p.a.scq->cqe;
	look();
	for (i = 0; i < size + 1; i++) {
		struct ibv_send_wr wr = t_send_wr(IBV_WR_RDMA_WRITE, i, NULL, 0, 0, 0);

		t_post(&p.a, &wr);
	}
	t_check(t_event_wait(d.ctx, IBV_EVENT_CQ_ERR, p.a.scq, t_scale(3000)),
		"event: expected '%s', seen none in 3 s", ibv_event_type_str(IBV_EVENT_CQ_ERR));
	MOVED("it", [SENDS] = size + 1, [OVERFLOWS] = 1);
	for (i = 0; i < size && ibv_poll_cq(p.a.scq, 1, &wc) > 0; i++)
		t_eq("wr_id", wc.wr_id, i);
}

int main(void)
{
	t_start(60);
	d = t_dev_open();
	if (!d.pinless)
		t_skip("the counters of the port are those of pinless");
	t_pair_open(&p, &d, NULL);
	t_buf_open(&l, p.a.pd, T_PINNED, 32 * T_PAGE, T_ACCESS_ALL);
	t_buf_open(&r, p.b.pd, T_PINNED, 32 * T_PAGE, T_ACCESS_ALL);
	look();
	data();
	refused();
	not_ready();
	absent();
	t_buf_close(&l);
	t_buf_close(&r);
	overflow();
	t_pair_close(&p);
	t_dev_close(&d);
	return t_finish();
}
