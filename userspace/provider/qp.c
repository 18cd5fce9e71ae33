// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Copyright (c) 2026 The pinless authors */

#include <errno.h>
#include <stdlib.h>

#include "pinless.h"

struct create_qp_resp {
	struct ib_uverbs_ex_create_qp_resp core;
	struct pinless_uresp_create_qp drv;
};

static_assert(offsetof(struct create_qp_resp, drv) ==
	      sizeof(struct ib_uverbs_ex_create_qp_resp),
	      "the driver's answer follows the core's");

/*
 * Remove a queue pair's entries from its completion queues, and put @next in its
 * place in the table. Both queues are locked meanwhile, so that no poller finds
 * a completion without its queue pair, or keeps using a queue pair that has just
 * left the table.
 */
static int forget_cqes(struct pinless_context *ctx, struct pinless_qp *qp,
		       struct pinless_qp *next)
{
	struct pinless_cq *a = to_pcq(qp->vqp.qp.send_cq);
	struct pinless_cq *b = to_pcq(qp->vqp.qp.recv_cq);
	int ret;

	if (a > b) {
		struct pinless_cq *swap = a;

		a = b;
		b = swap;
	}

	pinless_lock(&a->lock);
	if (a != b)
		pinless_lock(&b->lock);

	pinless_cq_ring_clean(&a->ring, qp->qpn);
	if (a != b)
		pinless_cq_ring_clean(&b->ring, qp->qpn);
	ret = pinless_table_store(&ctx->qps, qp->qpn, next);

	if (a != b)
		pinless_unlock(&b->lock);
	pinless_unlock(&a->lock);
	return ret;
}

/*
 * The kernel may reuse a number before the thread that destroys its former owner
 * has reached qp_remove(). The new owner then removes the former one's
 * completions. No more of them can arrive: the kernel has already destroyed that
 * queue pair.
 */
static int qp_insert(struct pinless_context *ctx, struct pinless_qp *qp)
{
	struct pinless_qp *former;
	int ret;

	pthread_mutex_lock(&ctx->qps_lock);
	former = pinless_table_find(&ctx->qps, qp->qpn);
	if (former)
		ret = forget_cqes(ctx, former, qp);
	else
		ret = pinless_table_store(&ctx->qps, qp->qpn, qp);
	pthread_mutex_unlock(&ctx->qps_lock);
	return ret;
}

static void qp_remove(struct pinless_context *ctx, struct pinless_qp *qp)
{
	pthread_mutex_lock(&ctx->qps_lock);
	if (pinless_table_find(&ctx->qps, qp->qpn) == qp)
		forget_cqes(ctx, qp, NULL);
	pthread_mutex_unlock(&ctx->qps_lock);
}

static int wq_init(struct pinless_wq *wq, struct ibv_context *context,
		   const struct pinless_map *map, uint32_t entries,
		   uint32_t stride, uint32_t entry_bytes, uint32_t max_sge,
		   bool single_threaded)
{
	int ret;

	ret = pinless_map_queue(context, map, &wq->area);
	if (ret)
		return ret;

	ret = pinless_ring_init(&wq->ring, wq->area.addr, wq->area.length,
				entries, stride);
	if (!ret && entries &&
	    stride < entry_bytes + max_sge * sizeof(struct pinless_sge))
		ret = EINVAL;
	if (ret) {
		pinless_unmap_queue(&wq->area);
		return ret;
	}

	wq->max_sge = max_sge;
	wq->lock.off = single_threaded;
	return 0;
}

static int qp_map(struct pinless_qp *qp, struct ibv_context *context,
		  const struct ibv_qp_init_attr_ex *attr,
		  const struct pinless_uresp_create_qp *resp)
{
	bool single_threaded = to_ppd(attr->pd)->td;
	int ret;

	ret = wq_init(&qp->sq, context, &resp->sq, resp->sq_entries,
		      resp->sq_stride, sizeof(struct pinless_send_wqe),
		      attr->cap.max_send_sge, single_threaded);
	if (ret)
		return ret;

	ret = wq_init(&qp->rq, context, &resp->rq, resp->rq_entries,
		      resp->rq_stride, sizeof(struct pinless_recv_wqe),
		      attr->cap.max_recv_sge, single_threaded);
	if (ret)
		goto err_sq;

	if (resp->sq_entries && resp->sq_stride < resp->max_inline +
			       sizeof(struct pinless_send_wqe)) {
		ret = EINVAL;
		goto err_rq;
	}

	qp->rq_ctl = qp->rq.area.addr;
	qp->qpn = resp->qpn;
	qp->max_inline = resp->max_inline;
	qp->sig_all = attr->sq_sig_all ? PINLESS_SEND_SIGNALED : 0;
	atomic_init(&qp->state, IBV_QPS_RESET);
	return 0;

err_rq:
	pinless_unmap_queue(&qp->rq.area);
err_sq:
	pinless_unmap_queue(&qp->sq.area);
	return ret;
}

static bool attr_supported(const struct ibv_qp_init_attr_ex *attr)
{
	if (!check_comp_mask(attr->comp_mask,
			     IBV_QP_INIT_ATTR_PD |
			     IBV_QP_INIT_ATTR_CREATE_FLAGS |
			     IBV_QP_INIT_ATTR_SEND_OPS_FLAGS))
		return false;
	if ((attr->comp_mask & IBV_QP_INIT_ATTR_CREATE_FLAGS) &&
	    attr->create_flags)
		return false;
	if ((attr->comp_mask & IBV_QP_INIT_ATTR_SEND_OPS_FLAGS) &&
	    pinless_wr_check_ops(attr->qp_type, attr->send_ops_flags))
		return false;
	return attr->qp_type == IBV_QPT_RC && !attr->srq;
}

/**
 * pinless_create_qp_ex() - ibv_create_qp_ex()
 * @context: the open device
 * @attr:    what is wanted; the sizes are replaced by those that were given
 *
 * Return: the queue pair, or NULL with errno set: EOPNOTSUPP for a type or a
 * feature that the device does not have.
 */
struct ibv_qp *pinless_create_qp_ex(struct ibv_context *context,
				    struct ibv_qp_init_attr_ex *attr)
{
	struct create_qp_resp resp = {};
	struct ibv_create_qp_ex cmd = {};
	struct pinless_qp *qp;
	int ret;

	if (!attr_supported(attr)) {
		errno = EOPNOTSUPP;
		return NULL;
	}
	if (!(attr->comp_mask & IBV_QP_INIT_ATTR_PD) || !attr->pd ||
	    !attr->send_cq || !attr->recv_cq) {
		errno = EINVAL;
		return NULL;
	}

	qp = calloc(1, sizeof(*qp));
	if (!qp)
		return NULL;

	ret = ibv_cmd_create_qp_ex2(context, &qp->vqp, attr, &cmd, sizeof(cmd),
				    &resp.core, sizeof(resp));
	if (ret)
		goto err_free;

	ret = qp_map(qp, context, attr, &resp.drv);
	if (ret)
		goto err_destroy;

	ret = qp_insert(to_pctx(context), qp);
	if (ret)
		goto err_unmap;

	if (attr->comp_mask & IBV_QP_INIT_ATTR_SEND_OPS_FLAGS) {
		pinless_wr_set_ops(qp, attr->send_ops_flags);
		qp->vqp.comp_mask |= VERBS_QP_EX;
	}
	return &qp->vqp.qp;

err_unmap:
	pinless_unmap_queue(&qp->rq.area);
	pinless_unmap_queue(&qp->sq.area);
err_destroy:
	ibv_cmd_destroy_qp(&qp->vqp.qp);
err_free:
	free(qp);
	errno = ret;
	return NULL;
}

/**
 * pinless_create_qp() - ibv_create_qp()
 * @pd:   the protection domain
 * @attr: what is wanted; the sizes are replaced by those that were given
 *
 * Return: the queue pair, or NULL with errno set.
 */
struct ibv_qp *pinless_create_qp(struct ibv_pd *pd,
				 struct ibv_qp_init_attr *attr)
{
	struct ibv_qp_init_attr_ex ex = {
		.qp_context = attr->qp_context,
		.send_cq = attr->send_cq,
		.recv_cq = attr->recv_cq,
		.srq = attr->srq,
		.cap = attr->cap,
		.qp_type = attr->qp_type,
		.sq_sig_all = attr->sq_sig_all,
		.comp_mask = IBV_QP_INIT_ATTR_PD,
		.pd = pd,
	};
	struct ibv_qp *qp = pinless_create_qp_ex(pd->context, &ex);

	if (qp)
		attr->cap = ex.cap;
	return qp;
}

/**
 * pinless_query_qp() - ibv_query_qp()
 * @ibqp: the queue pair
 * @attr: filled in
 * @mask: IBV_QP_*
 * @init: filled in
 *
 * Return: 0, or an errno value.
 */
int pinless_query_qp(struct ibv_qp *ibqp, struct ibv_qp_attr *attr, int mask,
		     struct ibv_qp_init_attr *init)
{
	struct ibv_query_qp cmd = {};

	return ibv_cmd_query_qp(ibqp, attr, mask, init, &cmd, sizeof(cmd));
}

/*
 * The driver has gone back to index 0 on both queues and adds no more completions
 * from before the reset. Remove those first, so that none of them can retire an
 * entry that is posted after it.
 */
static void reset_queues(struct pinless_qp *qp)
{
	struct pinless_context *ctx = to_pctx(qp->vqp.qp.context);

	pthread_mutex_lock(&ctx->qps_lock);
	forget_cqes(ctx, qp, qp);
	pthread_mutex_unlock(&ctx->qps_lock);

	pinless_lock(&qp->sq.lock);
	pinless_ring_reset(&qp->sq.ring);
	pinless_unlock(&qp->sq.lock);

	pinless_lock(&qp->rq.lock);
	pinless_ring_reset(&qp->rq.ring);
	if (qp->rq_ctl)
		pinless_rq_publish(qp->rq_ctl, 0);
	pinless_unlock(&qp->rq.lock);
}

/**
 * pinless_modify_qp() - ibv_modify_qp()
 * @ibqp: the queue pair
 * @attr: the new attributes
 * @mask: which of them, IBV_QP_*
 *
 * Return: 0, or an errno value.
 */
int pinless_modify_qp(struct ibv_qp *ibqp, struct ibv_qp_attr *attr, int mask)
{
	struct pinless_qp *qp = to_pqp(ibqp);
	struct ibv_modify_qp cmd = {};
	int ret;

	ret = ibv_cmd_modify_qp(ibqp, attr, mask, &cmd, sizeof(cmd));
	if (ret || !(mask & IBV_QP_STATE))
		return ret;

	atomic_store(&qp->state, attr->qp_state);
	if (attr->qp_state == IBV_QPS_RESET)
		reset_queues(qp);
	return 0;
}

/**
 * pinless_destroy_qp() - ibv_destroy_qp()
 * @ibqp: the queue pair; its completions that were not polled are dropped
 *
 * Return: 0, or an errno value.
 */
int pinless_destroy_qp(struct ibv_qp *ibqp)
{
	struct pinless_qp *qp = to_pqp(ibqp);
	int ret;

	ret = ibv_cmd_destroy_qp(ibqp);
	if (ret)
		return ret;

	qp_remove(to_pctx(ibqp->context), qp);
	pinless_unmap_queue(&qp->sq.area);
	pinless_unmap_queue(&qp->rq.area);
	free(qp);
	return 0;
}
