// SPDX-License-Identifier: GPL-2.0
/*
 * Description: fork: what the device writes in the parent does not reach the child, what the
 * child writes does not reach the parent or the device, also after the child is gone, on pinned,
 * ODP and implicit regions.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <string.h>
#include <sys/mman.h>

#include "t_memory.h"
#include "t_peer.h"

#define PAGES	16
#define REGION	(PAGES * T_PAGE)
#define LEN	1000

struct child {
	struct t_meet *meet;
	char *mem;
	unsigned char *old;
	bool writes;
};

static int child(void *arg)
{
	struct child *c = arg;

	t_case("child process");
	t_meet_at(c->meet, 1, 1);
	/* The parent's device wrote between these two. */
	t_meet_at(c->meet, 1, 2);
	t_bytes("child's memory after the parent's device wrote", c->mem, c->old, REGION);
	if (c->writes)
		memset(c->mem, 0xcc, REGION);
	t_meet_at(c->meet, 1, 3);
	t_meet_at(c->meet, 1, 4);
	if (c->writes)
		t_all_bytes("child's own writes", c->mem, 0xcc, REGION);
	return t_finish();
}

static void all_pages(struct t_pair *p, enum ibv_wr_opcode op, struct t_buf *l, struct t_buf *r)
{
	unsigned int i;

	for (i = 0; i < PAGES; i++)
		t_do(p, &(struct t_op){ .opcode = op, .l = l, .r = r, .loff = i * T_PAGE,
					.roff = i * T_PAGE, .len = t_is_atomic(op) ? 8 : LEN,
					.compare_add = 3 });
}

static void one(struct t_pair *p, enum t_kind kind, enum ibv_wr_opcode op, bool writes)
{
	bool at_target = op != IBV_WR_RDMA_READ;
	unsigned char *old = t_mmap(REGION);
	struct t_buf l, r, *b = at_target ? &r : &l;
	struct child c = { .meet = t_meet_new(), .old = old, .writes = writes };
	pid_t pid;

	t_buf_open(&l, p->a.pd, at_target ? T_PINNED : kind, REGION, T_ACCESS_ALL);
	t_buf_open(&r, p->b.pd, at_target ? kind : T_PINNED, REGION, T_ACCESS_ALL);
	all_pages(p, op, &l, &r);
	t_buf_fill(at_target ? &l : &r, 1234);
	memcpy(old, b->addr, REGION);
	c.mem = b->addr;
	pid = t_fork(child, &c);
	t_meet_at(c.meet, 0, 1);
	all_pages(p, op, &l, &r);
	t_meet_at(c.meet, 0, 2);
	t_meet_at(c.meet, 0, 3);
	t_buf_check_all("parent's memory after the child wrote", b);
	all_pages(p, op, &l, &r);
	t_meet_at(c.meet, 0, 4);
	t_wait(pid, "child");
	t_buf_fill(at_target ? &l : &r, 555);
	all_pages(p, op, &l, &r);
	t_buf_check_all("parent's memory after the child is gone", b);
	t_buf_close(&l);
	t_buf_close(&r);
	munmap(old, REGION);
	munmap(c.meet, sizeof(*c.meet));
}

int main(void)
{
	static const enum ibv_wr_opcode ops[] = {
		IBV_WR_RDMA_WRITE, IBV_WR_RDMA_READ, IBV_WR_SEND, IBV_WR_ATOMIC_FETCH_AND_ADD,
	};
	struct t_pair p;
	struct t_dev d;
	unsigned int i;
	int k, w;

	t_start(60);
	d = t_dev_open();
	t_pair_open(&p, &d, NULL);
	for (k = 0; k < T_KINDS; k++) {
		for (i = 0; i < T_ARRAY_SIZE(ops); i++) {
			for (w = 0; w < 2; w++) {
				t_case("%s, %s in the parent, child %s", t_kind_name(k),
				       t_op_name(ops[i]), w ? "writes" : "only reads");
				if (t_kind_ok(&d, k, ops[i]))
					one(&p, k, ops[i], w);
			}
		}
	}
	t_pair_close(&p);
	t_dev_close(&d);
	return t_finish();
}
