// SPDX-License-Identifier: GPL-2.0
/*
 * Description: regions over the end of the heap and below the stack, registered before these
 * grow: refused where there is no memory yet, served as soon as heap (sbrk) or stack (a deeper
 * call) have it.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "t_memory.h"

/* Well beyond what the C library takes from heap and stack by itself. */
#define HEAP_PAGES	512
#define STACK_PAGES	1024
#define USED_PAGES	16
#define USED		(USED_PAGES * T_PAGE)
#define LEN		1000

static const enum ibv_wr_opcode verbs[] = {
	IBV_WR_RDMA_WRITE, IBV_WR_RDMA_READ, IBV_WR_SEND, IBV_WR_ATOMIC_FETCH_AND_ADD,
};

struct grown {
	struct t_pair *p;
	/* Memory that grows, all of it registered, and the other side. */
	struct t_buf b, other;
	enum ibv_wr_opcode op;
	bool at_target;
	const char *what;
};

static void open_region(struct grown *g, char *addr, size_t len, enum t_kind kind)
{
	struct ibv_pd *here = g->at_target ? g->p->b.pd : g->p->a.pd;
	struct ibv_pd *there = g->at_target ? g->p->a.pd : g->p->b.pd;

	memset(&g->b, 0, sizeof(g->b));
	g->b.addr = addr;
	g->b.len = len;
	g->b.iova = (uintptr_t)addr;
	t_buf_reg(&g->b, here, kind, T_ACCESS_ALL);
	t_buf_open(&g->other, there, T_PINNED, USED, T_ACCESS_ALL);
}

static void close_region(struct grown *g)
{
	t_dereg(g->b.mr);
	t_buf_close(&g->other);
}

static void refused(struct grown *g, size_t off)
{
	struct t_buf *l = g->at_target ? &g->other : &g->b, *r = g->at_target ? &g->b : &g->other;
	size_t len = t_is_atomic(g->op) ? 8 : LEN;
	size_t loff = g->at_target ? 0 : off, roff = g->at_target ? off : 0;
	struct ibv_sge s = t_sge(l, loff, len), rs = t_sge(r, roff, len);
	struct ibv_send_wr wr = t_send_wr(g->op, 1, &s, 1, r->iova + roff, r->mr->rkey);

	if (g->op == IBV_WR_SEND)
		t_post_recv(&g->p->b, 77, &rs, 1);
	if (!g->at_target)
		t_expect_error(g->p, &wr, IBV_WC_LOC_PROT_ERR, -1, -1);
	else if (g->op == IBV_WR_SEND)
		t_expect_error(g->p, &wr, IBV_WC_REM_OP_ERR, IBV_WC_LOC_PROT_ERR, -1);
	else
		t_expect_error(g->p, &wr, IBV_WC_REM_ACCESS_ERR, -1, -1);
}

/* The device is first to touch the pages from @off on, which are zero. */
static void served(struct grown *g, size_t off)
{
	static unsigned char shadow[USED];
	struct t_buf part = g->b;
	unsigned int i;

	part.addr += off;
	part.iova += off;
	part.len = USED;
	memset(shadow, 0, USED);
	for (i = 0; i < USED_PAGES; i += 5) {
		struct ibv_sge s, rs;
		struct ibv_send_wr wr;
		size_t at = i * T_PAGE, len = t_is_atomic(g->op) ? 8 : LEN;
		struct t_buf *l = g->at_target ? &g->other : &part;
		struct t_buf *r = g->at_target ? &part : &g->other;
		unsigned char *here = shadow + at, *there = t_shadow(&g->other, at);
		bool into = g->op == IBV_WR_RDMA_READ ? !g->at_target : g->at_target;

		s = t_sge(l, at, len);
		rs = t_sge(r, at, len);
		wr = t_send_wr(g->op, i, &s, 1, r->iova + at, r->mr->rkey);
		if (g->op == IBV_WR_SEND)
			t_post_recv(&g->p->b, 77, &rs, 1);
		t_post(&g->p->a, &wr);
		if (!t_expect_wc(g->what, g->p->a.scq, i, IBV_WC_SUCCESS, NULL) ||
		    (g->op == IBV_WR_SEND &&
		     !t_expect_wc(g->what, g->p->b.rcq, 77, IBV_WC_SUCCESS, NULL))) {
			t_pair_recycle(g->p);
			return;
		}
		/* FETCH_ADD of 0 copies the target to the initiator. */
		if (t_is_atomic(g->op))
			into = !g->at_target;
		memcpy(into ? here : there, into ? there : here, len);
	}
	t_bytes(g->what, part.addr, shadow, USED);
	t_buf_check_all("memory of the other side", &g->other);
}

static void heap(struct grown *g, enum t_kind kind)
{
	char *end = sbrk(0), *addr = end + (-(uintptr_t)end & (T_PAGE - 1));
	size_t off = (HEAP_PAGES - USED_PAGES) * T_PAGE;

	g->what = "memory of the heap";
	open_region(g, addr, HEAP_PAGES * T_PAGE, kind);
	refused(g, off);
	if (brk(addr + HEAP_PAGES * T_PAGE))
		t_die("brk: %s", strerror(errno));
	served(g, off);
	close_region(g);
}

/* The stack grows at once; the device is first to touch what is not its lowest page. */
static __attribute__((noinline)) void deeper(struct grown *g)
{
	volatile char frame[(STACK_PAGES - USED_PAGES) * T_PAGE];

	frame[0] = 1;
	served(g, 4 * USED);
	/* Not a tail call: the frame is in use. */
	frame[1] = frame[0];
}

static void stack(struct grown *g, enum t_kind kind)
{
	uintptr_t here = (uintptr_t)__builtin_frame_address(0) & ~(T_PAGE - 1);

	g->what = "memory of the stack";
	open_region(g, (char *)here - STACK_PAGES * T_PAGE, STACK_PAGES * T_PAGE, kind);
	refused(g, 4 * USED);
	deeper(g);
	close_region(g);
}

struct job {
	enum t_kind kind;
	enum ibv_wr_opcode op;
	bool at_target;
};

/* A process of its own: a stack does not shrink. */
static int child(void *arg)
{
	struct job *j = arg;
	struct t_dev d = t_dev_open();
	struct grown g = { .op = j->op, .at_target = j->at_target };
	const char *side = j->at_target ? "target" : "initiator";
	struct t_pair p;

	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	g.p = &p;
	t_pair_open(&p, &d, NULL);
	t_case("heap, %s, %s region of the %s", t_op_name(j->op), t_kind_name(j->kind), side);
	heap(&g, j->kind);
	t_case("stack, %s, %s region of the %s", t_op_name(j->op), t_kind_name(j->kind), side);
	stack(&g, j->kind);
	t_pair_close(&p);
	t_dev_close(&d);
	return t_failures() ? T_EXIT_FAIL : T_EXIT_PASS;
}

int main(void)
{
	struct t_dev d;
	struct job j;
	unsigned int i;
	int side;

	t_start(60);
	d = t_dev_open();
	t_need_odp(&d);
	for (j.kind = T_ODP; j.kind <= T_IMPLICIT; j.kind++) {
		for (i = 0; i < T_ARRAY_SIZE(verbs); i++) {
			if (!t_kind_ok(&d, j.kind, verbs[i]))
				continue;
			j.op = verbs[i];
			for (side = 0; side < 2 && !t_failures(); side++) {
				j.at_target = side;
				t_wait(t_fork(child, &j), "child");
			}
		}
	}
	t_dev_close(&d);
	return t_finish();
}
