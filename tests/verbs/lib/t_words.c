// SPDX-License-Identifier: GPL-2.0
/* Copyright (c) 2026 The pinless authors */
#include <stdio.h>
#include <string.h>

#include "t_words.h"

/* A word: writer (6 bits), chunk (14), word of the chunk (12), sequence (32). */
#define WRITER_SHIFT	58
#define NUMBER_SHIFT	44

/* A word that was discarded and then added to stays below this, see T_ROLE_ATOMIC. */
#define SMALL		16

static uint32_t get(const uint32_t *p)
{
	return __atomic_load_n(p, __ATOMIC_SEQ_CST);
}

void t_chunk_init(struct t_chunk *c, unsigned int writer, unsigned int number)
{
	memset(c, 0, sizeof(*c));
	c->tag = (uint64_t)writer << WRITER_SHIFT | (uint64_t)number << NUMBER_SHIFT;
	/* Nothing was written yet. */
	c->since = -1;
}

void t_chunk_fill(const struct t_chunk *c, void *at, uint32_t seq)
{
	unsigned int i;
	uint64_t tag;

	for (i = 0; i < c->words; i++) {
		tag = t_chunk_tag(c, i, seq);
		memcpy((char *)at + 8 * i, &tag, 8);
	}
}

bool t_chunk_use(struct t_chunk *c)
{
	int n = __atomic_load_n(&c->users, __ATOMIC_RELAXED);

	do {
		if (n < 0)
			return false;
	} while (!__atomic_compare_exchange_n(&c->users, &n, n + 1, false, __ATOMIC_SEQ_CST,
					      __ATOMIC_RELAXED));
	return true;
}

void t_chunk_unuse(struct t_chunk *c)
{
	__atomic_fetch_sub(&c->users, 1, __ATOMIC_SEQ_CST);
}

bool t_chunk_take(struct t_chunk *c)
{
	int n = 0;

	return __atomic_compare_exchange_n(&c->users, &n, -1, false, __ATOMIC_SEQ_CST,
					   __ATOMIC_RELAXED);
}

void t_chunk_give(struct t_chunk *c)
{
	__atomic_store_n(&c->users, 0, __ATOMIC_SEQ_CST);
}

long t_chunk_discards(const struct t_chunk *c)
{
	uint32_t ended = get(&c->ended);

	return get(&c->begun) == ended ? (long)ended : -1;
}

void t_chunk_discard(struct t_chunk *c, bool end)
{
	__atomic_fetch_add(end ? &c->ended : &c->begun, 1, __ATOMIC_SEQ_CST);
}

uint32_t t_chunk_post(struct t_chunk *c, bool risky)
{
	uint32_t seq = c->done + 1;

	if (risky)
		__atomic_store_n(&c->risky, seq, __ATOMIC_SEQ_CST);
	__atomic_store_n(&c->posted, seq, __ATOMIC_SEQ_CST);
	return seq;
}

void t_chunk_done(struct t_chunk *c, uint32_t seq, long since)
{
	/* In this order: a reader that sees the new sequence also sees its @since. */
	__atomic_store_n(&c->since, since, __ATOMIC_SEQ_CST);
	__atomic_store_n(&c->done, seq, __ATOMIC_SEQ_CST);
}

bool t_chunk_zero_ok(const struct t_chunk *c)
{
	return c->since < 0 || get(&c->begun) != (uint32_t)c->since;
}

/* Explains a wrong word. */
static const char *verdict(const struct t_chunk *c, unsigned int w, uint64_t v, uint32_t lo,
			   char *text, size_t size)
{
	uint64_t tag = t_chunk_tag(c, w, 0);

	if (!v)
		snprintf(text, size, "zero, and nobody has discarded it: lost");
	else if ((v ^ tag) >> 32 == 0)
		snprintf(text, size, (uint32_t)v < lo ? "of write %u: stale, or a lost write" :
			 "of write %u, which was not posted yet", (uint32_t)v);
	else if (v >> WRITER_SHIFT)
		snprintf(text, size, "write %u of word %u of chunk %u by writer %u: stray",
			 (uint32_t)v, (unsigned int)(v >> 32 & 0xfff),
			 (unsigned int)(v >> NUMBER_SHIFT & 0x3fff),
			 (unsigned int)(v >> WRITER_SHIFT));
	else
		snprintf(text, size, "no word of any writer");
	return text;
}

static bool wrong(const struct t_chunk *c, const char *how, unsigned int w, uint64_t v,
		  const char *expected, const char *why)
{
	return t_check(false, "by %s, chunk %u of writer %u (%u words from word %u%s), word %u: expected %s, seen 0x%llx: %s",
		       how, (unsigned int)(c->tag >> NUMBER_SHIFT & 0x3fff),
		       (unsigned int)(c->tag >> WRITER_SHIFT), c->words, c->first,
		       c->kept ? ", kept" : "", w, expected, (unsigned long long)v, why);
}

static bool allowed(const struct t_chunk *c, unsigned int w, uint64_t v, uint32_t lo,
		    uint32_t hi, bool zero_ok)
{
	/* Nothing was written with the sequence 0. */
	uint32_t first = lo ? lo : 1;

	if (hi >= first && v - t_chunk_tag(c, w, first) <= hi - first)
		return true;
	return zero_ok && (!v || (c->role == T_ROLE_ATOMIC && v < SMALL));
}

/* A word that is copied in parts may have bytes of several allowed values. */
static bool mixed(const struct t_chunk *c, unsigned int w, uint64_t v, uint32_t lo, uint32_t hi,
		  bool zero_ok)
{
	uint64_t mask = 0xff, seq;
	bool ok = true;

	for (; mask && ok; mask <<= 8) {
		ok = zero_ok && !(v & mask);
		for (seq = lo ? lo : 1; seq <= hi && !ok; seq++)
			ok = !((v ^ t_chunk_tag(c, w, seq)) & mask);
	}
	return ok;
}

/* How the words are right and wrong around a wrong one. */
static void print_runs(const struct t_chunk *c, const char *seen, uint32_t lo, uint32_t hi)
{
	unsigned int i, kind, last = -1, runs = 0;
	uint64_t v;

	printf("words:");
	for (i = 0; i < c->words && runs < 16; i++) {
		memcpy(&v, seen + 8 * i, 8);
		kind = !v ? 0 : allowed(c, i, v, lo, hi, false) ? 1 : 2;
		if (kind != last)
			printf(" %s from %u", kind == 0 ? "zero" : kind == 1 ? "right" : "wrong",
			       i);
		runs += kind != last;
		last = kind;
	}
	printf("\n");
}

bool t_chunk_words(const struct t_chunk *c, const char *how, const void *seen, uint32_t lo,
		   uint32_t hi, bool zero_ok, bool parts)
{
	char why[96], expected[96];
	unsigned int i;
	uint64_t v;

	for (i = 0; i < c->words; i++) {
		memcpy(&v, (const char *)seen + 8 * i, 8);
		if (allowed(c, i, v, lo, hi, zero_ok) ||
		    (parts && mixed(c, i, v, lo, hi, zero_ok)))
			continue;
		snprintf(expected, sizeof(expected), "write %u to %u%s, 0x%llx and on", lo, hi,
			 zero_ok ? " or zero" : "", (unsigned long long)t_chunk_tag(c, i, lo));
		wrong(c, how, i, v, expected, verdict(c, i, v, lo, why, sizeof(why)));
		print_runs(c, seen, lo, hi);
		return false;
	}
	return t_check(true, "%s", how);
}

static bool guard(const struct t_chunk *c, const uint64_t *seen, unsigned int from,
		  unsigned int to)
{
	char why[96];

	for (; from < to; from++) {
		if (seen[from])
			return wrong(c, "the CPU, outside of what is written", from, seen[from],
				     "zero", verdict(c, 0, seen[from], 0, why, sizeof(why)));
	}
	return true;
}

/*
 * What is read first bounds what may be seen from below, what is read last from above. A discard
 * shows in @begun before it shows in memory.
 */
bool t_chunk_look(const struct t_chunk *c, const char *at)
{
	uint32_t lo = get(&c->done), hi;
	long since = __atomic_load_n(&c->since, __ATOMIC_SEQ_CST);
	const volatile uint64_t *m = (const volatile uint64_t *)at;
	uint64_t seen[T_CHUNK_WORDS];
	unsigned int i;
	bool zero_ok;

	for (i = 0; i < T_CHUNK_WORDS; i++)
		seen[i] = m[i];
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	hi = get(&c->posted);
	zero_ok = since < 0 || get(&c->begun) != (uint32_t)since || get(&c->risky) > lo;
	if (guard(c, seen, 0, c->first) && guard(c, seen, c->first + c->words, T_CHUNK_WORDS) &&
	    (c->role == T_ROLE_COUNTER ||
	     t_chunk_words(c, "the CPU", seen + c->first, lo, hi, zero_ok, hi > lo)))
		return true;
	/* Does it stay so? */
	t_sleep_ms(50);
	printf("later, ");
	print_runs(c, at + 8 * c->first, lo, hi);
	return false;
}
