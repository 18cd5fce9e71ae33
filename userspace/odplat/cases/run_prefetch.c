// SPDX-License-Identifier: GPL-2.0
// Copyright (c) 2026 The pinless authors
/* ibv_advise_mr(): the cost of telling the NIC beforehand, and of the first access after that. */
#include <errno.h>
#include <stdint.h>

#include "cases/run.h"
#include "base/clock.h"
#include "base/pattern.h"

static int prefetch_once(struct bench *bench, const struct job *job, struct row *const rows[2],
			 struct message *why)
{
	struct side *side = link_local(bench->link);
	struct place start = { .store = STORE_WARM }, fresh = { .store = STORE_FRESH };
	uint64_t seed = ++bench->seed, before, elapsed;
	struct ibv_sge range;
	bool same = true;
	int err;

	err = link_map(bench->link, INITIATOR, STORE_FRESH, job->length, false, why);
	if (err)
		return err;
	if (job->state[0] == STATE_TOUCHED)
		area_touch(&side->area[STORE_FRESH]);
	err = link_fill(bench->link, TARGET, start, job->length, seed, why);
	if (err)
		return err;
	range = (struct ibv_sge){
		.addr = (uintptr_t)side->area[STORE_FRESH].memory, .length = (uint32_t)job->length,
		.lkey = side->mr[STORE_FRESH]->lkey,
	};
	before = now_ns();
	err = ibv_advise_mr(side->endpoint.pd, IBV_ADVISE_MR_ADVICE_PREFETCH_WRITE,
			    IBV_ADVISE_MR_FLAG_FLUSH, &range, 1);
	elapsed = now_ns() - before;
	if (err)
		return explain_error(why, "ibv_advise_mr", err < 0 ? -err : err);
	row_sample(rows[0], elapsed);
	err = link_transfer(bench->link, OP_READ, fresh, start, job->length, &elapsed, why);
	if (err)
		return err;
	row_sample(rows[1], elapsed);
	err = link_check(bench->link, INITIATOR, fresh, 0, job->length, seed, &same, why);
	for (unsigned int r = 0; r < 2 && !err; r++)
		row_verify(rows[r], same);
	return err;
}

int run_prefetch(struct bench *bench, const struct job *job, unsigned int count,
		 struct row *const rows[2], struct message *why)
{
	int err = link_ensure(bench->link, STORE_WARM, why);

	for (unsigned int i = 0; i < count && !err; i++)
		err = prefetch_once(bench, job, rows, why);
	link_unmap(bench->link, INITIATOR, STORE_FRESH);
	return err;
}
