/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright (c) 2026 The pinless authors
 *
 * What the kernel says that a device has in use, before and after.
 */
#ifndef T_LEAK_H
#define T_LEAK_H

/** Numbers of objects of one device, as the rdma command prints them. */
struct t_leak {
	char text[256];
};

/**
 * t_leak_begin - note what is in use on the device under test
 *
 * Without the rdma command (package iproute2) nothing is compared.
 */
void t_leak_begin(struct t_leak *l);

/** t_leak_end - check that the same is in use again; waits up to 5 s for it */
void t_leak_end(const struct t_leak *l);

#endif
