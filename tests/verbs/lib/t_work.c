// SPDX-License-Identifier: GPL-2.0
/*
 * Copyright (c) 2026 The pinless authors
 *
 * A thread that posts requests of all kinds, a few at a time, to chunks of
 * which it is the only writer, and checks each word that it gets back.
 */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "t_crew.h"
#include "t_op.h"

#define BATCH	6
/* Written beside what is to be read, to see that nothing else is. */
#define FENCE	0xee

/* Chunks are dealt in turn to the writers of a memory, then to the workers that read into it. */
#define DEAL	(2 * T_CREW_WORKERS)
#define HANDS	(T_CREW_CHUNKS / DEAL)

struct request {
	enum ibv_wr_opcode opcode;
	/* In the other process's memory, and in this one's. */
	struct t_chunk *target, *scratch;
	/* The bytes in the scratch chunk. */
	char *buf;
	size_t len;
	long target_before, scratch_before;
	uint32_t seq;
};

static struct t_chunk *hand(struct t_chunk *all, unsigned int slot, unsigned int j)
{
	return &all[j * DEAL + slot];
}

unsigned int t_crew_recv_chunk(unsigned int worker, unsigned int n)
{
	return n % T_CREW_RECVS * DEAL + worker;
}

static struct t_crew_worker *self(struct t_work *w)
{
	return &w->crew->process[w->me].worker[w->index];
}

static void at(struct t_work *w, const char *where, const struct t_chunk *c)
{
	struct t_crew_worker *s = self(w);

	s->where = where;
	s->chunk = c ? c - w->crew->process[t_crew_targets(w->crew, w->me)].chunk : 0;
	s->ms = t_ms();
}

static struct t_crew_process *target(struct t_work *w)
{
	return &w->crew->process[t_crew_targets(w->crew, w->me)];
}

static bool in_batch(const struct request *r, unsigned int n, const struct t_chunk *c)
{
	while (n--) {
		if (r[n].target == c || r[n].scratch == c)
			return true;
	}
	return false;
}

/* What is done to a chunk depends on what it is for, and on what it holds. */
static enum ibv_wr_opcode choose_op(struct t_work *w, const struct t_chunk *c)
{
	uint64_t r = t_rand(&w->seed) >> 8;

	switch (c->role) {
	case T_ROLE_DATA:
		return r & 1 ? IBV_WR_RDMA_WRITE : IBV_WR_RDMA_READ;
	case T_ROLE_RECV:
		return c == &target(w)->chunk[t_crew_recv_chunk(w->index, w->sends)] ?
			IBV_WR_SEND : IBV_WR_RDMA_READ;
	case T_ROLE_ATOMIC:
		/* Adding to zero does not give a valid word: overwrite it instead. */
		if (t_chunk_zero_ok(c))
			return IBV_WR_RDMA_WRITE;
		return r % 4 == 0 ? IBV_WR_RDMA_READ : r & 1 ? IBV_WR_ATOMIC_CMP_AND_SWP :
		       IBV_WR_ATOMIC_FETCH_AND_ADD;
	default:
		return IBV_WR_ATOMIC_FETCH_AND_ADD;
	}
}

static struct t_chunk *choose_target(struct t_work *w)
{
	struct t_chunk *all = target(w)->chunk;
	uint64_t r = t_rand(&w->seed) >> 8;

	if (r % 16 == 0)
		return &all[T_CREW_CHUNKS - 1];
	if (r % 16 < 4)
		return &all[t_crew_recv_chunk(w->index, w->sends)];
	return hand(all, w->index, t_rand(&w->seed) % HANDS);
}

/* The result of an atomic must not be lost: it goes where nothing is discarded. */
static struct t_chunk *choose_scratch(struct t_work *w, bool kept)
{
	struct t_chunk *all = w->crew->process[w->me].chunk, *c;

	do
		c = hand(all, T_CREW_WORKERS + w->index, t_rand(&w->seed) % HANDS);
	while (c->role != T_ROLE_SCRATCH || (kept && !c->kept));
	return c;
}

/* At any address that the request may use, with room for a fence on either side. */
static char *choose_buf(struct t_work *w, const struct t_chunk *c, size_t len, bool aligned)
{
	char *m = w->mem + (c - w->crew->process[w->me].chunk) * T_CHUNK;
	size_t room = T_CHUNK - len;

	if (room < 24)
		return m;
	m += 8 + t_rand(&w->seed) % (room - 16);
	return aligned ? (char *)((uintptr_t)m & ~7UL) : m;
}

static bool fenced(const struct request *r)
{
	return r->opcode == IBV_WR_RDMA_READ && r->len < T_CHUNK - 24;
}

static bool prepare(struct t_work *w, struct request *r, unsigned int n)
{
	struct t_chunk *c = choose_target(w), *s;
	bool atomic, risky;

	r += n;
	r->opcode = choose_op(w, c);
	atomic = t_is_atomic(r->opcode);
	s = choose_scratch(w, atomic);
	if (in_batch(r - n, n, c) || in_batch(r - n, n, s) || !t_chunk_use(c))
		return false;
	if (!t_chunk_use(s)) {
		t_chunk_unuse(c);
		return false;
	}
	r->target = c;
	r->scratch = s;
	r->len = 8 * c->words;
	/* A word across two pages is copied in parts. One that is written must not stay torn. */
	r->buf = choose_buf(w, s, r->len, r->opcode != IBV_WR_RDMA_READ || !s->kept);
	r->target_before = t_chunk_discards(c);
	r->scratch_before = t_chunk_discards(s);
	risky = !s->kept;
	if (c->role == T_ROLE_COUNTER)
		__atomic_fetch_add(&target(w)->adding, 1, __ATOMIC_SEQ_CST);
	else if (r->opcode != IBV_WR_RDMA_READ)
		r->seq = t_chunk_post(c, risky && !atomic);
	if (fenced(r))
		memset(r->buf - 8, FENCE, r->len + 16);
	else if (r->opcode == IBV_WR_RDMA_READ || atomic)
		memset(r->buf, FENCE, r->len);
	else
		t_chunk_fill(c, r->buf, r->seq);
	if (r->opcode == IBV_WR_SEND)
		w->sends++;
	return true;
}

static bool post(struct t_work *w, const struct request *r, unsigned int i)
{
	const struct t_remote *to = &target(w)->remote[w->index];
	struct ibv_sge sge = { (uintptr_t)r->buf, r->len, w->mr->lkey };
	struct ibv_send_wr *bad, wr;
	int rc;

	wr = t_send_wr(r->opcode, i, &sge, 1, to->addr +
		       (r->target - target(w)->chunk) * T_CHUNK + 8 * r->target->first, to->rkey);
	if (t_is_atomic(r->opcode)) {
		wr.wr.atomic.compare_add = 1;
		if (r->opcode == IBV_WR_ATOMIC_CMP_AND_SWP) {
			wr.wr.atomic.compare_add = t_chunk_tag(r->target, 0, r->seq - 1);
			wr.wr.atomic.swap = t_chunk_tag(r->target, 0, r->seq);
		}
	}
	rc = ibv_post_send(w->side->qp, &wr, &bad);
	if (rc && !w->crew->gone && !w->crew->starving)
		t_fail("process %u, worker %u: post of %s: %s", w->me, w->index,
		       t_op_name(r->opcode), strerror(rc));
	return !rc;
}

/* Whether an error was to be expected. */
static bool error_ok(struct t_work *w)
{
	struct t_crew *c = w->crew;

	/* A process that has failed no longer serves its peers. */
	if (c->failed)
		return true;
	if (!c->gone && !c->starving && c->victim != (int)t_crew_targets(c, w->me))
		return false;
	self(w)->error = true;
	__atomic_fetch_add(&c->errors, 1, __ATOMIC_RELAXED);
	return true;
}

static bool completed(struct t_work *w, const struct request *r, unsigned int i)
{
	uint64_t gone_at = 0;
	struct ibv_wc wc;
	int n;

	at(w, t_op_name(r->opcode), r->target);
	while (!(n = ibv_poll_cq(w->side->scq, 1, &wc))) {
		if (w->crew->failed)
			return false;
		/* A device that is gone need not complete anything. */
		if (w->crew->gone && !gone_at)
			gone_at = t_ms();
		if (gone_at && t_ms() - gone_at > t_scale(1000)) {
			error_ok(w);
			return false;
		}
		sched_yield();
	}
	if (n > 0 && wc.status == IBV_WC_SUCCESS)
		return t_check(wc.wr_id == i, "process %u, worker %u: expected completion %u, seen %llu",
			       w->me, w->index, i, (unsigned long long)wc.wr_id);
	if (!error_ok(w))
		t_fail("process %u, worker %u: %s of %zu bytes to chunk %u: expected success, seen %s",
		       w->me, w->index, t_op_name(r->opcode), r->len, self(w)->chunk,
		       n < 0 ? "no completion queue" : ibv_wc_status_str(wc.status));
	return false;
}

static bool scratch_discarded(const struct request *r)
{
	return r->scratch_before < 0 || t_chunk_discards(r->scratch) != r->scratch_before;
}

static bool fence_holds(const struct request *r, const char *p, bool zero_ok)
{
	unsigned int i;

	for (i = 0; i < 8; i++) {
		if ((unsigned char)p[i] == FENCE || (zero_ok && !p[i]))
			continue;
		return t_check(false, "beside the target of a READ of %zu bytes: expected 0x%02x, seen 0x%02x",
			       r->len, FENCE, (unsigned char)p[i]);
	}
	return true;
}

/* A discard that begins after the copy was made does not matter. */
static bool read_done(const struct request *r)
{
	char seen[T_CHUNK + 16];
	bool zero_ok;

	if (fenced(r))
		memcpy(seen, r->buf - 8, r->len + 16);
	else
		memcpy(seen + 8, r->buf, r->len);
	zero_ok = scratch_discarded(r);
	if (fenced(r) && (!fence_holds(r, seen, zero_ok) ||
			  !fence_holds(r, seen + 8 + r->len, zero_ok)))
		return false;
	if (t_chunk_words(r->target, "READ", seen + 8, r->target->done, r->target->done,
			  zero_ok || t_chunk_zero_ok(r->target), (uintptr_t)r->buf & 7))
		return true;
	printf("read to %p, which is %s\n", r->buf,
	       r->scratch->kept ? "kept" : zero_ok ? "discarded" : "not discarded");
	return false;
}

/* A discarded word is zero: the atomic then operated on the zero, not on the word. */
static bool atomic_done(const struct request *r)
{
	struct t_chunk *c = r->target;
	uint64_t old;

	memcpy(&old, r->buf, 8);
	if (!t_chunk_words(c, t_op_name(r->opcode), &old, c->done, c->done, t_chunk_zero_ok(c),
			   false))
		return false;
	if (old == t_chunk_tag(c, 0, c->done))
		t_chunk_done(c, r->seq, r->target_before);
	else
		t_chunk_done(c, c->done, -1);
	return true;
}

static bool finish(struct t_work *w, const struct request *r)
{
	enum t_crew_op op = T_CREW_WRITE;
	bool ok = true;

	switch (r->opcode) {
	case IBV_WR_RDMA_READ:
		op = T_CREW_READ;
		ok = read_done(r);
		break;
	case IBV_WR_ATOMIC_CMP_AND_SWP:
	case IBV_WR_ATOMIC_FETCH_AND_ADD:
		op = r->opcode == IBV_WR_ATOMIC_CMP_AND_SWP ? T_CREW_CAS : T_CREW_ADD;
		if (r->target->role == T_ROLE_COUNTER)
			__atomic_fetch_add(&target(w)->added, 1, __ATOMIC_SEQ_CST);
		else
			ok = atomic_done(r);
		break;
	case IBV_WR_SEND:
		op = T_CREW_SEND;
		/* fall through */
	default:
		t_chunk_done(r->target, r->seq, scratch_discarded(r) ? -1 : r->target_before);
	}
	t_chunk_unuse(r->target);
	t_chunk_unuse(r->scratch);
	__atomic_fetch_add(&w->crew->ops[op], 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&w->crew->words, r->target->words, __ATOMIC_RELAXED);
	return ok;
}

static bool batch(struct t_work *w)
{
	unsigned int want = 1 + t_rand(&w->seed) % BATCH, n = 0, i;
	struct request r[BATCH];

	/* Requests whose chunks are in use are skipped. */
	for (i = 0; i < want; i++) {
		memset(&r[n], 0, sizeof(r[n]));
		n += prepare(w, r, n);
	}
	for (i = 0; i < n; i++) {
		at(w, "post", r[i].target);
		if (!post(w, &r[i], i)) {
			error_ok(w);
			return false;
		}
	}
	for (i = 0; i < n; i++) {
		if (!completed(w, &r[i], i) || !finish(w, &r[i]))
			return false;
	}
	return true;
}

void *t_work(void *arg)
{
	struct t_work *w = arg;

	at(w, "begin", NULL);
	while (!w->crew->stop && !w->crew->failed && batch(w))
		;
	if (t_failures())
		w->crew->failed = 1;
	at(w, "end", NULL);
	self(w)->ended = true;
	return NULL;
}
