// SPDX-License-Identifier: GPL-2.0
/*
 * Description: the module is unloaded while processes move data: every link goes, the processes
 * get a device-fatal event and can end; after loading it again, links work.
 *
 * The links that were there are made again.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include "t_link.h"
#include "t_module.h"

int main(void)
{
	struct t_traffic t[T_KINDS];
	int round, k;

	t_start(120);
	t_link_need();
	t_module_need();
	for (round = 0; round < 2; round++) {
		t_case("round %d", round);
		t_link_add();
		for (k = 0; k < T_KINDS; k++)
			t[k] = t_traffic_start(k);
		t_module_unload();
		for (k = 0; k < T_KINDS; k++)
			t_traffic_end(&t[k], true);
		t_module_restore();
	}
	t_link_clean();
	return t_finish();
}
