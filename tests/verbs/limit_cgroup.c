// SPDX-License-Identifier: GPL-2.0
/*
 * Description: what a process makes the kernel allocate is charged to its memory cgroup: at the
 * limit of the group, queues and regions are refused with ENOMEM, the translation makes do with
 * less, and room is made for pages that the device needs; no process is killed, and other groups
 * notice nothing.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "t_cgroup.h"
#include "t_leak.h"
#include "t_memory.h"
#include "t_op.h"
#include "t_peer.h"

#define MIB		(1UL << 20)
/* The kernel charges this much in advance, per CPU. */
#define IN_ADVANCE	(MIB / 4)
#define HEAP		(8 * MIB)
/* This many refusals in a row are not chance. */
#define REFUSALS	10

enum what { CQ, QP, MR_ODP, WHATS };

#define CQ_ENTRIES	32768
#define QP_ENTRIES	8192

/*
 * There is room for three and a half queues: the fourth fails half-way. A limit that is reached
 * between two queues would make the page tables of the mapping fail, which does not return an
 * error.
 */
static const struct {
	const char *name;
	/* What one takes at the least, and how far below the limit the group begins. */
	size_t bytes, room;
} kinds[WHATS] = {
	[CQ] = { "completion queues", CQ_ENTRIES * 64UL, 7 * MIB },
	[QP] = { "queue pairs", 2 * QP_ENTRIES * 128UL, 7 * MIB },
	[MR_ODP] = { "regions", 400, 4 * MIB },
};

static struct t_cgroup inside, outside;

/* How far a figure of a group may be off; no process here runs on more CPUs than that. */
static uint64_t slack(void)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	return (cpus < 4 ? 4 : cpus > 12 ? 12 : cpus) * IN_ADVANCE;
}

/* Allocates the program's own memory before the group is at its limit. */
static void warm_up(void)
{
	void *p;

	mallopt(M_MMAP_MAX, 0);
	mallopt(M_TRIM_THRESHOLD, 64 * MIB);
	p = malloc(HEAP);
	if (!p)
		t_die("malloc failed");
	memset(p, 1, HEAP);
	free(p);
	if (mlockall(MCL_CURRENT))
		t_die("mlockall: %s", strerror(errno));
}

static void *make_one(struct t_side *s, enum what w, char *mem)
{
	struct t_attr at = { .max_send_wr = QP_ENTRIES, .max_recv_wr = QP_ENTRIES,
			     .max_send_sge = 4, .max_recv_sge = 4 };

	errno = 0;
	switch (w) {
	case CQ:
		return ibv_create_cq(s->d->ctx, CQ_ENTRIES, NULL, NULL, 0);
	case QP:
		return t_side_new_qp(s, &at);
	default:
		return t_try_reg(s->pd, T_ODP, mem, T_PAGE, IBV_ACCESS_LOCAL_WRITE);
	}
}

static int end_one(void *obj, enum what w)
{
	if (w == CQ)
		return ibv_destroy_cq(obj);
	return w == QP ? ibv_destroy_qp(obj) : ibv_dereg_mr(obj);
}

static int refused(void *arg)
{
	enum what w = *(enum what *)arg;
	uint64_t base, used, end;
	unsigned int n = 0, i, row = 0, max;
	int err = ENOMEM;
	struct t_attr at;
	struct t_side s;
	struct t_dev d;
	void **made;
	char *mem;

	t_case("%s", kinds[w].name);
	t_cgroup_enter(&inside);
	d = t_dev_open();
	at = t_attr_default(&d);
	t_side_open(&s, &d, &at);
	mem = t_mmap(T_PAGE);
	warm_up();
	max = (kinds[w].room + slack()) / kinds[w].bytes + 1;
	made = calloc(max, sizeof(*made));
	base = t_cgroup_used(&inside);
	t_cgroup_limit(&inside, kinds[w].room);
	/*
	 * After a refusal the kernel reclaims what other CPUs have charged in advance,
	 * or a page of a file: only several refusals in a row mean the limit.
	 */
	while (n < max && row < REFUSALS && err == ENOMEM) {
		made[n] = make_one(&s, w, mem);
		if (made[n]) {
			n++;
			row = 0;
		} else {
			err = errno;
			row++;
		}
	}
	used = t_cgroup_used(&inside);
	t_cgroup_unlimit(&inside);
	t_check(row && err == ENOMEM, "refusal after %u of at most %u: expected ENOMEM, seen %s",
		n, max, row ? strerror(err) : "none");
	t_check(used + slack() >= base + (uint64_t)n * kinds[w].bytes,
		"%u made: expected a charge of %zu bytes each, seen %llu in all", n,
		kinds[w].bytes, (unsigned long long)(used - base));
	t_check(n && n >= kinds[w].room / kinds[w].bytes / 8, "only %u were made", n);
	while (n)
		t_eq("end of an object", end_one(made[--n], w), 0);
	if (w == CQ) {
		t_case("a queue that is larger than the limit");
		t_cgroup_limit(&inside, kinds[w].room);
		for (i = 0; i < 3; i++) {
			made[0] = ibv_create_cq(d.ctx, 1048576, NULL, NULL, 0);
			t_check(!made[0] && errno == ENOMEM, "expected ENOMEM, seen %s",
				made[0] ? "a queue" : strerror(errno));
		}
		made[0] = ibv_create_cq(d.ctx, 16, NULL, NULL, 0);
		if (t_check(made[0] != NULL, "a small one after it: %s", strerror(errno)))
			ibv_destroy_cq(made[0]);
		t_cgroup_unlimit(&inside);
	}
	free(made);
	t_case("%s, after their end", kinds[w].name);
	end = t_ms() + t_scale(5000);
	while (t_cgroup_used(&inside) > base + slack() && t_ms() < end)
		t_sleep_ms(20);
	used = t_cgroup_used(&inside);
	t_check(used <= base + slack(), "memory of the group: expected %llu again, seen %llu",
		(unsigned long long)base, (unsigned long long)used);
	t_side_close(&s);
	t_dev_close(&d);
	return t_failures() ? T_EXIT_FAIL : T_EXIT_PASS;
}

/*
 * Places whose translation takes a page each, and what is in memory for the CPU: as many as make
 * the small rest of each place, which has no page, exceed what a figure may be off by.
 */
#define PLACES		8192
/* As many again are used with the group at its limit. */
#define PLACES_AT_LIMIT	1024
#define PLACES_ALL	(PLACES + PLACES_AT_LIMIT)
#define STEP		T_HUGE
/* Pages that do not fit in the group. */
#define SWAPPED		(24 * MIB)
#define SWAP_ROOM	(8 * MIB)
/* A step after those of t_peer_connect(). */
#define DONE		3

struct pair_job {
	struct t_meet *meet;
	bool swap;
};

static size_t owned(const struct pair_job *j)
{
	return j->swap ? SWAPPED : PLACES_ALL * STEP;
}

/* Owns the memory, and idles until the other process is done. */
static int owner(void *arg)
{
	struct pair_job *j = arg;
	volatile char *m;
	struct t_attr at;
	struct t_side s;
	struct ibv_mr *mr;
	struct t_dev d;
	size_t i;

	t_case("the process whose memory it is");
	t_cgroup_enter(&inside);
	d = t_dev_open();
	at = t_attr_default(&d);
	t_side_open(&s, &d, &at);
	m = mmap(NULL, owned(j), PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (m == MAP_FAILED)
		t_die("mmap of %zu bytes: %s", owned(j), strerror(errno));
	madvise((void *)m, owned(j), MADV_NOHUGEPAGE);
	/* Fills in the page tables of the CPU, but allocates no page. */
	for (i = 0; !j->swap && i < owned(j); i += STEP)
		(void)m[i];
	mr = t_reg(s.pd, T_ODP, (void *)m, owned(j), T_ACCESS_ALL);
	t_peer_connect(j->meet, 1, &s, &at, (void *)m, mr->rkey);
	t_meet_at(j->meet, 1, DONE);
	t_eq("state of the queue pair", t_qp_state(s.qp), IBV_QPS_RTS);
	t_dereg(mr);
	t_side_close(&s);
	t_dev_close(&d);
	return t_failures() ? T_EXIT_FAIL : T_EXIT_PASS;
}

static void move(struct t_side *s, const struct t_remote *to, enum ibv_wr_opcode op,
		 struct t_buf *l, size_t len, size_t roff)
{
	struct ibv_sge sge = t_sge(l, 0, len);
	struct ibv_send_wr wr = t_send_wr(op, 1, &sge, 1, to->addr + roff, to->rkey);

	t_post(s, &wr);
	t_expect_wc(t_op_name(op), s->scq, 1, IBV_WC_SUCCESS, NULL);
}

static void grew(const char *what, uint64_t by, uint64_t least, uint64_t most)
{
	t_check(by >= least && by <= most, "%s: expected growth of %llu to %llu bytes, seen %llu",
		what, (unsigned long long)least, (unsigned long long)most,
		(unsigned long long)by);
}

static void tables(struct t_side *s, const struct t_remote *to, struct t_buf *l)
{
	uint64_t in = t_cgroup_used(&inside), out = t_cgroup_used(&outside);
	unsigned int i;

	t_case("translation of memory of another group");
	memset(l->addr, 0xee, 64);
	for (i = 0; i < PLACES && !t_failures(); i++)
		move(s, to, IBV_WR_RDMA_READ, l, 64, i * STEP);
	t_all_bytes("what was never written", l->addr, 0, 64);
	grew("group of the memory", t_cgroup_used(&inside) - in, PLACES * T_PAGE - slack(),
	     2 * PLACES * T_PAGE);
	in = t_cgroup_used(&outside);
	grew("group of the reader", in > out ? in - out : 0, 0, slack());
	t_case("the same at the limit of that group");
	t_cgroup_limit(&inside, 512 << 10);
	for (i = PLACES; i < PLACES_ALL && !t_failures(); i++)
		move(s, to, IBV_WR_RDMA_READ, l, 64, i * STEP);
	/* Back to the first places, whose translation may have been dropped. */
	for (i = 0; i < PLACES_ALL && !t_failures(); i += 97)
		move(s, to, IBV_WR_RDMA_READ, l, 64, i * STEP);
	t_cgroup_unlimit(&inside);
}

static void swapped(struct t_side *s, const struct t_remote *to, struct t_buf *l)
{
	size_t off;

	t_case("pages beyond the limit of the group, with swap");
	t_cgroup_limit(&inside, SWAP_ROOM);
	for (off = 0; off < SWAPPED && !t_failures(); off += l->len) {
		t_buf_fill(l, off / l->len + 1);
		move(s, to, IBV_WR_RDMA_WRITE, l, l->len, off);
	}
	for (off = 0; off < SWAPPED && !t_failures(); off += l->len) {
		/* The shadow has what the memory must have. */
		t_buf_fill(l, off / l->len + 1);
		memset(l->addr, 0, l->len);
		move(s, to, IBV_WR_RDMA_READ, l, l->len, off);
		t_buf_check("what was written", l, 0, l->len);
	}
	t_cgroup_unlimit(&inside);
}

static int user(void *arg)
{
	struct pair_job *j = arg;
	struct t_attr at;
	struct t_side s;
	struct t_dev d;
	struct t_buf l;

	t_case("the process that uses it");
	t_cgroup_enter(&outside);
	d = t_dev_open();
	at = t_attr_default(&d);
	t_side_open(&s, &d, &at);
	t_buf_open(&l, s.pd, T_PINNED, 256 << 10, T_ACCESS_ALL);
	t_peer_connect(j->meet, 0, &s, &at, l.addr, l.mr->rkey);
	if (j->swap)
		swapped(&s, &j->meet->remote[1], &l);
	else
		tables(&s, &j->meet->remote[1], &l);
	t_meet_at(j->meet, 0, DONE);
	t_buf_close(&l);
	t_side_close(&s);
	t_dev_close(&d);
	return t_failures() ? T_EXIT_FAIL : T_EXIT_PASS;
}

static void two(bool swap)
{
	struct pair_job j = { t_meet_new(), swap };
	pid_t a, b;

	inside = t_cgroup_new("inside");
	outside = t_cgroup_new("outside");
	a = t_fork(owner, &j);
	b = t_fork(user, &j);
	t_wait(b, "the process that uses memory of another group");
	t_wait(a, "the process whose memory it is");
	t_eq("processes killed for want of memory", t_cgroup_oom_kills(&inside) +
	     t_cgroup_oom_kills(&outside), 0);
	t_cgroup_end(&inside);
	t_cgroup_end(&outside);
	munmap(j.meet, sizeof(*j.meet));
}

static void other_pair(struct t_pair *p, struct t_buf *l, struct t_buf *r)
{
	t_case("a pair of no group");
	t_do(p, &(struct t_op){ .opcode = IBV_WR_SEND, .l = l, .r = r, .len = 50000 });
}

int main(void)
{
	struct t_leak leak;
	struct t_buf l, r;
	struct t_pair p;
	struct t_dev d;
	enum what w;

	t_start(120);
	d = t_dev_open();
	t_need_odp(&d);
	if (d.rxe)
		t_skip("soft-RoCE does not charge what it takes");
	t_pair_open(&p, &d, NULL);
	t_buf_open(&l, p.a.pd, T_ODP, 16 * T_PAGE, T_ACCESS_ALL);
	t_buf_open(&r, p.b.pd, T_ODP, 16 * T_PAGE, T_ACCESS_ALL);
	t_leak_begin(&leak);
	for (w = 0; w < WHATS; w++) {
		inside = t_cgroup_new("inside");
		t_wait(t_fork(refused, &w), kinds[w].name);
		t_eq("processes killed for want of memory", t_cgroup_oom_kills(&inside), 0);
		t_cgroup_end(&inside);
		other_pair(&p, &l, &r);
	}
	two(false);
	other_pair(&p, &l, &r);
	t_swap_on();
	two(true);
	t_swap_off();
	other_pair(&p, &l, &r);
	t_leak_end(&leak);
	t_buf_close(&l);
	t_buf_close(&r);
	t_pair_close(&p);
	t_dev_close(&d);
	return t_finish();
}
