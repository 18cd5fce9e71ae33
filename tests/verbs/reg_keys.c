// SPDX-License-Identifier: GPL-2.0
/*
 * Description: keys are unique among live regions and do not come back soon after a region is
 * gone; many regions can live at once.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <stdlib.h>
#include <string.h>

#include "t_sweep.h"

#define LIVE	400
#define ROUNDS	200

static int cmp(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static void kind_fn(struct t_pair *p, enum t_kind kind, void *arg)
{
	static struct ibv_mr *mr[LIVE];
	static uint32_t keys[LIVE], seen[ROUNDS];
	char *m = t_mmap(16 * T_PAGE);
	unsigned int i;

	(void)arg;
	t_case("%s, %d regions at once", t_kind_name(kind), LIVE);
	for (i = 0; i < LIVE; i++) {
		mr[i] = t_reg(p->a.pd, kind, m + i * 8, 8 * T_PAGE, T_ACCESS_ALL);
		keys[i] = mr[i]->rkey;
	}
	qsort(keys, LIVE, sizeof(keys[0]), cmp);
	for (i = 1; i < LIVE; i++)
		t_check(keys[i] != keys[i - 1], "key 0x%x belongs to two live regions", keys[i]);
	for (i = 0; i < LIVE; i++)
		t_dereg(mr[i]);
	t_case("%s, %d registrations one after the other", t_kind_name(kind), ROUNDS);
	for (i = 0; i < ROUNDS; i++) {
		mr[0] = t_reg(p->a.pd, kind, m, 8 * T_PAGE, T_ACCESS_ALL);
		seen[i] = mr[0]->rkey;
		t_dereg(mr[0]);
	}
	qsort(seen, ROUNDS, sizeof(seen[0]), cmp);
	for (i = 1; i < ROUNDS; i++) {
		if (!t_check(seen[i] != seen[i - 1], "key 0x%x was given out twice in %d registrations",
			     seen[i], ROUNDS))
			break;
	}
}

int main(void)
{
	t_start(40);
	t_each_kind(IBV_WR_RDMA_WRITE, kind_fn, NULL, NULL);
	return t_finish();
}
