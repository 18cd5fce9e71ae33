// SPDX-License-Identifier: GPL-2.0
/*
 * Description: the device has every capability, and every limit is as large, as the driver
 * promises, so that no part of a test that asks for them first is left out unseen.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include "t_op.h"

/* Capability bits are exactly these, limits exactly these unless the module lowers them. */
#define ODP_RC	(IBV_ODP_SUPPORT_SEND | IBV_ODP_SUPPORT_RECV | IBV_ODP_SUPPORT_WRITE | \
		 IBV_ODP_SUPPORT_READ | IBV_ODP_SUPPORT_ATOMIC)
#define DEVICE	(IBV_DEVICE_CURR_QP_STATE_MOD | IBV_DEVICE_PORT_ACTIVE_EVENT | \
		 IBV_DEVICE_SYS_IMAGE_GUID | IBV_DEVICE_RC_RNR_NAK_GEN)

static void limits(const struct ibv_device_attr *a)
{
	const struct {
		const char *name;
		unsigned long long seen, expected;
	} limit[] = {
		{ "max_mr_size", a->max_mr_size, UINT64_MAX },
		{ "max_qp", a->max_qp, 262144 },
		{ "max_qp_wr", a->max_qp_wr, 32768 },
		{ "max_sge", a->max_sge, 32 },
		{ "max_sge_rd", a->max_sge_rd, 32 },
		{ "max_cq", a->max_cq, 262144 },
		{ "max_cqe", a->max_cqe, 1048576 },
		{ "max_mr", a->max_mr, 1048575 },
		{ "max_pd", a->max_pd, 65536 },
		{ "max_qp_rd_atom", a->max_qp_rd_atom, 128 },
		{ "max_qp_init_rd_atom", a->max_qp_init_rd_atom, 128 },
		{ "max_res_rd_atom", a->max_res_rd_atom, 262144 * 128 },
		{ "max_pkeys", a->max_pkeys, 1 },
		{ "phys_port_cnt", a->phys_port_cnt, 1 },
		{ "local_ca_ack_delay", a->local_ca_ack_delay, 15 },
	};
	unsigned int i;

	for (i = 0; i < T_ARRAY_SIZE(limit); i++)
		t_eq(limit[i].name, limit[i].seen, limit[i].expected);
}

static void port(const struct ibv_port_attr *p)
{
	t_eq("max_mtu", p->max_mtu, IBV_MTU_4096);
	t_eq("max_msg_sz", p->max_msg_sz, 2147483648u);
	t_eq("gid_tbl_len", p->gid_tbl_len, 1024);
	t_eq("pkey_tbl_len", p->pkey_tbl_len, 1);
	t_eq("phys_state", p->phys_state, 5);
	t_eq("link_layer", p->link_layer, IBV_LINK_LAYER_ETHERNET);
}

int main(void)
{
	static const enum ibv_wr_opcode ops[] = {
		IBV_WR_SEND, IBV_WR_RDMA_WRITE, IBV_WR_RDMA_READ, IBV_WR_ATOMIC_CMP_AND_SWP,
	};
	struct t_dev d;
	enum t_kind k;
	unsigned int i;

	t_start(20);
	d = t_dev_open();
	if (!d.pinless)
		t_skip("what other drivers promise is theirs to say");
	t_case("capabilities");
	t_eq("device_cap_flags", d.attr.orig_attr.device_cap_flags & DEVICE, DEVICE);
	t_eq("atomic_cap", d.attr.orig_attr.atomic_cap, IBV_ATOMIC_GLOB);
	t_eq("odp_caps.general_caps", d.attr.odp_caps.general_caps,
	     IBV_ODP_SUPPORT | IBV_ODP_SUPPORT_IMPLICIT);
	t_eq("rc_odp_caps", d.attr.odp_caps.per_transport_caps.rc_odp_caps, ODP_RC);
	t_eq("completion_timestamp_mask", d.attr.completion_timestamp_mask, UINT64_MAX);
	t_eq("hca_core_clock", d.attr.hca_core_clock, 1000000);
	t_case("limits");
	limits(&d.attr.orig_attr);
	t_case("port");
	port(&d.port);
	t_case("what the helpers leave out");
	for (i = 0; i < T_ARRAY_SIZE(ops); i++)
		for (k = 0; k < T_KINDS; k++)
			t_check(t_kind_ok(&d, k, ops[i]), "%s on %s regions: expected to be run",
				t_op_name(ops[i]), t_kind_name(k));
	t_eq("t_max_rd_atomic()", t_max_rd_atomic(&d), 16);
	t_dev_close(&d);
	return t_finish();
}
