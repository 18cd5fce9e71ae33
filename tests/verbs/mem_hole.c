// SPDX-License-Identifier: GPL-2.0
/*
 * Description: a hole punched into a shared file mapping on tmpfs and on the file system of
 * /var/tmp, and write(2) to its file there: the device sees the file's content, and its data is
 * in the file.
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
	t_file_use("/dev/shm");
	t_memory_event(&d, &(struct t_memory){
		.name = "hole, /dev/shm", .event = t_file_hole, .drops = true,
		.make = t_file_make, .done = t_file_check,
	});
	t_file_use("/var/tmp");
	t_memory_event(&d, &(struct t_memory){
		.name = "hole, /var/tmp", .event = t_file_hole, .drops = true,
		.make = t_file_make, .done = t_file_check,
	});
	t_memory_event(&d, &(struct t_memory){
		.name = "write(2), /var/tmp", .event = t_file_write,
		.make = t_file_make, .done = t_file_check,
	});
	t_dev_close(&d);
	return t_finish();
}
