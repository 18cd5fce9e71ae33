// SPDX-License-Identifier: GPL-2.0
// Copyright (c) 2026 The pinless authors
/*
 * One operation between two sides, whose memory is in a given state: what a page fault adds to it.
 */
#include <errno.h>
#include <stdlib.h>

#include "cases/run.h"
#include "base/pattern.h"

static bool is_fresh(enum state state)
{
	return state == STATE_COLD || state == STATE_TOUCHED;
}

static enum store store_of(enum state state, bool huge)
{
	if (is_fresh(state))
		return STORE_FRESH;
	if (state == STATE_PINNED)
		return STORE_PINNED;
	return huge ? STORE_WARM_HUGE : STORE_WARM;
}

static size_t slot_bytes(const struct job *job)
{
	return (job->length + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1);
}

/*
 * A driver may also bring in neighbours that the CPU has mapped, and more of them when misses are
 * sequential. So that each sample meets a page that the NIC really does not know, the slots are
 * used in random order, and a slot is touched only just before its turn.
 */
static unsigned int *shuffled(unsigned int count)
{
	unsigned int *order = calloc(count, sizeof(*order));

	for (unsigned int i = 0; order && i < count; i++) {
		unsigned int j = (unsigned int)random() % (i + 1);

		order[i] = order[j];
		order[j] = i;
	}
	return order;
}

/* Which side the data comes from: the other one receives it. */
static enum end source_of(enum operation operation)
{
	return operation == OP_READ ? TARGET : INITIATOR;
}

static int check_atomic(struct link *link, const struct place place[2], const uint64_t seed[2],
			size_t slot, bool *same, struct message *why)
{
	uint64_t before = pattern_word(seed[TARGET], 0), word;
	int err;

	err = link_word(link, TARGET, place[TARGET], &word, why);
	if (err)
		return err;
	*same &= word == before + FETCH_ADD_OPERAND;
	err = link_word(link, INITIATOR, place[INITIATOR], &word, why);
	if (err)
		return err;
	*same &= word == before;
	for (enum end end = INITIATOR; end <= TARGET && !err; end++)
		err = link_check(link, end, place[end], sizeof(word), slot, seed[end], same, why);
	return err;
}

/* Every byte that should have come, and the rest of the slot, which should not have changed. */
static int check_copy(struct link *link, const struct job *job, const struct place place[2],
		      const uint64_t seed[2], bool *same, struct message *why)
{
	enum end source = source_of(job->operation), sink = !source;
	int err = link_check(link, sink, place[sink], 0, job->length, seed[source], same, why);

	if (!err && job->length < slot_bytes(job))
		err = link_check(link, sink, place[sink], job->length, slot_bytes(job), seed[sink],
				 same, why);
	return err;
}

static int take_sample(struct bench *bench, const struct job *job, unsigned int slot,
		       struct row *row, struct message *why)
{
	struct link *link = bench->link;
	struct place place[2];
	uint64_t seed[2], elapsed;
	bool same = true;
	int err = 0;

	for (enum end end = INITIATOR; end <= TARGET && !err; end++) {
		place[end].store = store_of(job->state[end], job->huge);
		place[end].offset = is_fresh(job->state[end]) ? slot * slot_bytes(job) : 0;
		seed[end] = job->state[end] == STATE_COLD ? PATTERN_ZERO : ++bench->seed;
		if (seed[end] != PATTERN_ZERO)
			err = link_fill(link, end, place[end], slot_bytes(job), seed[end], why);
	}
	if (!err)
		err = link_transfer(link, job->operation, place[INITIATOR], place[TARGET],
				    job->length, &elapsed, why);
	if (err)
		return err;
	row_sample(row, elapsed);
	if (job->operation == OP_FETCH_ADD)
		err = check_atomic(link, place, seed, slot_bytes(job), &same, why);
	else
		err = check_copy(link, job, place, seed, &same, why);
	if (!err)
		row_verify(row, same);
	return err;
}

/*
 * Slots smaller than a huge page share page tables, and whatever a driver keeps per 2 MiB, with
 * their neighbours: a first operation on a page of its own, after the slots, pays for those, so
 * that a sample shows the cost of its page. A slot of 2 MiB pays for its own.
 */
static int prepare(struct bench *bench, const struct job *job, unsigned int count,
		   struct message *why)
{
	size_t slot = slot_bytes(job), primer = slot < HUGE_BYTES ? count * slot : 0;
	struct link *link = bench->link;
	struct place place[2];
	bool fresh = false;
	uint64_t elapsed;
	int err;

	for (enum end end = INITIATOR; end <= TARGET; end++) {
		place[end] = (struct place){ .store = store_of(job->state[end], job->huge) };
		if (!is_fresh(job->state[end])) {
			err = link_ensure(link, place[end].store, why);
		} else {
			fresh = true;
			place[end].offset = primer;
			err = link_map(link, end, STORE_FRESH,
				       primer ? primer + PAGE_BYTES : count * slot, job->huge, why);
		}
		if (err)
			return err;
	}
	if (fresh && !primer)
		return 0;
	return link_transfer(link, job->operation, place[INITIATOR], place[TARGET],
			     job->length < PAGE_BYTES ? job->length : PAGE_BYTES, &elapsed, why);
}

static int check_huge(struct bench *bench, const struct job *job, unsigned int count,
		      struct message *why)
{
	size_t bytes;
	int err = link_huge_bytes(bench->link, TARGET, STORE_FRESH, &bytes, why);

	if (!err && bytes < count * slot_bytes(job))
		err = lacks_huge_pages(why);
	return err;
}

int run_transfer(struct bench *bench, const struct job *job, unsigned int count,
		 struct row *const rows[2], struct message *why)
{
	unsigned int *order;
	int err;

	if (job->state[INITIATOR] != STATE_PINNED &&
	    !operation_supported(&bench->link->choice, job->operation, why))
		return -EOPNOTSUPP;
	order = shuffled(count);
	if (!order)
		return explain_error(why, "calloc", ENOMEM);
	err = prepare(bench, job, count, why);
	for (unsigned int i = 0; i < count && !err; i++)
		err = take_sample(bench, job, order[i], rows[0], why);
	/* What was only read is the zero page, which is no memory of the process. */
	if (!err && job->huge && is_fresh(job->state[TARGET]) && job->operation != OP_READ)
		err = check_huge(bench, job, count, why);
	link_unmap(bench->link, INITIATOR, STORE_FRESH);
	link_unmap(bench->link, TARGET, STORE_FRESH);
	free(order);
	return err;
}
