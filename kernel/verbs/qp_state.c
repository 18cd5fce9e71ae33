// SPDX-License-Identifier: GPL-2.0
/* Copyright (c) 2026 The pinless authors */

/*
 * The state machine of a queue pair (IBTA 10.3.1) and the check of what
 * modify_qp() is given (IBTA 11.2.4.2).
 */
#include <net/net_namespace.h>
#include <rdma/ib_cache.h>
#include <rdma/ib_verbs.h>

#include "limits.h"
#include "exec/qpc.h"
#include "exec/rq.h"
#include "exec/sendq.h"
#include "verbs/qp_state.h"

static bool path_is_valid(const struct rdma_ah_attr *ah)
{
	return (rdma_ah_get_ah_flags(ah) & IB_AH_GRH) &&
	       rdma_ah_get_port_num(ah) == 1 && ah->grh.sgid_attr &&
	       ah->grh.sgid_attr->gid_type == IB_GID_TYPE_ROCE_UDP_ENCAP;
}

/*
 * Access flags are not checked: only remote write, read and atomic mean
 * anything to a queue pair, and programs pass all flags of their regions along.
 */
static int check_attr(const struct ib_qp_attr *attr, int mask)
{
	if (mask & (IB_QP_ALT_PATH | IB_QP_RATE_LIMIT))
		return -EOPNOTSUPP;
	if ((mask & IB_QP_PATH_MIG_STATE) &&
	    attr->path_mig_state != IB_MIG_MIGRATED)
		return -EOPNOTSUPP;
	if ((mask & IB_QP_PKEY_INDEX) &&
	    attr->pkey_index >= PINLESS_PKEY_TBL_LEN)
		return -EINVAL;
	if ((mask & IB_QP_PORT) && attr->port_num != 1)
		return -EINVAL;
	if ((mask & IB_QP_AV) && !path_is_valid(&attr->ah_attr))
		return -EINVAL;
	if ((mask & IB_QP_PATH_MTU) &&
	    (attr->path_mtu < IB_MTU_256 || attr->path_mtu > IB_MTU_4096))
		return -EINVAL;
	if ((mask & IB_QP_DEST_QPN) && attr->dest_qp_num > 0xffffff)
		return -EINVAL;
	if ((mask & IB_QP_MAX_QP_RD_ATOMIC) &&
	    attr->max_rd_atomic > PINLESS_MAX_RD_ATOMIC)
		return -EINVAL;
	if ((mask & IB_QP_MAX_DEST_RD_ATOMIC) &&
	    attr->max_dest_rd_atomic > PINLESS_MAX_RD_ATOMIC)
		return -EINVAL;
	if ((mask & IB_QP_MIN_RNR_TIMER) && attr->min_rnr_timer > 31)
		return -EINVAL;
	if ((mask & IB_QP_TIMEOUT) && attr->timeout > 31)
		return -EINVAL;
	if ((mask & IB_QP_RETRY_CNT) && attr->retry_cnt > 7)
		return -EINVAL;
	if ((mask & IB_QP_RNR_RETRY) && attr->rnr_retry > 7)
		return -EINVAL;
	return 0;
}

/* The namespace whose addresses the path is about. */
static u64 path_net(const struct ib_gid_attr *sgid_attr)
{
	struct net_device *ndev;
	u64 net = 0;

	rcu_read_lock();
	ndev = rdma_read_gid_attr_ndev_rcu(sgid_attr);
	if (!IS_ERR(ndev))
		net = dev_net(ndev)->net_cookie;
	rcu_read_unlock();
	return net;
}

static void store_path(struct pinless_qpc *c, const struct ib_qp_attr *attr,
		       u64 net)
{
	const struct ib_global_route *grh = rdma_ah_read_grh(&attr->ah_attr);

	c->attr.ah_attr = attr->ah_attr;
	/* Its reference is the core's. */
	c->attr.ah_attr.grh.sgid_attr = NULL;
	c->sgid = grh->sgid_attr->gid;
	c->dgid = grh->dgid;
	c->net = net;
	/* Another queue pair may answer now. No conn is 0. */
	c->peer_conn = 0;
}

#define STORE(_bit, _field) \
	do { \
		if (mask & (_bit)) \
			c->attr._field = attr->_field; \
	} while (0)

static void store_attr(struct pinless_qpc *c, const struct ib_qp_attr *attr,
		       int mask, u64 net)
{
	lockdep_assert_held(&c->lock);
	STORE(IB_QP_PKEY_INDEX, pkey_index);
	STORE(IB_QP_PORT, port_num);
	STORE(IB_QP_QKEY, qkey);
	STORE(IB_QP_ACCESS_FLAGS, qp_access_flags);
	STORE(IB_QP_PATH_MTU, path_mtu);
	STORE(IB_QP_DEST_QPN, dest_qp_num);
	STORE(IB_QP_MAX_QP_RD_ATOMIC, max_rd_atomic);
	STORE(IB_QP_MAX_DEST_RD_ATOMIC, max_dest_rd_atomic);
	STORE(IB_QP_MIN_RNR_TIMER, min_rnr_timer);
	STORE(IB_QP_TIMEOUT, timeout);
	STORE(IB_QP_RETRY_CNT, retry_cnt);
	STORE(IB_QP_RNR_RETRY, rnr_retry);
	/* 24 bits count (IBTA 9.7.1); the rest is ignored. */
	if (mask & IB_QP_RQ_PSN)
		c->attr.rq_psn = attr->rq_psn & 0xffffff;
	if (mask & IB_QP_SQ_PSN)
		c->attr.sq_psn = attr->sq_psn & 0xffffff;
	if (mask & IB_QP_EN_SQD_ASYNC_NOTIFY)
		c->attr.en_sqd_async_notify = attr->en_sqd_async_notify;
	if (mask & IB_QP_AV)
		store_path(c, attr, net);
}

/*
 * Connections of all queue pairs of all devices are counted together: a request
 * begun with one must not be ended with another that has its number now.
 */
static void renew_conn(struct pinless_qpc *c)
{
	static atomic64_t conns;

	lockdep_assert_held(&c->lock);
	c->conn = atomic64_inc_return(&conns);
}

/*
 * To RESET: nothing of it is touched any more, by us or by a peer, when this
 * returns. The lock is not held.
 */
static void to_reset(struct pinless_qpc *c)
{
	spin_lock(&c->lock);
	c->state = IB_QPS_RESET;
	renew_conn(c);
	pinless_qpc_stop_waiting(c);
	spin_unlock(&c->lock);

	pinless_qpc_quiesce(c);
	pinless_sendq_reset(c);
	spin_lock(&c->lock);
	pinless_rq_reset(c);
	memset(&c->attr, 0, sizeof(c->attr));
	c->drain = false;
	c->comm_est = false;
	spin_unlock(&c->lock);
}

/*
 * To any other state, with attributes. True if the caller has the token now,
 * because there may be something to do.
 */
static bool to_state(struct pinless_qpc *c, const struct ib_qp_attr *attr,
		     int mask, u8 from, u8 to, u64 net)
{
	bool run = false;

	spin_lock(&c->lock);
	store_attr(c, attr, mask, net);
	/* An error that came meanwhile stays. */
	if (c->state != from && to != IB_QPS_ERR)
		goto out;
	if (to == IB_QPS_RTR && from != to)
		renew_conn(c);
	if (to == IB_QPS_SQD && from == IB_QPS_RTS)
		c->drain = (mask & IB_QP_EN_SQD_ASYNC_NOTIFY) &&
			   attr->en_sqd_async_notify;
	c->state = to;
	if (to == IB_QPS_ERR)
		pinless_qpc_stop_waiting(c);
	if (to == IB_QPS_ERR || to == IB_QPS_RTS || to == IB_QPS_SQD)
		run = pinless_qpc_take(c);
out:
	spin_unlock(&c->lock);
	return run;
}

/**
 * pinless_qp_change() - modify_qp()
 * @c:    the queue pair
 * @attr: attributes, as the core has completed them
 * @mask: which of them count
 *
 * Context: process context, may sleep.
 * Return: 0, -EINVAL for a transition or a value that is not allowed,
 * -EOPNOTSUPP for what the device does not have.
 */
int pinless_qp_change(struct pinless_qpc *c, struct ib_qp_attr *attr, int mask)
{
	u8 from, to;
	u64 net = 0;
	int err;

	if (mask & ~IB_QP_ATTR_STANDARD_BITS)
		return -EOPNOTSUPP;

	mutex_lock(&c->modify);
	from = READ_ONCE(c->state);
	to = mask & IB_QP_STATE ? attr->qp_state : from;
	err = -EINVAL;
	if ((mask & IB_QP_CUR_STATE) && attr->cur_qp_state != from)
		goto out;
	if (!ib_modify_qp_is_ok(from, to, IB_QPT_RC, mask))
		goto out;
	err = check_attr(attr, mask);
	if (err)
		goto out;
	if (mask & IB_QP_AV) {
		net = path_net(rdma_ah_read_grh(&attr->ah_attr)->sgid_attr);
		err = -EINVAL;
		if (!net)
			goto out;
	}

	err = 0;
	if (to == IB_QPS_RESET)
		to_reset(c);
	else if (to_state(c, attr, mask, from, to, net))
		pinless_sendq_run(c);
out:
	mutex_unlock(&c->modify);
	return err;
}
