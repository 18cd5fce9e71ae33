// SPDX-License-Identifier: GPL-2.0
/*
 * Description: ibv_query_qp answers what was set, in every state, and the capabilities granted
 * are at least those asked for.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <string.h>

#include "t_op.h"

int main(void)
{
	const int all = IBV_QP_STATE | IBV_QP_CUR_STATE | IBV_QP_ACCESS_FLAGS | IBV_QP_PORT |
			IBV_QP_AV | IBV_QP_PATH_MTU | IBV_QP_TIMEOUT | IBV_QP_RETRY_CNT |
			IBV_QP_RNR_RETRY | IBV_QP_RQ_PSN | IBV_QP_MAX_QP_RD_ATOMIC |
			IBV_QP_MIN_RNR_TIMER | IBV_QP_SQ_PSN | IBV_QP_MAX_DEST_RD_ATOMIC |
			IBV_QP_CAP | IBV_QP_DEST_QPN | IBV_QP_PKEY_INDEX;
	struct ibv_qp_init_attr ia;
	struct ibv_qp_attr a;
	struct t_attr at;
	struct t_pair p;
	struct t_dev d;

	t_start(20);
	d = t_dev_open();
	at = t_attr_default(&d);
	at.max_send_wr = 37;
	at.max_recv_wr = 21;
	at.max_send_sge = 3;
	at.max_recv_sge = 2;
	at.max_inline = 48;
	at.sq_sig_all = 1;
	at.timeout = 17;
	at.retry_cnt = 5;
	at.rnr_retry = 3;
	at.min_rnr_timer = 19;
	at.qp_access = IBV_ACCESS_REMOTE_READ | IBV_ACCESS_REMOTE_WRITE;
	t_pair_open(&p, &d, &at);
	t_case("in RTS");
	memset(&a, 0, sizeof(a));
	memset(&ia, 0, sizeof(ia));
	t_eq("ibv_query_qp", ibv_query_qp(p.a.qp, &a, all, &ia), 0);
	t_eq("qp_state", a.qp_state, IBV_QPS_RTS);
	t_eq("cur_qp_state", a.cur_qp_state, IBV_QPS_RTS);
	t_eq("path_mtu", a.path_mtu, d.port.active_mtu);
	t_eq("dest_qp_num", a.dest_qp_num, p.b.qp->qp_num);
	t_eq("qp_access_flags", a.qp_access_flags & T_ACCESS_ALL & ~IBV_ACCESS_LOCAL_WRITE,
	     at.qp_access);
	t_eq("port_num", a.port_num, 1);
	t_eq("pkey_index", a.pkey_index, 0);
	t_eq("timeout", a.timeout, 17);
	t_eq("retry_cnt", a.retry_cnt, 5);
	t_eq("rnr_retry", a.rnr_retry, 3);
	t_eq("min_rnr_timer", a.min_rnr_timer, 19);
	t_eq("max_rd_atomic", a.max_rd_atomic, at.rd_atomic);
	t_eq("max_dest_rd_atomic", a.max_dest_rd_atomic, at.rd_atomic);
	t_eq("rq_psn", a.rq_psn, 0x123456);
	t_eq("sq_psn", a.sq_psn, 0x123456);
	t_eq("ah_attr.is_global", a.ah_attr.is_global, 1);
	t_eq("ah_attr.port_num", a.ah_attr.port_num, 1);
	t_eq("ah_attr.grh.sgid_index", a.ah_attr.grh.sgid_index, d.gid_index);
	t_eq("ah_attr.grh.hop_limit", a.ah_attr.grh.hop_limit, 64);
	t_bytes("ah_attr.grh.dgid", &a.ah_attr.grh.dgid, &d.gid, sizeof(d.gid));
	t_check(a.cap.max_send_wr >= 37, "max_send_wr: expected at least 37, seen %u",
		a.cap.max_send_wr);
	t_check(a.cap.max_recv_wr >= 21, "max_recv_wr: expected at least 21, seen %u",
		a.cap.max_recv_wr);
	t_check(a.cap.max_send_sge >= 3, "max_send_sge: expected at least 3, seen %u",
		a.cap.max_send_sge);
	t_check(a.cap.max_recv_sge >= 2, "max_recv_sge: expected at least 2, seen %u",
		a.cap.max_recv_sge);
	t_check(a.cap.max_inline_data >= 48, "max_inline_data: expected at least 48, seen %u",
		a.cap.max_inline_data);
	t_check(ia.send_cq == p.a.scq && ia.recv_cq == p.a.rcq,
		"queues: expected those of creation");
	t_eq("qp_type", ia.qp_type, IBV_QPT_RC);
	t_eq("sq_sig_all", ia.sq_sig_all, 1);
	t_eq("init cap max_send_wr", ia.cap.max_send_wr, a.cap.max_send_wr);

	t_case("changed in RTS");
	a.min_rnr_timer = 3;
	a.qp_access_flags = IBV_ACCESS_REMOTE_WRITE;
	t_eq("ibv_modify_qp", ibv_modify_qp(p.a.qp, &a, IBV_QP_MIN_RNR_TIMER | IBV_QP_ACCESS_FLAGS),
	     0);
	memset(&a, 0, sizeof(a));
	t_eq("ibv_query_qp", ibv_query_qp(p.a.qp, &a, all, &ia), 0);
	t_eq("min_rnr_timer", a.min_rnr_timer, 3);
	t_eq("qp_access_flags", a.qp_access_flags & T_ACCESS_ALL & ~IBV_ACCESS_LOCAL_WRITE,
	     IBV_ACCESS_REMOTE_WRITE);
	t_eq("qp_state", a.qp_state, IBV_QPS_RTS);

	t_case("in ERR and RESET");
	t_qp_to(p.a.qp, IBV_QPS_ERR);
	t_eq("state", t_qp_state(p.a.qp), IBV_QPS_ERR);
	t_qp_to(p.a.qp, IBV_QPS_RESET);
	t_eq("state", t_qp_state(p.a.qp), IBV_QPS_RESET);
	t_pair_close(&p);
	t_dev_close(&d);
	return t_finish();
}
