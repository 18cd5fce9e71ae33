/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef PINLESS_LINK_H
#define PINLESS_LINK_H

/*
 * Makes and removes devices as the administrator and the network devices
 * demand: "rdma link add NAME type pinless netdev DEV".
 */
int pinless_link_init(void);
void pinless_link_exit(void);

#endif /* PINLESS_LINK_H */
