// SPDX-License-Identifier: GPL-2.0
/*
 * Description: registration with every combination of access flags: remote write and remote
 * atomic without local write are refused, all others work; unknown flags are refused.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <errno.h>
#include <string.h>

#include "t_sweep.h"

static void kind_fn(struct t_pair *p, enum t_kind kind, void *arg)
{
	char *m = t_mmap(4 * T_PAGE);
	struct ibv_mr *mr;
	int access;

	(void)arg;
	memset(m, 1, 4 * T_PAGE);
	for (access = 0; access < 16; access++) {
		bool bad = !(access & IBV_ACCESS_LOCAL_WRITE) &&
			   (access & (IBV_ACCESS_REMOTE_WRITE | IBV_ACCESS_REMOTE_ATOMIC));

		t_case("%s access 0x%x", t_kind_name(kind), access);
		mr = t_try_reg(p->a.pd, kind, m, 4 * T_PAGE, access);
		if (bad)
			t_check(!mr && errno == EINVAL, "expected EINVAL, seen %s",
				mr ? "success" : strerror(errno));
		else
			t_check(mr != NULL, "expected success, seen %s", strerror(errno));
		if (mr)
			t_dereg(mr);
	}
	t_case("%s with an optional flag that no device has", t_kind_name(kind));
	mr = t_try_reg(p->a.pd, kind, m, 4 * T_PAGE, IBV_ACCESS_LOCAL_WRITE |
		       IBV_ACCESS_RELAXED_ORDERING);
	t_check(mr != NULL, "relaxed ordering: expected success, seen %s", strerror(errno));
	if (mr)
		t_dereg(mr);
	t_case("%s with unknown flag 1 << 15", t_kind_name(kind));
	mr = t_try_reg(p->a.pd, kind, m, 4 * T_PAGE, IBV_ACCESS_LOCAL_WRITE | 1 << 15);
	t_check(!mr, "expected an error, seen success");
	if (mr)
		t_dereg(mr);
}

int main(void)
{
	t_start(20);
	t_each_kind(IBV_WR_RDMA_WRITE, kind_fn, NULL, NULL);
	return t_finish();
}
