// SPDX-License-Identifier: GPL-2.0
/*
 * Description: each allocation that the driver makes for a verb, a page fault, an advice or a link
 * fails in turn. The call fails with an error or does without, leaves nothing behind, and works
 * when it is done again.
 *
 * PINLESS_TEST_SECONDS: after that no more than the first allocations of a link, of hundreds.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "t_inject.h"
#include "t_leak.h"
#include "t_link.h"
#include "t_op.h"
#include "t_options.h"
#include "t_uffd.h"

/* More allocations than any of the calls makes. */
#define NTH_MAX	1000000
/* These are always made to fail, even where later ones are sampled or the time is over. */
#define FIRST	24
/* Deep enough for the driver's own allocations, not for those of the core's registration. */
#define OWN_DEPTH	8
#define SMALL	(16 * T_PAGE)
#define LARGE	(8UL << 20)
#define HUGE_PAGE	(2UL << 20)

struct env;

struct step {
	const char *name;
	/* Returns 0 or an error; undoes its effects in either case. */
	int (*fn)(struct env *e);
	enum t_kind kind;
	enum ibv_wr_opcode opcode;
	size_t len;
	/* Memory of a file, whose faults take their time. */
	bool file;
	/* The target's pages come only after the post, so that a worker fetches them. */
	bool held;
	/* Memory on both sides of a boundary of 2 MiB, where the driver begins a new leaf. */
	bool cross;
	/* The pages are there before the call. */
	bool touched;
	int advice;
	uint32_t flags;
	/*
	 * After the first allocations fewer and fewer are made to fail: there are hundreds, most
	 * of them the core's, and each try adds and removes a device.
	 */
	bool sample;
	/* After the first allocations, no more are made to fail once the time is over. */
	bool slow;
	/* Functions between the allocator and the driver; 0: T_INJECT_DEPTH. */
	unsigned int depth;
	/* The driver may allocate nothing for it, so no failure need be reached. */
	bool none;
};

struct env {
	struct t_dev *d;
	struct t_pair p;
	struct t_attr at;
	/* 0: no allocation is made to fail. */
	unsigned int nth;
	bool reached;
	const struct step *step;
	/* When the time is over, by t_ms(). */
	uint64_t end;
};

/* Only allocations between arm() and disarm() are made to fail. */
static void arm(struct env *e)
{
	if (e->nth)
		t_inject_arm(e->nth);
}

static void disarm(struct env *e)
{
	e->reached = e->nth && t_inject_disarm();
}

static int seen(const void *made)
{
	if (made)
		return 0;
	/* A failure without an errno would look like success. */
	return errno ? errno : EPROTO;
}

struct memory {
	char *map, *at;
	size_t map_len;
};

static struct memory memory(const struct step *s)
{
	struct memory m = { .map_len = s->len };
	FILE *f;

	if (s->file) {
		f = tmpfile();
		if (!f || ftruncate(fileno(f), s->len))
			t_die("temporary file: %s", strerror(errno));
		m.map = mmap(NULL, s->len, PROT_READ | PROT_WRITE, MAP_SHARED, fileno(f), 0);
		if (m.map == MAP_FAILED)
			t_die("mmap of a file: %s", strerror(errno));
		fclose(f);
		m.at = m.map;
	} else if (s->cross) {
		m.map_len = 2 * HUGE_PAGE;
		m.map = t_mmap_huge_aligned(m.map_len);
		madvise(m.map, m.map_len, MADV_NOHUGEPAGE);
		m.at = m.map + HUGE_PAGE - s->len / 2;
	} else {
		m.map = t_mmap(s->len);
		m.at = m.map;
	}
	if (s->touched)
		memset(m.at, 1, s->len);
	return m;
}

static int do_open(struct env *e)
{
	struct ibv_context *ctx;
	int err;

	arm(e);
	ctx = ibv_open_device(e->d->ctx->device);
	err = seen(ctx);
	if (ctx)
		ibv_close_device(ctx);
	disarm(e);
	return err;
}

static int do_pd(struct env *e)
{
	struct ibv_pd *pd;
	int err;

	arm(e);
	pd = ibv_alloc_pd(e->d->ctx);
	err = seen(pd);
	if (pd)
		err = ibv_dealloc_pd(pd);
	disarm(e);
	return err;
}

static int do_cq(struct env *e)
{
	struct ibv_cq *cq;
	int err;

	arm(e);
	cq = ibv_create_cq(e->d->ctx, e->step->len, NULL, e->p.a.chan, 0);
	err = seen(cq);
	if (cq)
		err = ibv_destroy_cq(cq);
	disarm(e);
	return err;
}

static int do_qp(struct env *e)
{
	struct t_attr at = e->at;
	struct ibv_qp *qp;
	int err;

	at.max_send_wr = e->step->len;
	at.max_recv_wr = e->step->len;
	at.max_inline = 256;
	arm(e);
	qp = t_side_new_qp(&e->p.a, &at);
	err = seen(qp);
	if (qp) {
		err = t_qp_init(qp, &at);
		if (!err)
			err = t_qp_rtr(qp, e->d, &at, qp->qp_num, &e->d->gid);
		if (!err)
			err = t_qp_rts(qp, &at);
		if (!err)
			err = t_qp_to(qp, IBV_QPS_RESET);
		t_check(!ibv_destroy_qp(qp), "ibv_destroy_qp: expected success, seen %s",
			strerror(errno));
	}
	disarm(e);
	return err;
}

static int do_reg(struct env *e)
{
	struct memory m = memory(e->step);
	struct ibv_mr *mr;
	int err;

	arm(e);
	mr = t_try_reg(e->p.a.pd, e->step->kind, m.at, e->step->len, T_ACCESS_ALL);
	err = seen(mr);
	if (mr)
		err = ibv_dereg_mr(mr);
	disarm(e);
	munmap(m.map, m.map_len);
	return err;
}

/* The page tables of both buffers are cold, as the device sees them. */
static int do_access(struct env *e)
{
	bool atomic = t_is_atomic(e->step->opcode);
	struct ibv_recv_wr recv = { .wr_id = 2, .num_sge = 1 }, *bad;
	struct memory local = memory(e->step), remote = memory(e->step);
	char *l = local.at, *r = remote.at;
	struct ibv_sge from, to;
	struct ibv_mr *lmr, *rmr;
	struct ibv_send_wr wr;
	struct ibv_wc wc = {};
	int err, uffd = -1;

	if (e->step->opcode != IBV_WR_RDMA_READ)
		t_pattern(l, e->step->len, 1);
	else
		t_pattern(r, e->step->len, 1);
	lmr = t_reg(e->p.a.pd, e->step->kind, l, e->step->len, T_ACCESS_ALL);
	rmr = t_reg(e->p.b.pd, e->step->kind, r, e->step->len, T_ACCESS_ALL);
	from = (struct ibv_sge){ (uintptr_t)l, atomic ? 8 : e->step->len, lmr->lkey };
	to = (struct ibv_sge){ (uintptr_t)r, e->step->len, rmr->lkey };
	recv.sg_list = &to;
	wr = t_send_wr(e->step->opcode, 1, &from, 1, (uintptr_t)r, rmr->rkey);
	if (t_is_send(e->step->opcode) && ibv_post_recv(e->p.b.qp, &recv, &bad))
		t_die("ibv_post_recv: %s", strerror(errno));
	if (e->step->held)
		uffd = t_uffd_hold(r, e->step->len);
	arm(e);
	err = t_try_post(&e->p.a, &wr);
	disarm(e);
	if (uffd >= 0)
		close(uffd);
	if (!err && !t_wc(e->p.a.scq, &wc, t_scale(20000)))
		t_fail("no completion came");
	if (!err && wc.status != IBV_WC_SUCCESS)
		err = 1000 + wc.status;
	if (!err && !atomic)
		t_bytes("data", r, l, e->step->len);
	t_dereg(lmr);
	t_dereg(rmr);
	if (err)
		t_pair_recycle(&e->p);
	else if (t_is_send(e->step->opcode))
		t_expect_wc("receive", e->p.b.rcq, 2, IBV_WC_SUCCESS, NULL);
	munmap(local.map, local.map_len);
	munmap(remote.map, remote.map_len);
	return err;
}

static int do_advise(struct env *e)
{
	struct memory m = memory(e->step);
	struct ibv_mr *mr = t_reg(e->p.a.pd, e->step->kind, m.at, e->step->len, T_ACCESS_ALL);
	struct ibv_sge s[2] = {
		{ (uintptr_t)m.at, T_PAGE, mr->lkey },
		{ (uintptr_t)m.at + T_PAGE, e->step->len - T_PAGE, mr->lkey },
	};
	int err;

	arm(e);
	err = ibv_advise_mr(e->p.a.pd, e->step->advice, e->step->flags, s, 2);
	disarm(e);
	t_dereg(mr);
	munmap(m.map, m.map_len);
	return err;
}

/* A process has no notifier before its first region. */
static int first_region(void *arg)
{
	struct env *e = arg;
	struct t_dev d = t_dev_open();
	struct ibv_pd *pd = ibv_alloc_pd(d.ctx);
	char *m = t_mmap(SMALL);
	struct ibv_mr *mr;

	if (!pd)
		t_die("ibv_alloc_pd: %s", strerror(errno));
	arm(e);
	mr = t_try_reg(pd, T_ODP, m, SMALL, T_ACCESS_ALL);
	/* Not disarmed: the parent checks whether the failure was reached. */
	if (mr)
		ibv_dereg_mr(mr);
	_exit(mr ? 0 : errno ? errno : EPROTO);
}

static int add_link(void *arg)
{
	arm(arg);
	execlp("rdma", "rdma", "link", "add", T_LINK, "type", "pinless", "netdev", T_LINK_NETDEV,
	       NULL);
	_exit(127);
}

static int in_child(struct env *e, int (*fn)(void *arg))
{
	bool hit;
	int status = t_inject_wait(t_fork(fn, e), &hit);

	/* A process that was never armed looks like one whose failure was reached. */
	e->reached = e->nth && hit;
	return status;
}

static int do_first(struct env *e)
{
	return in_child(e, first_region);
}

static int do_link(struct env *e)
{
	int err = in_child(e, add_link);

	t_check(t_link_exists(T_LINK) == !err,
		"rdma link add ended with %d: expected %s device, seen %s one", err,
		err ? "no" : "a", err ? "a" : "no");
	if (!err)
		t_check(!t_run("rdma link delete %s", T_LINK), "rdma link delete failed");
	return err;
}

static const struct step steps[] = {
	{ .name = "open", .fn = do_open, .none = true },
	{ .name = "alloc_pd", .fn = do_pd, .none = true },
	{ .name = "create_cq", .fn = do_cq, .len = 16 },
	{ .name = "create_cq, large", .fn = do_cq, .len = 8000 },
	{ .name = "create_qp and its states", .fn = do_qp, .len = 16 },
	{ .name = "create_qp, large", .fn = do_qp, .len = 1024 },
	{ .name = "first region of a process", .fn = do_first },
	{ .name = "reg_mr, pinned", .fn = do_reg, .kind = T_PINNED, .len = SMALL },
	{ .name = "reg_mr, pinned, large", .fn = do_reg, .kind = T_PINNED, .len = LARGE,
	  .touched = true },
	{ .name = "reg_mr, odp", .fn = do_reg, .kind = T_ODP, .len = SMALL },
	{ .name = "reg_mr, implicit", .fn = do_reg, .kind = T_IMPLICIT, .len = SMALL },
	{ .name = "WRITE, odp", .fn = do_access, .kind = T_ODP, .opcode = IBV_WR_RDMA_WRITE,
	  .len = SMALL },
	{ .name = "WRITE, odp, two leaves", .fn = do_access, .kind = T_ODP,
	  .opcode = IBV_WR_RDMA_WRITE, .len = SMALL, .cross = true },
	{ .name = "WRITE, odp, pages are there", .fn = do_access, .kind = T_ODP,
	  .opcode = IBV_WR_RDMA_WRITE, .len = SMALL, .touched = true },
	{ .name = "WRITE, implicit", .fn = do_access, .kind = T_IMPLICIT,
	  .opcode = IBV_WR_RDMA_WRITE, .len = SMALL },
	{ .name = "WRITE, pinned", .fn = do_access, .kind = T_PINNED,
	  .opcode = IBV_WR_RDMA_WRITE, .len = SMALL, .none = true },
	{ .name = "READ, odp", .fn = do_access, .kind = T_ODP, .opcode = IBV_WR_RDMA_READ,
	  .len = SMALL },
	{ .name = "READ, odp, two leaves", .fn = do_access, .kind = T_ODP,
	  .opcode = IBV_WR_RDMA_READ, .len = SMALL, .cross = true },
	{ .name = "SEND, odp", .fn = do_access, .kind = T_ODP, .opcode = IBV_WR_SEND,
	  .len = SMALL },
	{ .name = "FETCH_ADD, odp", .fn = do_access, .kind = T_ODP,
	  .opcode = IBV_WR_ATOMIC_FETCH_AND_ADD, .len = SMALL },
	{ .name = "WRITE, odp, file", .fn = do_access, .kind = T_ODP,
	  .opcode = IBV_WR_RDMA_WRITE, .len = SMALL, .file = true },
	{ .name = "WRITE, odp, pages come late", .fn = do_access, .kind = T_ODP,
	  .opcode = IBV_WR_RDMA_WRITE, .len = SMALL, .held = true },
	{ .name = "READ, odp, file", .fn = do_access, .kind = T_ODP,
	  .opcode = IBV_WR_RDMA_READ, .len = SMALL, .file = true },
	{ .name = "advise, synchronous", .fn = do_advise, .kind = T_ODP, .len = SMALL,
	  .advice = IBV_ADVISE_MR_ADVICE_PREFETCH_WRITE, .flags = IBV_ADVISE_MR_FLAG_FLUSH },
	{ .name = "advise, synchronous, implicit", .fn = do_advise, .kind = T_IMPLICIT,
	  .len = SMALL, .cross = true, .advice = IBV_ADVISE_MR_ADVICE_PREFETCH,
	  .flags = IBV_ADVISE_MR_FLAG_FLUSH },
	{ .name = "advise", .fn = do_advise, .kind = T_ODP, .len = SMALL,
	  .advice = IBV_ADVISE_MR_ADVICE_PREFETCH_WRITE },
	{ .name = "rdma link add, the driver's own", .fn = do_link, .slow = true,
	  .depth = OWN_DEPTH },
	{ .name = "rdma link add", .fn = do_link, .slow = true, .sample = true },
};

static unsigned int one(struct env *e, const struct step *s)
{
	unsigned int nth, failed = 0, errors = 0;
	int err;

	e->step = s;
	t_inject_depth(s->depth ? s->depth : T_INJECT_DEPTH);
	for (nth = 1; nth < NTH_MAX && !t_failures();
	     nth += s->sample && nth > FIRST ? nth / 4 : 1) {
		if (s->slow && nth > FIRST && t_ms() > e->end) {
			printf("%s: no time for more than the first %u\n", s->name, nth - 1);
			break;
		}
		t_case("%s, allocation %u", s->name, nth);
		e->nth = nth;
		err = s->fn(e);
		if (!e->reached) {
			t_check(!err, "nothing was made to fail: expected success, seen error %d",
				err);
			break;
		}
		failed++;
		errors += !!err;
		/* Anything left half made would make this fail. */
		e->nth = 0;
		err = s->fn(e);
		t_check(!err, "again, after the failure: expected success, seen error %d", err);
	}
	t_case("%s", s->name);
	t_check(nth < NTH_MAX, "still failing at allocation %u", nth);
	t_check(!failed == s->none, "allocations that failed: expected %s, seen %u",
		s->none ? "none" : "some", failed);
	printf("%s: %u allocations failed in turn, %u times the call\n", s->name, failed, errors);
	fflush(stdout);
	return failed;
}

int main(void)
{
	struct t_leak leak;
	struct env e = {};
	unsigned int i, sum = 0, seconds = t_seconds(0);
	struct t_dev d;

	t_start(250);
	e.end = seconds ? t_ms() + 1000ULL * seconds : UINT64_MAX;
	t_inject_need();
	t_link_need();
	d = t_dev_open();
	t_need_odp(&d);
	t_leak_begin(&leak);
	t_link_add();
	t_run("rdma link delete %s", T_LINK);
	e.d = &d;
	e.at = t_attr_default(&d);
	t_pair_open(&e.p, &d, &e.at);
	for (i = 0; i < T_ARRAY_SIZE(steps) && !t_failures(); i++) {
		if (steps[i].held && t_kernel_before(7, 0)) {
			t_case("%s", steps[i].name);
			t_skip_case("pages of userfaultfd are refused before 7.0");
			continue;
		}
		sum += one(&e, &steps[i]);
	}
	t_pair_close(&e.p);
	t_link_clean();
	t_case("leaks");
	t_leak_end(&leak);
	t_dev_close(&d);
	printf("%u allocations failed\n", sum);
	return t_finish();
}
