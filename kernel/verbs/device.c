// SPDX-License-Identifier: GPL-2.0
/* Copyright (c) 2026 The pinless authors */

#include <linux/etherdevice.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/rcupdate.h>
#include <net/addrconf.h>
#include <rdma/ib_addr.h>
#include <rdma/ib_mad.h>
#include <rdma/ib_verbs.h>

#include "compat.h"
#include "limits.h"
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
#include "verbs/restrack.h"
#include "verbs/ucontext.h"
#include "verbs/uqueue.h"

/* time until a request is answered: 4.096 us * 2^15 = 134 ms (IBTA 9.7.6.1.3) */
#define PINLESS_ACK_DELAY	15

/**
 * pinless_port_active() - whether the port can be used
 * @pdev: the device
 *
 * Context: any.
 * Return: true if the netdev is up and has a carrier.
 */
bool pinless_port_active(struct pinless_device *pdev)
{
	return netif_running(pdev->netdev) && netif_carrier_ok(pdev->netdev);
}

/* The version of the driver, 16 bits for each of its three parts. */
static u64 version_number(void)
{
	unsigned int major, minor, patch;

	if (sscanf(PINLESS_VERSION, "%u.%u.%u", &major, &minor, &patch) != 3)
		return 0;
	return (u64)major << 32 | minor << 16 | patch;
}

static int pinless_query_device(struct ib_device *ibdev,
				struct ib_device_attr *attr,
				struct ib_udata *udata)
{
	const u32 rc_odp = IB_ODP_SUPPORT_SEND | IB_ODP_SUPPORT_RECV |
			   IB_ODP_SUPPORT_WRITE | IB_ODP_SUPPORT_READ |
			   IB_ODP_SUPPORT_ATOMIC;

	if (udata && udata->inlen &&
	    !ib_is_udata_cleared(udata, 0, udata->inlen))
		return -EINVAL;

	memset(attr, 0, sizeof(*attr));
	attr->fw_ver = version_number();
	/* Software has no OUI; programs take 0 for a query that has failed. */
	attr->vendor_id = 0xffffff;
	attr->sys_image_guid = ibdev->node_guid;
	/* A window may have any length: registration costs the same. */
	attr->max_mr_size = U64_MAX;
	attr->page_size_cap = PAGE_MASK;
	attr->hw_ver = PINLESS_ABI_VERSION;
	attr->max_qp = pinless_limit(PINLESS_OBJ_QP);
	attr->max_qp_wr = PINLESS_MAX_QP_WR;
	attr->device_cap_flags = IB_DEVICE_CURR_QP_STATE_MOD |
				 IB_DEVICE_PORT_ACTIVE_EVENT |
				 IB_DEVICE_SYS_IMAGE_GUID |
				 IB_DEVICE_RC_RNR_NAK_GEN;
	attr->kernel_cap_flags = IBK_ALLOW_USER_UNREG | IBK_ON_DEMAND_PAGING;
	attr->max_send_sge = PINLESS_MAX_SGE;
	attr->max_recv_sge = PINLESS_MAX_SGE;
	attr->max_sge_rd = PINLESS_MAX_SGE;
	attr->max_cq = pinless_limit(PINLESS_OBJ_CQ);
	attr->max_cqe = PINLESS_MAX_CQE;
	attr->max_mr = pinless_limit(PINLESS_OBJ_MR);
	attr->max_pd = pinless_limit(PINLESS_OBJ_PD);
	attr->max_qp_rd_atom = PINLESS_MAX_RD_ATOMIC;
	attr->max_qp_init_rd_atom = PINLESS_MAX_RD_ATOMIC;
	attr->max_res_rd_atom = attr->max_qp * PINLESS_MAX_RD_ATOMIC;
	/* By locked instructions of the CPU, so CPUs see them as atomic too. */
	attr->atomic_cap = IB_ATOMIC_GLOB;
	attr->max_pkeys = PINLESS_PKEY_TBL_LEN;
	attr->local_ca_ack_delay = PINLESS_ACK_DELAY;
	attr->odp_caps.general_caps = IB_ODP_SUPPORT | IB_ODP_SUPPORT_IMPLICIT;
	attr->odp_caps.per_transport_caps.rc_odp_caps = rc_odp;
	/* Time stamps are nanoseconds: a clock of 1 GHz. */
	attr->timestamp_mask = U64_MAX;
	attr->hca_core_clock = 1000000;
	return 0;
}

static void pinless_get_dev_fw_str(struct ib_device *ibdev, char *str)
{
	strscpy(str, PINLESS_VERSION, IB_FW_VERSION_NAME_MAX);
}

static int pinless_query_port(struct ib_device *ibdev, u32 port,
			      struct ib_port_attr *attr)
{
	struct pinless_device *pdev = to_pdev(ibdev);
	enum ib_mtu mtu = iboe_get_mtu(READ_ONCE(pdev->netdev->mtu));

	attr->gid_tbl_len = PINLESS_GID_TBL_LEN;
	attr->pkey_tbl_len = PINLESS_PKEY_TBL_LEN;
	attr->max_msg_sz = PINLESS_MAX_MSG;
	attr->max_mtu = IB_MTU_4096;
	attr->active_mtu = mtu ? mtu : IB_MTU_256;
	attr->max_vl_num = 1;
	attr->ip_gids = true;
	/*
	 * A copy between two processes knows no line rate; 4 lanes of 25 Gb/s
	 * are about what one core copies.
	 */
	attr->active_width = IB_WIDTH_4X;
	attr->active_speed = IB_SPEED_EDR;

	if (pinless_port_active(pdev)) {
		attr->state = IB_PORT_ACTIVE;
		attr->phys_state = IB_PORT_PHYS_STATE_LINK_UP;
	} else {
		attr->state = IB_PORT_DOWN;
		attr->phys_state = netif_running(pdev->netdev) ?
				   IB_PORT_PHYS_STATE_POLLING :
				   IB_PORT_PHYS_STATE_DISABLED;
	}
	return 0;
}

static int pinless_query_pkey(struct ib_device *ibdev, u32 port, u16 index,
			      u16 *pkey)
{
	if (index >= PINLESS_PKEY_TBL_LEN)
		return -EINVAL;
	*pkey = IB_DEFAULT_PKEY_FULL;
	return 0;
}

static enum rdma_link_layer pinless_get_link_layer(struct ib_device *ibdev,
						   u32 port)
{
	return IB_LINK_LAYER_ETHERNET;
}

static int pinless_get_port_immutable(struct ib_device *ibdev, u32 port,
				      struct ib_port_immutable *immutable)
{
	/* No MADs: there is no QP1, so no connection manager either. */
	immutable->core_cap_flags = RDMA_CORE_CAP_PROT_ROCE_UDP_ENCAP |
				    RDMA_CORE_CAP_ETH_AH;
	immutable->gid_tbl_len = PINLESS_GID_TBL_LEN;
	immutable->pkey_tbl_len = PINLESS_PKEY_TBL_LEN;
	return 0;
}

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

	.reg_user_mr = __builtin_choose_expr(PINLESS_REG_USER_MR_HAS_DMAH,
					     reg_user_mr_dmah,
					     pinless_reg_user_mr),
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
