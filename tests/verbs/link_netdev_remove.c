// SPDX-License-Identifier: GPL-2.0
/*
 * Description: the network device of a link is removed while processes move data: the RDMA
 * device goes with it, the processes get a device-fatal event and can end.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include "t_link.h"

int main(void)
{
	struct t_traffic t;
	int k;

	t_start(90);
	t_link_need();
	for (k = 0; k < T_KINDS; k++) {
		t_case("%s regions", t_kind_name(k));
		t_link_add();
		t = t_traffic_start(k);
		t_check(!t_run("ip link del %s", T_LINK_NETDEV), "ip link del failed");
		t_check(t_link_wait_gone(T_LINK, 5000),
			"RDMA device: expected gone with its network device, seen after 5 s");
		t_traffic_end(&t, true);
	}
	t_link_clean();
	return t_finish();
}
