/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef ODPLAT_DEVICE_H
#define ODPLAT_DEVICE_H

#include <infiniband/verbs.h>
#include <stdbool.h>
#include <stdint.h>

/**
 * struct choice - which device, port and address a measurement uses and how, and what the device says
 * it can
 */
struct choice {
	char name[64];
	uint8_t port;
	int gid_index;			/* -1: the port is InfiniBand and has a LID */
	union ibv_gid gid;
	uint16_t lid;
	enum ibv_mtu mtu;
	bool poll;			/* completions: poll, and never sleep */
	bool implicit;			/* implicit ODP is offered */
	uint32_t rc_odp;		/* enum ibv_odp_transport_cap_bits */
	bool atomics;
	unsigned int
		read_depth; /* RDMA reads and atomics in flight, at least 1 where there are any */
};

/** DEVICE_ANY_GID - let choose_device() pick the GID */
#define DEVICE_ANY_GID	(-1)

/** DEVICE_ANY_PORT - let choose_device() pick the port */
#define DEVICE_ANY_PORT	0

/**
 * choose_device() - find a usable port and GID of one device
 * @name: the device
 * @port: port number or DEVICE_ANY_PORT
 * @gid_index: GID index or DEVICE_ANY_GID
 * @choice: out
 * @why: out, on failure: what is missing, and the remedy
 * @size: size of @why
 *
 * On Ethernet the GID must be a RoCEv2 one; of several, an IPv4 address goes before a global IPv6
 * one, and that before a link-local one.
 *
 * Return: 0 or a negative errno.
 */
int choose_device(const char *name, uint8_t port, int gid_index, struct choice *choice, char *why,
		  size_t size);

/**
 * list_devices() - the names of all RDMA devices
 * @names: out, an array that ends with NULL; free with free_device_names()
 * @why: out, on failure or when there is none: the reason and the remedy
 *
 * Return: number of devices, or a negative errno.
 */
int list_devices(char ***names, char *why, size_t size);

/** free_device_names() - free what list_devices() gave */
void free_device_names(char **names);

/**
 * open_named_device() - open a device by its name
 * @why: out, on failure: the reason and the remedy
 *
 * Return: a context, or NULL.
 */
struct ibv_context *open_named_device(const char *name, char *why, size_t size);

#endif
