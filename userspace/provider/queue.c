// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Copyright (c) 2026 The pinless authors */

#include <errno.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "pinless.h"

/**
 * pinless_map_queue() - map a queue that the driver has made
 * @context: the open device
 * @map:     from the driver; a length of 0 is a queue without entries
 * @area:    filled in
 *
 * The memory is shared with the kernel, so fork() never makes it copy-on-write:
 * it needs no ibv_dontfork_range().
 *
 * Return: 0, or errno value of mmap().
 */
int pinless_map_queue(struct ibv_context *context, const struct pinless_map *map,
		      struct pinless_map_area *area)
{
	void *addr;

	*area = (struct pinless_map_area){};
	if (!map->length)
		return 0;

	addr = mmap(NULL, map->length, PROT_READ | PROT_WRITE, MAP_SHARED,
		    context->cmd_fd, map->offset);
	if (addr == MAP_FAILED)
		return errno;

	area->addr = addr;
	area->length = map->length;
	return 0;
}

/**
 * pinless_unmap_queue() - undo pinless_map_queue()
 * @area: may be empty
 */
void pinless_unmap_queue(struct pinless_map_area *area)
{
	if (area->addr)
		munmap(area->addr, area->length);
	area->addr = NULL;
}

/**
 * pinless_doorbell() - tell the driver that work was posted
 * @context: the open device
 * @queue:   number of the queue pair, with PINLESS_RING_RECV for its receive
 *           queue
 * @prod:    producer index of the send queue
 *
 * The one system call of the data path, so the command is laid out by hand: a
 * header and one attribute whose 8 bytes of data travel in the attribute
 * itself. Ringing twice with one index is harmless, so an interrupted call is
 * simply repeated.
 *
 * Return: 0, or an errno value: EIO or ENODEV when the device is gone.
 */
int pinless_doorbell(struct ibv_context *context, uint32_t queue, uint32_t prod)
{
	struct {
		struct ib_uverbs_ioctl_hdr hdr;
		struct ib_uverbs_attr attr;
	} cmd = {
		.hdr = {
			.length = sizeof(cmd),
			.object_id = PINLESS_OBJECT_QUEUE,
			.method_id = PINLESS_METHOD_RING,
			.num_attrs = 1,
			.driver_id = PINLESS_DRIVER_ID,
		},
		.attr = {
			.attr_id = PINLESS_ATTR_RING_WORD,
			.len = sizeof(uint64_t),
			.flags = UVERBS_ATTR_F_MANDATORY,
			.data = (uint64_t)prod << 32 | queue,
		},
	};

	static_assert(sizeof(cmd) == sizeof(cmd.hdr) + sizeof(cmd.attr),
		      "the attribute follows the header");

	while (ioctl(context->cmd_fd, RDMA_VERBS_IOCTL, &cmd)) {
		if (errno != EINTR)
			return errno;
	}
	return 0;
}
