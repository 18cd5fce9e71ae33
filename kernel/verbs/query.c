// SPDX-License-Identifier: GPL-2.0
/* Copyright (c) 2026 The pinless authors */

/* What a device and its port say of themselves. */
#include <linux/string.h>
#include <rdma/ib_addr.h>
#include <rdma/ib_mad.h>
#include <rdma/ib_verbs.h>

#include "limits.h"
#include "uapi/pinless-abi.h"
#include "verbs/device.h"
#include "verbs/query.h"

/* time until a request is answered: 4.096 us * 2^15 = 134 ms (IBTA 9.7.6.1.3) */
#define PINLESS_ACK_DELAY 15

/* The version of the driver, 16 bits for each of its three parts. */
static u64 version_number(void)
{
	unsigned int major, minor, patch;

	if (sscanf(PINLESS_VERSION, "%u.%u.%u", &major, &minor, &patch) != 3)
		return 0;
	return (u64)major << 32 | minor << 16 | patch;
}

/**
 * pinless_query_device() - op query_device
 * @ibdev: the device
 * @attr:  filled in: what the device has, and its limits as they are now
 * @udata: no input; no response
 *
 * Context: process context.
 * Return: 0, -EINVAL for input that is not zero.
 */
int pinless_query_device(struct ib_device *ibdev, struct ib_device_attr *attr,
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
	attr->device_cap_flags =
		IB_DEVICE_CURR_QP_STATE_MOD | IB_DEVICE_PORT_ACTIVE_EVENT |
		IB_DEVICE_SYS_IMAGE_GUID | IB_DEVICE_RC_RNR_NAK_GEN;
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

/**
 * pinless_get_dev_fw_str() - op get_dev_fw_str
 * @ibdev: the device
 * @str:   out: the version of the driver; room for IB_FW_VERSION_NAME_MAX
 *
 * Context: any.
 */
void pinless_get_dev_fw_str(struct ib_device *ibdev, char *str)
{
	strscpy(str, PINLESS_VERSION, IB_FW_VERSION_NAME_MAX);
}

/**
 * pinless_query_port() - op query_port
 * @ibdev: the device
 * @port:  1
 * @attr:  filled in, with the state and the MTU of the netdev
 *
 * Context: any.
 * Return: 0.
 */
int pinless_query_port(struct ib_device *ibdev, u32 port,
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

/**
 * pinless_query_pkey() - op query_pkey
 * @ibdev: the device
 * @port:  1
 * @index: below PINLESS_PKEY_TBL_LEN
 * @pkey:  out: the default key, with full membership
 *
 * Context: any.
 * Return: 0 or -EINVAL.
 */
int pinless_query_pkey(struct ib_device *ibdev, u32 port, u16 index, u16 *pkey)
{
	if (index >= PINLESS_PKEY_TBL_LEN)
		return -EINVAL;
	*pkey = IB_DEFAULT_PKEY_FULL;
	return 0;
}

/**
 * pinless_get_link_layer() - op get_link_layer
 * @ibdev: the device
 * @port:  1
 *
 * Context: any.
 * Return: Ethernet.
 */
enum rdma_link_layer pinless_get_link_layer(struct ib_device *ibdev, u32 port)
{
	return IB_LINK_LAYER_ETHERNET;
}

/**
 * pinless_get_port_immutable() - op get_port_immutable
 * @ibdev:     the device
 * @port:      1
 * @immutable: filled in: RoCEv2 without MADs
 *
 * Context: process context.
 * Return: 0.
 */
int pinless_get_port_immutable(struct ib_device *ibdev, u32 port,
			       struct ib_port_immutable *immutable)
{
	/* No MADs: there is no QP1, so no connection manager either. */
	immutable->core_cap_flags =
		RDMA_CORE_CAP_PROT_ROCE_UDP_ENCAP | RDMA_CORE_CAP_ETH_AH;
	immutable->gid_tbl_len = PINLESS_GID_TBL_LEN;
	immutable->pkey_tbl_len = PINLESS_PKEY_TBL_LEN;
	return 0;
}
