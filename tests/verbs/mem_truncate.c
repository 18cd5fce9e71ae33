// SPDX-License-Identifier: GPL-2.0
/*
 * Description: a shared file mapping whose file is cut off and grows again, on tmpfs and on the
 * file system of /var/tmp: refused in between, zero afterwards, and the device's data is in the
 * file.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <stdio.h>

#include "t_file.h"
#include "t_memory.h"

int main(void)
{
	static const char *const dirs[] = { "/dev/shm", "/var/tmp" };
	struct t_dev d;
	unsigned int i;

	t_start(60);
	d = t_dev_open();
	t_need_odp(&d);
	for (i = 0; i < T_ARRAY_SIZE(dirs); i++) {
		char name[64];

		snprintf(name, sizeof(name), "truncated and grown, %s", dirs[i]);
		t_file_use(dirs[i]);
		t_memory_event(&d, &(struct t_memory){
			.name = name, .event = t_file_truncate, .drops = true,
			.refuse = T_REFUSE_ALL, .restore = t_file_grow,
			.make = t_file_make, .done = t_file_check,
		});
	}
	t_dev_close(&d);
	return t_finish();
}
