/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright (c) 2026 The pinless authors
 *
 * The device under test and what it says that it can do.
 *
 * PINLESS_TEST_DEVICE names the device (default: the only one there is),
 * PINLESS_TEST_GID the index of the GID (default: the first RoCEv2 GID, IPv4
 * before IPv6, or index 0 where there are no RoCE GIDs).
 */
#ifndef T_DEV_H
#define T_DEV_H

#include <infiniband/verbs.h>
#include <stdbool.h>

/** How the memory of a buffer is registered. */
enum t_kind {
	T_PINNED,
	T_ODP,
	T_IMPLICIT,
	T_KINDS
};

/** One open of the device under test. */
struct t_dev {
	struct ibv_context *ctx;
	struct ibv_device_attr_ex attr;
	struct ibv_port_attr port;
	union ibv_gid gid;
	int gid_index;
	/** The driver is pinless: cases that other drivers cannot survive run. */
	bool pinless;
	/** The driver is soft-RoCE, which known bugs of its ODP can crash. */
	bool rxe;
};

/** t_kind_name - "pinned", "odp" or "implicit" */
const char *t_kind_name(enum t_kind k);

/** t_op_name - the name of a work request opcode, such as "WRITE_IMM" */
const char *t_op_name(enum ibv_wr_opcode op);

/**
 * t_dev_name - the name of the device under test
 *
 * Skips the program when there is no device, and fails it when the choice is
 * not clear.
 */
const char *t_dev_name(void);

/** t_dev_open - open the device under test; ends the program on failure */
struct t_dev t_dev_open(void);

/** t_dev_open_name - open a device by name and wait for its port to be active */
struct t_dev t_dev_open_name(const char *name);

/** t_dev_close - close the device; a failure to close is recorded */
void t_dev_close(struct t_dev *d);

/**
 * t_kind_ok - can the device serve an operation on this kind of registration?
 * @op: the opcode of the work request
 */
bool t_kind_ok(const struct t_dev *d, enum t_kind k, enum ibv_wr_opcode op);

/** t_need_odp - skip the program unless the device has ODP for RC */
void t_need_odp(const struct t_dev *d);

/** t_max_rd_atomic - depth of READs and atomics that both ends can have, 1..16 */
int t_max_rd_atomic(const struct t_dev *d);

#endif
