// SPDX-License-Identifier: GPL-2.0
/*
 * Description: fsync of a shared file mapping on the file system of /var/tmp between two
 * accesses: what the device writes before and after it is on the disk in the end, read back
 * after the cache was dropped.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include "t_file.h"
#include "t_memory.h"

int main(void)
{
	struct t_dev d;

	t_start(60);
	d = t_dev_open();
	t_need_odp(&d);
	t_file_use("/var/tmp");
	t_memory_event(&d, &(struct t_memory){
		.name = "file, fsync twice", .event = t_file_sync, .restore = t_file_sync,
		.make = t_file_make, .done = t_file_check_disk,
	});
	t_dev_close(&d);
	return t_finish();
}
