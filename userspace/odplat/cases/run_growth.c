// SPDX-License-Identifier: GPL-2.0
// Copyright (c) 2026 The pinless authors
/* What an operation, a fault and an invalidation cost when there are many regions, or many leaves. */
#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "cases/invalidate.h"
#include "cases/run.h"
#include "base/pattern.h"

/* Of many regions those that are used; enough that no cache of one holds them. */
#define USED_REGIONS	64u

/* Pages of the area that faults and invalidations are measured in. */
#define PROBE_PAGES	(HUGE_BYTES / PAGE_BYTES)

/* Regions of one page, side by side or all over the same page. */
struct crowd {
	struct area area;
	struct ibv_mr **mr;
	size_t count;
};

static void crowd_free(struct crowd *crowd)
{
	for (size_t r = 0; r < crowd->count; r++)
		ibv_dereg_mr(crowd->mr[r]);
	free(crowd->mr);
	area_unmap(&crowd->area);
}

static int crowd_make(struct crowd *crowd, struct bench *bench, size_t count, bool same_page,
		      struct message *why)
{
	const struct endpoint *endpoint = &link_local(bench->link)->endpoint;
	int err;

	*crowd = (struct crowd){ .mr = calloc(count, sizeof(struct ibv_mr *)) };
	if (!crowd->mr)
		return explain_error(why, "calloc", ENOMEM);
	err = area_map(&crowd->area, same_page ? PAGE_BYTES : count * PAGE_BYTES, AREA_NEW_ADDRESS,
		       why);
	for (size_t r = 0; r < count && !err; r++) {
		uint8_t *page = crowd->area.memory + (same_page ? 0 : r * PAGE_BYTES);

		crowd->mr[r] = register_memory(endpoint, page, PAGE_BYTES, true, why);
		if (crowd->mr[r]) {
			crowd->count++;
			continue;
		}
		err = -errno;
		snprintf(why->text, sizeof(why->text), "region %zu of %zu: ibv_reg_mr: %s", r + 1,
			 count, errno_name(-err));
	}
	if (err)
		crowd_free(crowd);
	return err;
}

/* The @i-th of the regions that are used: spread over all of them. */
static size_t crowd_pick(const struct crowd *crowd, unsigned int i)
{
	size_t used = crowd->count < USED_REGIONS ? crowd->count : USED_REGIONS;

	return i % used * (crowd->count / used);
}

/* WRITE of 8 bytes out of one region after the other. */
static int write_from_crowd(struct bench *bench, const struct crowd *crowd, unsigned int count,
			    struct row *row, struct message *why)
{
	struct place start = { .store = STORE_WARM };
	uint64_t elapsed;
	int err = 0;

	for (unsigned int i = 0; i < USED_REGIONS + count && !err; i++) {
		size_t r = crowd_pick(crowd, i);
		uint8_t *page = crowd->area.memory + r * PAGE_BYTES;
		uint64_t seed = ++bench->seed;
		bool same = true;

		pattern_fill(page, 0, 8, seed);
		err = link_exchange(bench->link, OP_WRITE, page, crowd->mr[r]->lkey, 8, &elapsed,
				    why);
		if (!err)
			err = link_check(bench->link, TARGET, start, 0, 8, seed, &same, why);
		/* The first time around each region is new to the NIC. */
		if (err || i < USED_REGIONS)
			continue;
		row_sample(row, elapsed);
		row_verify(row, same);
	}
	return err;
}

/*
 * In an area of its own: the NIC reads 8 bytes into a page never touched before, which is then
 * discarded. The pages are used in an order in which no page follows its neighbour.
 */
static int fault_and_discard(struct bench *bench, unsigned int count, struct row *fault,
			     struct row *discarded, struct message *why)
{
	struct place start = { .store = STORE_WARM };
	struct ibv_mr *mr;
	struct area area;
	int err;

	err = area_map(&area, HUGE_BYTES, AREA_NEW_ADDRESS, why);
	if (err)
		return err;
	mr = register_memory(&link_local(bench->link)->endpoint, area.memory, area.length, true,
			     why);
	if (!mr)
		err = -errno;
	/* The first one pays for what the pages have in common. */
	for (unsigned int i = 0; i <= count && !err; i++) {
		struct area page = { .memory = area.memory + i * 37 % PROBE_PAGES * PAGE_BYTES,
				     .length = PAGE_BYTES };
		uint64_t elapsed, seed = ++bench->seed;

		err = link_fill(bench->link, TARGET, start, 8, seed, why);
		if (!err)
			err = link_exchange(bench->link, OP_READ, page.memory, mr->lkey, 8, &elapsed,
					    why);
		if (err)
			break;
		if (i) {
			row_sample(fault, elapsed);
			row_verify(fault, pattern_check(page.memory, 0, 8, seed));
		}
		err = discard(&page, false, i ? discarded : NULL, why);
		if (!err)
			err = check_discarded(bench, &page, mr, discarded, why);
		/* Drop what the check has faulted in. */
		if (!err)
			err = discard(&page, false, NULL, why);
	}
	if (mr)
		ibv_dereg_mr(mr);
	area_unmap(&area);
	return err;
}

int run_growth_elsewhere(struct bench *bench, const struct job *job, unsigned int count,
			 struct row *const rows[2], struct message *why)
{
	struct crowd crowd;
	int err = link_ensure(bench->link, STORE_WARM, why);

	if (!err)
		err = crowd_make(&crowd, bench, job->many, false, why);
	if (err)
		return err;
	err = write_from_crowd(bench, &crowd, count, rows[0], why);
	if (!err)
		err = fault_and_discard(bench, count, NULL, rows[1], why);
	crowd_free(&crowd);
	return err;
}

/* One region more or less, where there are many. */
static int register_once_more(struct bench *bench, const struct crowd *crowd, struct row *row,
			      struct message *why)
{
	uint64_t start = now_ns(), end;
	struct ibv_mr *mr = register_memory(&link_local(bench->link)->endpoint, crowd->area.memory,
					    PAGE_BYTES, true, why);

	end = now_ns();
	if (!mr)
		return -errno;
	row_sample(row, end - start);
	ibv_dereg_mr(mr);
	return 0;
}

int run_growth_over(struct bench *bench, const struct job *job, unsigned int count,
		    struct row *const rows[2], struct message *why)
{
	size_t used = job->many < USED_REGIONS ? job->many : USED_REGIONS;
	struct crowd crowd;
	int err = link_ensure(bench->link, STORE_WARM, why);

	if (!err)
		err = crowd_make(&crowd, bench, job->many, true, why);
	if (err)
		return err;
	for (unsigned int i = 0; i < count && !err; i++) {
		area_touch(&crowd.area);
		for (unsigned int u = 0; u < used && !err; u++)
			err = use_area(bench, &crowd.area, crowd.mr[crowd_pick(&crowd, u)], rows[0],
				       why);
		if (!err)
			err = discard(&crowd.area, false, rows[0], why);
		if (!err)
			err = check_discarded(bench, &crowd.area, crowd.mr[crowd_pick(&crowd, i)],
					      rows[0], why);
		if (!err)
			err = register_once_more(bench, &crowd, rows[1], why);
	}
	crowd_free(&crowd);
	return err;
}

int run_growth_leaves(struct bench *bench, const struct job *job, unsigned int count,
		      struct row *const rows[2], struct message *why)
{
	struct ibv_mr *mr = NULL;
	struct area area;
	uint64_t elapsed;
	int err = link_ensure(bench->link, STORE_WARM, why);

	if (!err)
		err = area_map(&area, job->many * HUGE_BYTES, AREA_NEW_ADDRESS, why);
	if (err)
		return err;
	mr = register_memory(&link_local(bench->link)->endpoint, area.memory, area.length, true,
			     why);
	if (!mr)
		err = -errno;
	for (size_t leaf = 0; leaf < job->many && !err; leaf++)
		err = link_exchange(bench->link, OP_READ, area.memory + leaf * HUGE_BYTES, mr->lkey,
				    8, &elapsed, why);
	if (!err)
		err = fault_and_discard(bench, count, rows[0], rows[1], why);
	if (mr)
		ibv_dereg_mr(mr);
	area_unmap(&area);
	return err;
}
