// SPDX-License-Identifier: GPL-2.0
/*
 * Description: a child that uses what it has inherited of an open device: its requests work on
 * the memory of the process that registered it, its own regions are its own memory, and when it
 * is gone its unpinned memory is refused, its pinned memory is there, and the parent works on.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <string.h>
#include <sys/mman.h>

#include "t_leak.h"
#include "t_op.h"
#include "t_peer.h"

#define REGION	(16 * T_PAGE)
#define LEN	10000

/* Steps of parent and child. */
enum { FORKED = 1, CHILD_SENT, PARENT_SENT, CHILD_CHECKED };

struct family {
	struct t_meet *meet;
	struct t_pair p;
	struct t_buf l, r;
	enum t_kind kind;
};

static unsigned char first[REGION];

static void move(struct t_pair *p, struct t_buf *l, enum ibv_wr_opcode op, uint64_t to,
		 uint32_t rkey, enum ibv_wc_status status)
{
	struct ibv_sge s = t_sge(l, 0, LEN);
	struct ibv_send_wr wr = t_send_wr(op, 1, &s, 1, to, rkey);

	t_post(&p->a, &wr);
	t_expect_wc(t_op_name(op), p->a.scq, 1, status, NULL);
}

static int child(void *arg)
{
	struct family *f = arg;
	char *own = f->r.addr + REGION / 2;
	struct ibv_mr *mr;

	t_case("child, %s", t_kind_name(f->kind));
	/* The parent's memory, of which this process has a copy; it writes to that only. */
	t_pattern(f->l.addr, LEN, 4711);
	move(&f->p, &f->l, IBV_WR_RDMA_WRITE, f->r.iova, f->r.mr->rkey, IBV_WC_SUCCESS);
	t_bytes("child's copy of the target", f->r.addr, first, LEN);
	/* At the same address as a part of the parent's region. */
	mr = t_reg(f->p.b.pd, f->kind, own, REGION / 2, T_ACCESS_ALL);
	f->meet->word[0] = mr->rkey;
	t_meet_at(f->meet, 1, CHILD_SENT);
	t_meet_at(f->meet, 1, PARENT_SENT);
	t_pattern(f->l.addr, LEN, 815);
	t_bytes("child's memory that the parent has written", own, f->l.addr, LEN);
	t_meet_at(f->meet, 1, CHILD_CHECKED);
	/* Its region outlives it: the parent still has the device open. */
	return t_failures() ? T_EXIT_FAIL : T_EXIT_PASS;
}

/* A process with a child; the end of both leaves nothing behind. */
static int parent(void *arg)
{
	enum t_kind kind = *(enum t_kind *)arg;
	struct family f = { .meet = t_meet_new(), .kind = kind };
	struct t_dev d = t_dev_open();
	uint64_t own;
	pid_t pid;

	t_case("%s", t_kind_name(kind));
	t_pair_open(&f.p, &d, NULL);
	t_buf_open(&f.l, f.p.a.pd, kind, REGION, T_ACCESS_ALL);
	t_buf_open(&f.r, f.p.b.pd, kind, REGION, T_ACCESS_ALL);
	own = f.r.iova + REGION / 2;
	/* The translation is there before there is a child. */
	t_do(&f.p, &(struct t_op){ .opcode = IBV_WR_RDMA_WRITE, .l = &f.l, .r = &f.r, .len = LEN });
	memcpy(first, f.r.addr, REGION);
	pid = t_fork(child, &f);
	t_meet_at(f.meet, 0, CHILD_SENT);
	t_case("%s, what the child's request has written", t_kind_name(kind));
	memcpy(t_shadow(&f.r, 0), t_shadow(&f.l, 0), LEN);
	t_buf_check_all("parent's target", &f.r);
	t_buf_check_all("parent's source", &f.l);
	t_pattern(f.l.addr, LEN, 815);
	/* The child has used the queue, whose indices this process keeps on its own. */
	t_pair_recycle(&f.p);
	move(&f.p, &f.l, IBV_WR_RDMA_WRITE, own, f.meet->word[0], IBV_WC_SUCCESS);
	t_buf_check_all("parent's memory at the child's address", &f.r);
	t_meet_at(f.meet, 0, PARENT_SENT);
	t_meet_at(f.meet, 0, CHILD_CHECKED);
	t_wait(pid, "child");
	t_case("%s, after the child is gone", t_kind_name(kind));
	move(&f.p, &f.l, IBV_WR_RDMA_WRITE, own, f.meet->word[0],
	     kind == T_PINNED ? IBV_WC_SUCCESS : IBV_WC_REM_ACCESS_ERR);
	t_pair_recycle(&f.p);
	memcpy(t_shadow(&f.l, 0), f.l.addr, LEN);
	t_do(&f.p, &(struct t_op){ .opcode = IBV_WR_SEND, .l = &f.l, .r = &f.r, .len = LEN });
	t_buf_check_all("parent's memory in the end", &f.r);
	return t_failures() ? T_EXIT_FAIL : T_EXIT_PASS;
}

int main(void)
{
	struct t_leak leak;
	struct t_dev d;
	enum t_kind k;

	t_start(60);
	d = t_dev_open();
	if (!d.pinless)
		t_skip("not every driver's queues are shared with a child");
	t_dev_close(&d);
	t_leak_begin(&leak);
	for (k = T_PINNED; k <= T_ODP; k++)
		t_wait(t_fork(parent, &k), t_kind_name(k));
	t_leak_end(&leak);
	return t_finish();
}
