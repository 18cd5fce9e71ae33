/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef PINLESS_REGISTER_H
#define PINLESS_REGISTER_H

struct net_device;

int pinless_device_create(const char *name, struct net_device *netdev);

#endif /* PINLESS_REGISTER_H */
