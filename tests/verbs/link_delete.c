// SPDX-License-Identifier: GPL-2.0
/*
 * Description: rdma link delete while processes move data over regions of each kind: the command
 * returns, the processes get a device-fatal event and can end, and the link can be made again.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include "t_link.h"

int main(void)
{
	struct t_traffic t[T_KINDS];
	int round, k;
	uint64_t t0;

	t_start(120);
	t_link_need();
	for (round = 0; round < 3; round++) {
		t_case("round %d", round);
		t_link_add();
		for (k = 0; k < T_KINDS; k++)
			t[k] = t_traffic_start(k);
		t0 = t_ms();
		t_check(!t_run("rdma link delete %s", T_LINK), "rdma link delete failed");
		t_check(t_ms() - t0 < t_scale(5000), "rdma link delete took %llu ms",
			(unsigned long long)(t_ms() - t0));
		t_check(!t_link_exists(T_LINK), "the device is still there");
		for (k = 0; k < T_KINDS; k++)
			t_traffic_end(&t[k], true);
	}
	t_link_clean();
	return t_finish();
}
