// SPDX-License-Identifier: GPL-2.0
// Copyright (c) 2026 The pinless authors
/* Registering and deregistering memory, by kind and size. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>

#include "cases/run.h"
#include "base/clock.h"
#include "base/pattern.h"

/*
 * Proof that the region works up to its end: the NIC reads the last page, never touched before.
 * An implicit region has no end that memory could be at; there the page is any.
 */
static int probe_region(struct bench *bench, const struct job *job, const struct area *area,
			struct row *row, struct message *why)
{
	bool odp = job->state[0] != STATE_PINNED, same = true;
	struct endpoint *endpoint = &link_local(bench->link)->endpoint;
	uint8_t *last = area->memory + area->length - PAGE_BYTES;
	struct ibv_mr *mr;
	int err;

	mr = job->length ? register_memory(endpoint, area->memory, area->length, odp, why) :
	     register_memory(endpoint, NULL, SIZE_MAX, odp, why);
	if (!mr)
		return -errno;
	if (!odp)
		pattern_fill(last, 0, PAGE_BYTES, ++bench->seed);
	err = link_read_from(bench->link, (uintptr_t)last, mr->lkey, PAGE_BYTES,
			     odp ? PATTERN_ZERO : bench->seed, &same, why);
	if (!err)
		row_verify(row, same);
	ibv_dereg_mr(mr);
	return err;
}

int run_register(struct bench *bench, const struct job *job, unsigned int count,
		 struct row *const rows[2], struct message *why)
{
	struct endpoint *endpoint = &link_local(bench->link)->endpoint;
	bool odp = job->state[0] != STATE_PINNED;
	size_t length = job->length ? job->length : PAGE_BYTES;
	struct area area;
	int err;

	err = link_ensure(bench->link, STORE_WARM, why);
	if (!err)
		err = area_map(&area, length, odp ? 0 : AREA_LARGE, why);
	if (err)
		return err;
	if (!odp)
		area_touch(&area);
	for (unsigned int i = 0; i < count && !err; i++) {
		uint64_t start, registered, end;
		struct ibv_mr *mr;

		start = now_ns();
		mr = job->length ? register_memory(endpoint, area.memory, length, odp, why) :
		     register_memory(endpoint, NULL, SIZE_MAX, odp, why);
		registered = now_ns();
		if (!mr) {
			err = -errno;
			break;
		}
		row_sample(rows[0], registered - start);
		start = now_ns();
		err = ibv_dereg_mr(mr);
		end = now_ns();
		if (err)
			err = explain_error(why, "ibv_dereg_mr", err);
		else
			row_sample(rows[1], end - start);
	}
	if (!err)
		err = probe_region(bench, job, &area, rows[0], why);
	area_unmap(&area);
	return err;
}
