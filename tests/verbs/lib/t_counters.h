/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright (c) 2026 The pinless authors
 *
 * What the device counts for one region, read through rdma netlink (what
 * "rdma statistic show mr" prints).
 */
#ifndef T_COUNTERS_H
#define T_COUNTERS_H

#include <infiniband/verbs.h>
#include <stdbool.h>
#include <stdint.h>

struct t_counters {
	/** Pages that an access found missing and faulted. */
	uint64_t faults;
	/** Pages that an invalidation took from the device. */
	uint64_t invalidations;
	/** Pages that ibv_advise_mr brought in. */
	uint64_t prefetch;
};

/**
 * t_counters_read - the counters of a region of this process
 *
 * Regions are found by pid and key, which takes CAP_NET_ADMIN.
 *
 * Return: false when the device (or this user) has no such counters.
 */
bool t_counters_read(struct ibv_mr *mr, struct t_counters *c);

/**
 * t_counters_expect - check how far the counters went since @before
 * @faults, @invalidations, @prefetch: expected increments, -1: any
 *
 * Reads the counters into @before for the next call. Does nothing where the
 * device does not count.
 */
void t_counters_expect(const char *what, struct ibv_mr *mr, struct t_counters *before,
		       long long faults, long long invalidations, long long prefetch);

/** One counter of a port, and what it was when it was looked at last. */
struct t_port_count {
	const char *dev, *name;
	uint64_t was;
};

/** t_port_count - begin to watch the counter @name of port 1 of a device */
struct t_port_count t_port_count(struct ibv_context *ctx, const char *name);

/** t_port_counted - how far it went since then; the next call begins here */
uint64_t t_port_counted(struct t_port_count *c);

/** t_port_expect - check that it went @by further since then; the next call begins here */
bool t_port_expect(const char *what, struct t_port_count *c, uint64_t by);

/**
 * t_device_index - the number that "rdma dev" shows for a device
 *
 * Return: false when there is no such device, or rdma netlink does not answer.
 */
bool t_device_index(const char *name, uint32_t *index);

/** What "rdma resource show mr -dd" says about a region. */
struct t_region {
	uint64_t length;
	/** "explicit", "implicit", or empty where the driver says nothing. */
	char odp[16];
};

/** t_region_read - look a region of this process up; false when it cannot be found */
bool t_region_read(struct ibv_mr *mr, struct t_region *region);

/**
 * t_counters_steady - keep the kernel from disturbing exact figures
 *
 * With root: until the program ends memory is compacted only on request, and so
 * much of it is free that no translation is asked to shrink.
 */
void t_counters_steady(void);

#endif
