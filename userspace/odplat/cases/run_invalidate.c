// SPDX-License-Identifier: GPL-2.0
// Copyright (c) 2026 The pinless authors
/* The cost of releasing memory that a region covers. */
#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>

#include "base/clock.h"
#include "cases/invalidate.h"
#include "cases/run.h"
#include "base/pattern.h"

/* How often the page of run_invalidate_shared() is registered. */
#define SHARED_REGIONS	64

int use_area(struct bench *bench, const struct area *area, const struct ibv_mr *mr,
	     struct row *row, struct message *why)
{
	size_t part = area->length < WARM_BYTES ? area->length : WARM_BYTES;
	struct place start = { .store = STORE_WARM };
	uint64_t seed = ++bench->seed;
	int err;

	err = link_fill(bench->link, TARGET, start, part, seed, why);
	if (!err)
		err = link_read_into(bench->link, (uintptr_t)area->memory, mr->lkey, area->length,
				     why);
	for (size_t at = 0; at < area->length && !err; at += part)
		row_verify(row, pattern_check(area->memory + at, 0, part, seed));
	return err;
}

int check_discarded(struct bench *bench, const struct area *area, const struct ibv_mr *mr,
		    struct row *row, struct message *why)
{
	size_t part = area->length < 64 * PAGE_BYTES ? area->length : 64 * PAGE_BYTES;
	uintptr_t first = (uintptr_t)area->memory, last = first + area->length - part;
	bool same = true;
	int err;

	err = link_read_from(bench->link, first, mr->lkey, part, PATTERN_ZERO, &same, why);
	if (!err && last != first)
		err = link_read_from(bench->link, last, mr->lkey, part, PATTERN_ZERO, &same, why);
	if (!err)
		row_verify(row, same);
	return err;
}

int discard(const struct area *area, bool unmap, struct row *row, struct message *why)
{
	uint64_t start = now_ns(), end;
	int err;

	if (unmap)
		err = munmap(area->memory, area->length);
	else
		err = madvise(area->memory, area->length, MADV_DONTNEED);
	end = now_ns();
	if (err)
		return explain_error(why, unmap ? "munmap" : "madvise(MADV_DONTNEED)", errno);
	row_sample(row, end - start);
	return 0;
}

/*
 * Each sample has memory of its own, which is registered before the CPU touches it, so that no
 * driver can look ahead.
 */
static int invalidate_once(struct bench *bench, const struct job *job, struct row *row,
			   struct message *why)
{
	unsigned int flags = job->state[0] == STATE_WARM ? 0 : AREA_NEW_ADDRESS;
	struct ibv_mr *mr = NULL;
	struct area area;
	int err;

	err = area_map(&area, job->length, AREA_LARGE | flags, why);
	if (err)
		return err;
	if (job->state[0] != STATE_UNREGISTERED) {
		mr = register_memory(&link_local(bench->link)->endpoint, area.memory, area.length, true, why);
		if (!mr) {
			err = -errno;
			goto unmap;
		}
	}
	area_touch(&area);
	if (job->state[0] == STATE_WARM)
		err = use_area(bench, &area, mr, row, why);
	if (!err)
		err = discard(&area, job->unmap, row, why);
	if (!err && mr && !job->unmap)
		err = check_discarded(bench, &area, mr, row, why);
	if (mr)
		ibv_dereg_mr(mr);
unmap:
	area_unmap(&area);
	return err;
}

int run_invalidate(struct bench *bench, const struct job *job, unsigned int count,
		   struct row *const rows[2], struct message *why)
{
	int err = link_ensure(bench->link, STORE_WARM, why);

	for (unsigned int i = 0; i < count && !err; i++)
		err = invalidate_once(bench, job, rows[0], why);
	return err;
}

int run_invalidate_untouched(struct bench *bench, const struct job *job, unsigned int count,
			     struct row *const rows[2], struct message *why)
{
	struct ibv_mr *mr = NULL;
	struct area area;
	int err;

	err = link_ensure(bench->link, STORE_WARM, why);
	if (!err)
		err = area_map(&area, job->length, AREA_NEW_ADDRESS, why);
	if (err)
		return err;
	if (job->state[0] != STATE_UNREGISTERED) {
		mr = register_memory(&link_local(bench->link)->endpoint, area.memory, area.length,
				     true, why);
		if (!mr)
			err = -errno;
	}
	/* Nothing is there to discard, so one mapping serves for all samples. */
	for (unsigned int i = 0; i < count && !err; i++)
		err = discard(&area, false, rows[0], why);
	if (!err && mr)
		err = check_discarded(bench, &area, mr, rows[0], why);
	if (mr)
		ibv_dereg_mr(mr);
	area_unmap(&area);
	return err;
}

int run_invalidate_shared(struct bench *bench, const struct job *job, unsigned int count,
			  struct row *const rows[2], struct message *why)
{
	struct ibv_mr *mr[SHARED_REGIONS] = { NULL };
	struct area area;
	int err;

	err = link_ensure(bench->link, STORE_WARM, why);
	if (!err)
		err = area_map(&area, job->length, 0, why);
	if (err)
		return err;
	for (unsigned int r = 0; r < SHARED_REGIONS && !err; r++) {
		mr[r] = register_memory(&link_local(bench->link)->endpoint, area.memory,
					area.length, true, why);
		if (!mr[r])
			err = -errno;
	}
	for (unsigned int i = 0; i < count && !err; i++) {
		area_touch(&area);
		for (unsigned int r = 0; r < SHARED_REGIONS && !err; r++)
			err = use_area(bench, &area, mr[r], rows[0], why);
		if (!err)
			err = discard(&area, false, rows[0], why);
		if (!err)
			err = check_discarded(bench, &area, mr[i % SHARED_REGIONS], rows[0], why);
	}
	for (unsigned int r = 0; r < SHARED_REGIONS; r++)
		if (mr[r])
			ibv_dereg_mr(mr[r]);
	area_unmap(&area);
	return err;
}
