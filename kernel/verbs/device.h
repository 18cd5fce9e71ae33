/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef PINLESS_DEVICE_H
#define PINLESS_DEVICE_H

#include <linux/idr.h>
#include <linux/netdevice.h>
#include <rdma/ib_verbs.h>

#include "limits.h"
#include "base/quota.h"
#include "exec/ca.h"
#include "obs/port.h"

/**
 * struct pinless_device - one RDMA device over one netdev
 * @ibdev:    the core's part
 * @netdev:   what the port looks at; a reference is held until the device is
 *            freed, so that every op may look at it
 * @tracker:  of that reference
 * @active:   the port state told last; under the RTNL
 * @ca:       what requests know of it
 * @port:     counters and histograms; its index is set before the first use
 * @objects:  how many are in being, held against their limits
 * @cqn:      allocates CQ numbers
 */
struct pinless_device {
	struct ib_device ibdev;
	struct net_device *netdev;
	netdevice_tracker tracker;
	bool active;
	struct pinless_ca ca;
	struct pinless_port port;
	struct pinless_quota objects;
	struct ida cqn;
};

static inline struct pinless_device *to_pdev(struct ib_device *ibdev)
{
	return container_of(ibdev, struct pinless_device, ibdev);
}

/**
 * pinless_port_active() - whether the port can be used
 * @pdev: the device
 *
 * Context: any.
 * Return: true if the netdev is up and has a carrier.
 */
static inline bool pinless_port_active(const struct pinless_device *pdev)
{
	return netif_running(pdev->netdev) && netif_carrier_ok(pdev->netdev);
}

#endif /* PINLESS_DEVICE_H */
