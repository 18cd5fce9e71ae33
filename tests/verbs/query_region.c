// SPDX-License-Identifier: GPL-2.0
/*
 * Description: the resource list of the device ("rdma resource show mr -dd") has each region with
 * its length and, where the driver says so, whether it is explicit or implicit ODP.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <string.h>
#include <sys/mman.h>

#include "t_counters.h"
#include "t_sweep.h"

#define LEN	(3 * T_PAGE + 5)

static void kind_fn(struct t_pair *p, enum t_kind kind, void *arg)
{
	static const char *const odp[] = { "", "explicit", "implicit" };
	struct t_region region;
	char *m = t_mmap(LEN);
	struct ibv_mr *mr = t_reg(p->a.pd, kind, m, LEN, T_ACCESS_ALL);

	(void)arg;
	if (!t_region_read(mr, &region)) {
		t_skip_case("the resource list shows no keys (CAP_NET_ADMIN?)");
	} else {
		if (kind != T_IMPLICIT)
			t_eq("length", region.length, LEN);
		if (p->a.d->pinless || region.odp[0])
			t_check(!strcmp(region.odp, odp[kind]), "odp: expected '%s', seen '%s'",
				odp[kind], region.odp);
	}
	t_dereg(mr);
	munmap(m, LEN);
}

int main(void)
{
	t_start(20);
	t_each_kind(IBV_WR_RDMA_WRITE, kind_fn, NULL, NULL);
	return t_finish();
}
