/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef PINLESS_DEVICE_H
#define PINLESS_DEVICE_H

#include <linux/idr.h>
#include <linux/netdevice.h>
#include <linux/xarray.h>
#include <rdma/ib_verbs.h>

#include "limits.h"
#include "base/idtable.h"
#include "base/quota.h"
#include "base/stamp.h"
#include "obs/port.h"

/**
 * struct pinless_device - one RDMA device over one netdev
 * @ibdev:    the core's part
 * @netdev:   what the port looks at; a reference is held until the device is
 *            freed, so that every op may look at it
 * @tracker:  of that reference
 * @active:   the port state told last; under the RTNL
 * @qps:      struct pinless_qpc by QP number, read under RCU; its xa_lock
 *            allocates and erases
 * @mrs:      struct pinless_mr by key index (mr.c), read under RCU
 * @mr_stamp: renewed when a region goes; no other device ever has the same
 * @port:     counters and histograms; its index is set before the first use
 * @objects:  how many are in being, held against their limits
 * @cqn:      allocates CQ numbers
 * @node:     in the list of devices that peers are looked for on (peer.c)
 * @next_qpn: where the search for a free QP number begins; under the xa_lock of
 *            @qps
 * @mr_tag:   what the tags of keys begin with: by chance
 */
struct pinless_device {
	struct ib_device ibdev;
	struct net_device *netdev;
	netdevice_tracker tracker;
	bool active;
	struct xarray qps;
	struct pinless_idtable mrs;
	struct pinless_stamp mr_stamp;
	struct pinless_port port;
	struct pinless_quota objects;
	struct ida cqn;
	struct list_head node;
	u32 next_qpn;
	u16 mr_tag;
};

static inline struct pinless_device *to_pdev(struct ib_device *ibdev)
{
	return container_of(ibdev, struct pinless_device, ibdev);
}

bool pinless_port_active(struct pinless_device *pdev);
int pinless_device_create(const char *name, struct net_device *netdev);

#endif /* PINLESS_DEVICE_H */
