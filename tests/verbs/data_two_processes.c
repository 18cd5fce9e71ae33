// SPDX-License-Identifier: GPL-2.0
/*
 * Description: every verb between two processes, with regions of each kind, warm and cold; each
 * process checks its own memory.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <string.h>
#include <sys/mman.h>

#include "t_op.h"
#include "t_peer.h"

#define REGION	(256 * T_PAGE)
#define PART	(32 * T_PAGE)
#define SEED_A	7
#define SEED_B	8

struct job {
	struct t_meet *meet;
	enum t_kind kind;
};

/* Parts of both buffers: 0 WRITE, 1 READ, 2 SEND, 3 FETCH_ADD, 4 cold WRITE. */
static size_t part(int i)
{
	return i * PART + 1000 + i * 24;
}

static int target(void *arg)
{
	struct job *j = arg;
	struct t_dev d = t_dev_open();
	struct t_attr at = t_attr_default(&d);
	unsigned char *src = t_mmap(REGION);
	struct t_side s;
	struct ibv_sge sge;
	struct t_buf b;
	uint64_t sum;

	t_case("target process, %s", t_kind_name(j->kind));
	t_side_open(&s, &d, &at);
	t_buf_open(&b, s.pd, j->kind, REGION, T_ACCESS_ALL);
	t_buf_fill(&b, SEED_B);
	if (j->kind != T_PINNED) {
		madvise(b.addr + 4 * PART, PART, MADV_DONTNEED);
		memset(t_shadow(&b, 4 * PART), 0, PART);
	}
	t_pattern(src, REGION, SEED_A);
	sge = t_sge(&b, part(2), 20000);
	t_peer_connect(j->meet, 1, &s, &at, b.addr, b.mr->rkey);
	t_post_recv(&s, 2, &sge, 1);
	t_meet_at(j->meet, 1, 3);
	t_meet_at(j->meet, 1, 4);
	t_expect_wc("receive", s.rcq, 2, IBV_WC_SUCCESS, NULL);
	memcpy(t_shadow(&b, part(0)), src + part(0), 20000);
	memcpy(t_shadow(&b, part(2)), src + part(2), 20000);
	memcpy(t_shadow(&b, part(4)), src + part(4), 20000);
	memcpy(&sum, t_shadow(&b, part(3)), 8);
	sum += 100;
	memcpy(t_shadow(&b, part(3)), &sum, 8);
	t_buf_check_all("target's memory", &b);
	t_buf_close(&b);
	t_side_close(&s);
	t_dev_close(&d);
	return t_finish();
}

static int initiator(void *arg)
{
	struct job *j = arg;
	struct t_dev d = t_dev_open();
	struct t_attr at = t_attr_default(&d);
	unsigned char *want = t_mmap(REGION);
	struct ibv_send_wr wr;
	struct t_remote *to;
	struct ibv_sge sge;
	struct t_side s;
	char *mem = t_mmap(REGION);
	struct ibv_mr *mr;
	uint64_t seen, base;
	int i;

	t_case("initiator process, %s", t_kind_name(j->kind));
	t_side_open(&s, &d, &at);
	mr = t_reg(s.pd, j->kind, mem, REGION, T_ACCESS_ALL);
	t_pattern(mem, REGION, SEED_A);
	t_peer_connect(j->meet, 0, &s, &at, mem, mr->rkey);
	t_meet_at(j->meet, 0, 3);
	to = &j->meet->remote[1];
	/* The target's pattern starts T_GUARD bytes before its registered part. */
	t_pattern(want, REGION, SEED_B);
	for (i = 0; i < 5; i++) {
		static const enum ibv_wr_opcode op[] = {
			IBV_WR_RDMA_WRITE, IBV_WR_RDMA_READ, IBV_WR_SEND,
			IBV_WR_ATOMIC_FETCH_AND_ADD, IBV_WR_RDMA_WRITE,
		};

		sge = (struct ibv_sge){ (uintptr_t)mem + part(i), 20000, mr->lkey };
		if (t_is_atomic(op[i]))
			sge.length = 8;
		wr = t_send_wr(op[i], i, &sge, 1, to->addr + part(i), to->rkey);
		wr.wr.atomic.compare_add = t_is_atomic(op[i]) ? 1 : wr.wr.atomic.compare_add;
		if (!t_is_atomic(op[i])) {
			t_post(&s, &wr);
			t_expect_wc(t_op_name(op[i]), s.scq, i, IBV_WC_SUCCESS, NULL);
			continue;
		}
		memcpy(&base, want + T_GUARD + part(i), 8);
		for (unsigned int n = 0; n < 100; n++) {
			t_post(&s, &wr);
			t_expect_wc("FETCH_ADD", s.scq, i, IBV_WC_SUCCESS, NULL);
			memcpy(&seen, mem + part(i), 8);
			if (!t_eq("value that FETCH_ADD answered", seen, base + n))
				break;
		}
	}
	t_bytes("what READ brought", mem + part(1), want + T_GUARD + part(1), 20000);
	t_meet_at(j->meet, 0, 4);
	t_dereg(mr);
	t_side_close(&s);
	t_dev_close(&d);
	return t_finish();
}

int main(void)
{
	struct t_dev d;
	bool ok[T_KINDS];
	int k;

	t_start(60);
	d = t_dev_open();
	for (k = 0; k < T_KINDS; k++)
		ok[k] = t_kind_ok(&d, k, IBV_WR_SEND);
	t_dev_close(&d);
	for (k = 0; k < T_KINDS; k++) {
		struct job j = { t_meet_new(), k };
		pid_t a, b;

		if (!ok[k])
			continue;
		t_case("%s", t_kind_name(k));
		a = t_fork(initiator, &j);
		b = t_fork(target, &j);
		t_wait(a, "initiator process");
		t_wait(b, "target process");
	}
	return t_finish();
}
