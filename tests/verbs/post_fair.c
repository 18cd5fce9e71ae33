// SPDX-License-Identifier: GPL-2.0
/*
 * Description: ibv_post_send of a large message returns before all of it has been moved, and
 * until it is, short messages of another queue pair of the same thread come and go; the device
 * gives up its turn many times on the way.
 *
 * Nothing is timed: each of them must have been seen once in so many tries. For that the worker of
 * pinless runs with a nice value of 0: with its default of -20, a thread that shares its CPU may
 * not run before a whole message is over.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "t_op.h"
#include "t_sweep.h"

#define TRIES	50
#define CHUNK	(4UL << 20)
#define LARGE	(256UL << 20)
/* The driver's worker moves half as much before it yields the CPU. */
#define TURN	(4UL << 20)

#define RUN_NICE "/sys/devices/virtual/workqueue/pinless_run/nice"

static bool equals;
static int nice_before;

/* Only root can, and in machines with two CPUs that are idle it makes no difference. */
static bool set_run_nice(int nice)
{
	FILE *f = fopen(RUN_NICE, "w");

	if (!f)
		return false;
	fprintf(f, "%d\n", nice);
	return !fclose(f);
}

static void restore_nice(void)
{
	set_run_nice(nice_before);
}

static void compete_as_equals(void)
{
	FILE *f;

	if (equals)
		return;
	equals = true;
	f = fopen(RUN_NICE, "r");
	if (!f)
		return;
	if (fscanf(f, "%d", &nice_before) == 1 && set_run_nice(0))
		atexit(restore_nice);
	fclose(f);
}

/*
 * A buffer of two chunks of memory: the last, and another that all chunks before the last are
 * mapped to.
 */
struct stack {
	char *addr;
	size_t len;
	struct ibv_mr *mr;
};

static char *last_chunk(const struct stack *s)
{
	return s->addr + s->len - CHUNK;
}

static void stack_open(struct stack *s, struct ibv_pd *pd, enum t_kind kind, size_t len,
		       uint32_t seed)
{
	int fd = memfd_create("post_fair", MFD_CLOEXEC);
	size_t at;

	if (fd < 0 || ftruncate(fd, 2 * CHUNK))
		t_die("memfd of %lu bytes: %s", 2 * CHUNK, strerror(errno));
	s->len = len;
	s->addr = t_mmap_huge_aligned(len);
	for (at = 0; at < len; at += CHUNK)
		if (mmap(s->addr + at, CHUNK, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd,
			 at == len - CHUNK ? CHUNK : 0) == MAP_FAILED)
			t_die("mapping byte %zu of %zu: %s", at, len, strerror(errno));
	close(fd);
	t_pattern(s->addr, CHUNK, seed);
	t_pattern(last_chunk(s), CHUNK, seed + 1);
	s->mr = t_reg(pd, kind, s->addr, len, T_ACCESS_ALL);
}

static void stack_close(struct stack *s)
{
	t_dereg(s->mr);
	munmap(s->addr, s->len);
}

/* How often send queues were handed to a worker; 0 where the driver does not tell. */
static unsigned long long deferred(void)
{
	unsigned long long n = 0;
	char path[200];
	FILE *f;

	snprintf(path, sizeof(path), "/sys/class/infiniband/%s/ports/1/hw_counters/sendq_deferred",
		 t_dev_name());
	f = fopen(path, "r");
	if (!f)
		return 0;
	if (fscanf(f, "%llu", &n) != 1)
		t_fail("%s: expected a number", path);
	fclose(f);
	return n;
}

struct seen {
	/** After posting, the last bytes were still the old ones. */
	bool unfinished;
	/** A short message was over before the large one. */
	bool overtaken;
};

static void try_once(struct t_pair *big, struct t_pair *small, struct stack *from,
		     struct stack *to, struct t_buf *l, struct t_buf *r, struct seen *seen)
{
	struct ibv_sge sge = { .addr = (uintptr_t)from->addr, .length = from->len,
			       .lkey = from->mr->lkey };
	struct ibv_send_wr wr = t_send_wr(IBV_WR_RDMA_WRITE, 7, &sge, 1, (uintptr_t)to->addr,
					  to->mr->rkey);
	struct t_op op = { .opcode = IBV_WR_RDMA_WRITE, .l = l, .r = r, .len = 8 };
	char *end = to->addr + to->len - 1;
	char old = ~from->addr[from->len - 1];
	struct ibv_wc wc;
	int n;

	memset(to->addr, 0, CHUNK);
	memset(last_chunk(to), 0, CHUNK);
	*end = old;
	t_post(&big->a, &wr);
	seen->unfinished |= __atomic_load_n(end, __ATOMIC_RELAXED) == old;

	t_do(small, &op);
	n = ibv_poll_cq(big->a.scq, 1, &wc);
	seen->overtaken |= !n;
	if (!n && !t_wc(big->a.scq, &wc, 60000))
		t_die("the large message did not end");
	t_eq("status of the large message", wc.status, IBV_WC_SUCCESS);
	t_bytes("first part of the large message", to->addr, from->addr, CHUNK);
	t_bytes("end of the large message", last_chunk(to), last_chunk(from), CHUNK);
}

static void kind_fn(struct t_pair *big, enum t_kind kind, void *arg)
{
	struct t_dev *d = big->a.d;
	unsigned long long before;
	struct stack from, to;
	struct seen seen = {};
	struct t_pair small;
	struct t_buf l, r;
	unsigned int i, failures = t_failures();
	size_t len;

	(void)arg;
	t_case("%s", t_kind_name(kind));
	if (kind == T_IMPLICIT || (kind == T_ODP && d->rxe)) {
		t_skip_case("no more than pinned and ODP memory show");
		return;
	}
	len = d->port.max_msg_sz / CHUNK * CHUNK;
	len = len < LARGE ? len : LARGE;
	if (len < 2 * CHUNK) {
		t_skip_case("messages of %u bytes are the largest", d->port.max_msg_sz);
		return;
	}
	stack_open(&from, big->a.pd, kind, len, 1);
	stack_open(&to, big->b.pd, kind, len, 3);
	t_pair_open(&small, d, NULL);
	t_buf_open(&l, small.a.pd, kind, T_PAGE, T_ACCESS_ALL);
	t_buf_open(&r, small.b.pd, kind, T_PAGE, T_ACCESS_ALL);

	if (d->pinless)
		compete_as_equals();
	before = deferred();
	for (i = 0; i < TRIES && !(seen.unfinished && seen.overtaken) && t_failures() == failures;
	     i++)
		try_once(big, &small, &from, &to, &l, &r, &seen);
	t_check(seen.unfinished, "in %u tries all of %zu bytes had been moved by ibv_post_send()",
		i, len);
	t_check(seen.overtaken, "in %u tries no short message was over before one of %zu bytes", i,
		len);
	if (d->pinless)
		t_check(deferred() - before >= i * (len / TURN),
			"%u messages of %zu bytes: expected %zu turns given up, seen %llu", i,
			len, i * (len / TURN), deferred() - before);

	t_buf_close(&l);
	t_buf_close(&r);
	t_pair_close(&small);
	stack_close(&from);
	stack_close(&to);
}

int main(void)
{
	t_start(240);
	t_each_kind(IBV_WR_RDMA_WRITE, kind_fn, NULL, NULL);
	return t_finish();
}
