// SPDX-License-Identifier: GPL-2.0
/* Copyright (c) 2026 The pinless authors */

/* How a device comes and goes, and the table of its ops. */
#include <linux/etherdevice.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/rcupdate.h>
#include <net/addrconf.h>
#include <rdma/ib_verbs.h>

#include "compat.h"
#include "uapi/pinless-abi.h"
#include "exec/peer.h"
#include "verbs/advise.h"
#include "verbs/cq.h"
#include "verbs/device.h"
#include "verbs/doorbell.h"
#include "verbs/hwstats.h"
#include "verbs/mr.h"
#include "verbs/pd.h"
#include "verbs/qp.h"
#include "verbs/query.h"
#include "verbs/register.h"
#include "verbs/restrack.h"
#include "verbs/ucontext.h"
#include "verbs/uqueue.h"

/* The last op that the core calls; all objects are gone. */
static void pinless_dealloc_driver(struct ib_device *ibdev)
{
	struct pinless_device *pdev = to_pdev(ibdev);

	pinless_hist_remove(&pdev->port.hist);
	WARN_ON(!xa_empty(&pdev->ca.qps));
	xa_destroy(&pdev->ca.qps);
	pinless_keys_destroy(&pdev->ca.keys);
	ida_destroy(&pdev->cqn);
	pinless_peer_del_ca(&pdev->ca);
	/*
	 * Peers are looked for under RCU, and late faults and
	 * invalidations count under it (struct pinless_account).
	 */
	synchronize_rcu();
	/*
	 * Such a look may have been the last to let go of a GID, which the core
	 * then takes out of the table by work; the table goes next.
	 */
	flush_workqueue(ib_wq);
	pinless_counters_destroy(&pdev->port.counters);
	netdev_put(pdev->netdev, &pdev->tracker);
}

/* Called when the device has its addresses, before its first use. */
static int pinless_enable_driver(struct ib_device *ibdev)
{
	struct pinless_device *pdev = to_pdev(ibdev);

	pdev->port.index = ibdev->index;
	pinless_peer_add_ca(&pdev->ca);
	pinless_hist_create(&pdev->port.hist, ibdev->index);
	return 0;
}

/* The forms that newer kernels want; compat.h tells which one it is. */

static int create_cq_attrs(struct ib_cq *ibcq,
			   const struct ib_cq_init_attr *attr,
			   struct uverbs_attr_bundle *attrs)
{
	return pinless_create_cq(ibcq, attr,
				 attrs ? &attrs->driver_udata : NULL);
}

static struct ib_mr *reg_user_mr_dmah(struct ib_pd *pd, u64 start, u64 length,
				      u64 virt, int access,
				      struct ib_dmah *dmah,
				      struct ib_udata *udata)
{
	if (dmah)
		return ERR_PTR(-EOPNOTSUPP);
	return pinless_reg_user_mr(pd, start, length, virt, access, udata);
}

static const struct ib_device_ops pinless_ops = {
	.owner = THIS_MODULE,
	.driver_id = PINLESS_DRIVER_ID,
	.uverbs_abi_ver = PINLESS_ABI_VERSION,

	.dealloc_driver = pinless_dealloc_driver,
	.enable_driver = pinless_enable_driver,
	.query_device = pinless_query_device,
	.get_dev_fw_str = pinless_get_dev_fw_str,
	.query_port = pinless_query_port,
	.query_pkey = pinless_query_pkey,
	.get_link_layer = pinless_get_link_layer,
	.get_port_immutable = pinless_get_port_immutable,
	.alloc_hw_port_stats = pinless_alloc_hw_port_stats,
	.get_hw_stats = pinless_get_hw_stats,

	.alloc_ucontext = pinless_alloc_ucontext,
	.dealloc_ucontext = pinless_dealloc_ucontext,
	.disassociate_ucontext = pinless_disassociate_ucontext,
	.mmap = pinless_mmap,
	.mmap_free = pinless_mmap_free,

	.alloc_pd = pinless_alloc_pd,
	.dealloc_pd = pinless_dealloc_pd,

	.create_cq = __builtin_choose_expr(PINLESS_CREATE_CQ_HAS_ATTRS,
					   create_cq_attrs, pinless_create_cq),
	.destroy_cq = pinless_destroy_cq,

	.create_qp = pinless_create_qp,
	.modify_qp = pinless_modify_qp,
	.query_qp = pinless_query_qp,
	.destroy_qp = pinless_destroy_qp,

	.reg_user_mr =
		__builtin_choose_expr(PINLESS_REG_USER_MR_HAS_DMAH,
				      reg_user_mr_dmah, pinless_reg_user_mr),
	.dereg_mr = pinless_dereg_mr,
	.advise_mr = pinless_advise_mr,
	.fill_stat_mr_entry = pinless_fill_stat_mr_entry,
	.fill_res_mr_entry = pinless_fill_res_mr_entry,

	INIT_RDMA_OBJ_SIZE(ib_cq, pinless_cq, ibcq),
	INIT_RDMA_OBJ_SIZE(ib_pd, pinless_pd, ibpd),
	INIT_RDMA_OBJ_SIZE(ib_qp, pinless_qp, ibqp),
	INIT_RDMA_OBJ_SIZE(ib_ucontext, pinless_ucontext, ibuctx),
};

/* From the MAC address of the netdev; lo has none, and gets one by chance. */
static __be64 make_guid(const struct net_device *netdev)
{
	u8 mac[ETH_ALEN];
	__be64 guid;

	if (netdev->addr_len == ETH_ALEN &&
	    is_valid_ether_addr(netdev->dev_addr))
		ether_addr_copy(mac, netdev->dev_addr);
	else
		eth_random_addr(mac);
	addrconf_addr_eui48((u8 *)&guid, (const char *)mac);
	return guid;
}

/**
 * pinless_device_create() - make an RDMA device over a netdev and register it
 * @name:   of the device, as "rdma link" shows it
 * @netdev: gives port state, MTU and GIDs; the caller holds a reference
 *
 * Context: process context, may sleep, the RTNL is not held.
 * Return: 0, -ENFILE when the name is taken, or another negative errno.
 */
int pinless_device_create(const char *name, struct net_device *netdev)
{
	struct pinless_device *pdev;
	struct ib_device *ibdev;
	int err;

	pdev = ib_alloc_device_with_net(pinless_device, ibdev, dev_net(netdev));
	if (!pdev)
		return -ENOMEM;
	ibdev = &pdev->ibdev;

	pdev->ca.ibdev = ibdev;
	xa_init_flags(&pdev->ca.qps, XA_FLAGS_ALLOC1 | XA_FLAGS_ACCOUNT);
	INIT_LIST_HEAD(&pdev->ca.node);
	ida_init(&pdev->cqn);
	netdev_hold(netdev, &pdev->tracker, GFP_KERNEL);
	pdev->netdev = netdev;
	pdev->active = pinless_port_active(pdev);
	/* From here on ib_dealloc_device() undoes it all. */
	ib_set_device_ops(ibdev, &pinless_ops);
	ibdev->driver_def = pinless_doorbell_defs;
	ibdev->node_type = RDMA_NODE_IB_CA;
	ibdev->node_guid = make_guid(netdev);
	ibdev->phys_port_cnt = 1;
	ibdev->num_comp_vectors = num_possible_cpus();
	strscpy(ibdev->node_desc, "pinless", sizeof(ibdev->node_desc));

	err = pinless_keys_init(&pdev->ca.keys);
	if (err)
		goto err_dealloc;

	err = pinless_counters_init(&pdev->port.counters);
	if (err)
		goto err_dealloc;

	err = ib_device_set_netdev(ibdev, netdev, 1);
	if (err)
		goto err_dealloc;

	err = ib_register_device(ibdev, name, NULL);
	if (err)
		goto err_dealloc;
	return 0;

err_dealloc:
	ib_dealloc_device(ibdev);
	return err;
}
