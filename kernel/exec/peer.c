// SPDX-License-Identifier: GPL-2.0
/* Copyright (c) 2026 The pinless authors */

#include <linux/rculist.h>
#include <net/net_namespace.h>
#include <rdma/ib_cache.h>

#include "exec/ca.h"
#include "exec/peer.h"
#include "exec/qpc.h"

/* Read under RCU, changed under the lock. */
static LIST_HEAD(cas);
static DEFINE_SPINLOCK(cas_lock);

/**
 * pinless_peer_add_ca() - a channel adapter may be reached from now on
 * @ca: its device is registered; it may be in the list already: the core enables
 *      a device anew each time it comes into another network namespace
 *
 * Context: any but interrupts.
 */
void pinless_peer_add_ca(struct pinless_ca *ca)
{
	spin_lock(&cas_lock);
	if (list_empty(&ca->node))
		list_add_tail_rcu(&ca->node, &cas);
	spin_unlock(&cas_lock);
}

/**
 * pinless_peer_del_ca() - a channel adapter is going away
 * @ca: all its queue pairs are gone; it is freed after a grace period. It need
 *      not have been added
 *
 * Context: any but interrupts.
 */
void pinless_peer_del_ca(struct pinless_ca *ca)
{
	spin_lock(&cas_lock);
	if (!list_empty(&ca->node))
		list_del_rcu(&ca->node);
	spin_unlock(&cas_lock);
}

static bool ca_has_gid(struct pinless_ca *ca, const union ib_gid *gid, u64 net)
{
	const struct ib_gid_attr *attr;
	struct net_device *ndev;
	bool has;

	attr = rdma_find_gid_by_port(ca->ibdev, gid, IB_GID_TYPE_ROCE_UDP_ENCAP,
				     1, NULL);
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
	struct pinless_ca *ca;

	rcu_read_lock();
	list_for_each_entry_rcu(ca, &cas, node) {
		if (!ca_has_gid(ca, dgid, net))
			continue;
		c = xa_load(&ca->qps, qpn);
		if (c && !refcount_inc_not_zero(&c->refs))
			c = NULL;
		if (c)
			break;
	}
	rcu_read_unlock();
	return c;
}
