// SPDX-License-Identifier: GPL-2.0
/* Copyright (c) 2026 The pinless authors */

#include <linux/rculist.h>
#include <net/net_namespace.h>
#include <rdma/ib_cache.h>

#include "exec/peer.h"
#include "exec/qpc.h"
#include "verbs/device.h"

/* Read under RCU, changed under the lock. */
static LIST_HEAD(devices);
static DEFINE_SPINLOCK(devices_lock);

/**
 * pinless_peer_add_device() - a device may be reached from now on
 * @pdev: registered; it may be there already: the core enables a device anew
 *        each time it comes into another network namespace
 *
 * Context: any but interrupts.
 */
void pinless_peer_add_device(struct pinless_device *pdev)
{
	spin_lock(&devices_lock);
	if (list_empty(&pdev->node))
		list_add_tail_rcu(&pdev->node, &devices);
	spin_unlock(&devices_lock);
}

/**
 * pinless_peer_del_device() - a device is going away
 * @pdev: all its queue pairs are gone; it is freed after a grace period. It need
 *        not have been added
 *
 * Context: any but interrupts.
 */
void pinless_peer_del_device(struct pinless_device *pdev)
{
	spin_lock(&devices_lock);
	if (!list_empty(&pdev->node))
		list_del_rcu(&pdev->node);
	spin_unlock(&devices_lock);
}

static bool device_has_gid(struct pinless_device *pdev,
			   const union ib_gid *gid, u64 net)
{
	const struct ib_gid_attr *attr;
	struct net_device *ndev;
	bool has;

	attr = rdma_find_gid_by_port(&pdev->ibdev, gid,
				     IB_GID_TYPE_ROCE_UDP_ENCAP, 1, NULL);
	if (IS_ERR(attr))
		return false;
	ndev = rcu_dereference(attr->ndev);
	has = ndev && dev_net(ndev)->net_cookie == net;
	rdma_put_gid_attr(attr);
	return has;
}

/**
 * pinless_peer_find() - find a queue pair of this host
 * @dgid: its address
 * @net:  cookie of the network namespace in which the address counts
 * @qpn:  its number
 *
 * The same address may be in use in several namespaces, on devices of their
 * own.
 *
 * Context: any but interrupts.
 * Return: the queue pair with a reference, whatever its state; or NULL.
 */
struct pinless_qpc *pinless_peer_find(const union ib_gid *dgid, u64 net,
				      u32 qpn)
{
	struct pinless_qpc *c = NULL;
	struct pinless_device *pdev;

	rcu_read_lock();
	list_for_each_entry_rcu(pdev, &devices, node) {
		if (!device_has_gid(pdev, dgid, net))
			continue;
		c = xa_load(&pdev->qps, qpn);
		if (c && !refcount_inc_not_zero(&c->refs))
			c = NULL;
		if (c)
			break;
	}
	rcu_read_unlock();
	return c;
}
