// SPDX-License-Identifier: GPL-2.0
/* Copyright (c) 2026 The pinless authors */

#include <linux/log2.h>
#include <linux/slab.h>

#include "limits.h"
#include "base/alloc.h"
#include "exec/local.h"
#include "exec/qpc.h"
#include "exec/sendq.h"
#include "exec/wqe.h"
#include "verbs/cq.h"
#include "verbs/device.h"
#include "verbs/qp.h"
#include "verbs/qp_state.h"
#include "verbs/ucontext.h"
#include "verbs/uqueue.h"

static bool caps_are_valid(const struct ib_qp_cap *cap)
{
	return cap->max_send_wr <= PINLESS_MAX_QP_WR &&
	       cap->max_recv_wr <= PINLESS_MAX_QP_WR &&
	       cap->max_send_sge <= PINLESS_MAX_SGE &&
	       cap->max_recv_sge <= PINLESS_MAX_SGE &&
	       cap->max_inline_data <= PINLESS_MAX_INLINE;
}

static u32 entries(u32 asked)
{
	return asked ? roundup_pow_of_two(asked) : 0;
}

static size_t queue_bytes(u32 entries, u32 stride)
{
	return PINLESS_CTL_BYTES + array_size(entries, stride);
}

static int create_send_queue(struct pinless_qp *qp, struct pinless_qpc *c,
			     struct ib_qp_cap *cap,
			     struct pinless_uresp_create_qp *resp)
{
	struct pinless_sq *sq = &c->sq;
	struct pinless_uqueue *queue;
	u32 payload;

	sq->stride = pinless_send_stride(cap->max_send_sge,
					 cap->max_inline_data);
	payload = pinless_send_payload(sq->stride);
	sq->entries = entries(cap->max_send_wr);
	cap->max_send_wr = sq->entries;
	/* What the rounding has gained is theirs. */
	cap->max_inline_data = min_t(u32, payload, PINLESS_MAX_INLINE);
	if (!sq->entries)
		return 0;

	sq->payload = kmalloc(max_t(u32, payload, 1), PINLESS_GFP_USER);
	if (!sq->payload)
		return -ENOMEM;
	queue = pinless_uqueue_create(c->uctx,
				      queue_bytes(sq->entries, sq->stride),
				      &resp->sq);
	if (IS_ERR(queue)) {
		kfree(sq->payload);
		return PTR_ERR(queue);
	}
	qp->sq = queue;
	sq->va = queue->va;
	return 0;
}

static void destroy_send_queue(struct pinless_qp *qp, struct pinless_qpc *c)
{
	if (!qp->sq)
		return;
	pinless_uqueue_destroy(qp->sq);
	kfree(c->sq.payload);
}

static int create_recv_queue(struct pinless_qp *qp, struct pinless_qpc *c,
			     struct ib_qp_cap *cap,
			     struct pinless_uresp_create_qp *resp)
{
	struct pinless_rq *rq = &c->rq;
	struct pinless_uqueue *queue;

	rq->stride = roundup_pow_of_two(sizeof(struct pinless_recv_wqe) +
					cap->max_recv_sge *
						sizeof(struct pinless_sge));
	rq->entries = entries(cap->max_recv_wr);
	cap->max_recv_wr = rq->entries;
	if (!rq->entries)
		return 0;
	queue = pinless_uqueue_create(c->uctx,
				      queue_bytes(rq->entries, rq->stride),
				      &resp->rq);
	if (IS_ERR(queue))
		return PTR_ERR(queue);
	qp->rq = queue;
	rq->va = queue->va;
	return 0;
}

static void destroy_recv_queue(struct pinless_qp *qp)
{
	if (qp->rq)
		pinless_uqueue_destroy(qp->rq);
}

static struct pinless_qpc *qpc_alloc(struct ib_qp *ibqp,
				     const struct ib_qp_init_attr *attr,
				     struct ib_ucontext *uctx)
{
	struct pinless_device *pdev = to_pdev(ibqp->device);
	struct pinless_qpc *c = kzalloc(sizeof(*c), PINLESS_GFP_USER);

	if (!c)
		return NULL;
	refcount_set(&c->refs, 1);
	c->ca = &pdev->ca;
	c->port = &pdev->port;
	c->ibqp = ibqp;
	c->uctx = uctx;
	c->domain.keys = &pdev->ca.keys;
	c->domain.pd = ibqp->pd;
	c->xport = &pinless_local_ops;
	c->scq = &to_pcq(attr->send_cq)->ring;
	c->rcq = &to_pcq(attr->recv_cq)->ring;
	c->sq_sig_all = attr->sq_sig_type == IB_SIGNAL_ALL_WR;
	mutex_init(&c->modify);
	spin_lock_init(&c->lock);
	c->state = IB_QPS_RESET;
	INIT_DELAYED_WORK(&c->work, pinless_sendq_work);
	return c;
}

/* It is not found any more, and a peer that has found it sees that it is dead. */
static void qpc_bury(struct pinless_qpc *c)
{
	xa_erase(&c->ca->qps, c->qpn);
	spin_lock(&c->lock);
	c->dead = true;
	c->state = IB_QPS_RESET;
	pinless_qpc_stop_waiting(c);
	spin_unlock(&c->lock);
	pinless_qpc_quiesce(c);
	pinless_sendq_reset(c);
}

/**
 * pinless_create_qp() - op create_qp
 * @ibqp:  zeroed by the core
 * @attr:  sizes are rounded up, and told
 * @udata: response: struct pinless_uresp_create_qp
 *
 * Context: process context, may sleep.
 * Return: 0, -EOPNOTSUPP for types and flags that the device has not, -EINVAL
 * for sizes beyond its limits, -ENOMEM.
 */
int pinless_create_qp(struct ib_qp *ibqp, struct ib_qp_init_attr *attr,
		      struct ib_udata *udata)
{
	struct pinless_ucontext *uctx =
		rdma_udata_to_drv_context(udata, struct pinless_ucontext,
					  ibuctx);
	struct pinless_device *pdev = to_pdev(ibqp->device);
	struct pinless_uresp_create_qp resp = {};
	struct pinless_qp *qp = to_pqp(ibqp);
	struct pinless_qpc *c;
	int err;

	BUILD_BUG_ON(sizeof(struct pinless_send_wqe) != 64);
	BUILD_BUG_ON(sizeof(struct pinless_rq_ctl) != PINLESS_CTL_BYTES);
	BUILD_BUG_ON(sizeof(struct pinless_sq_ctl) != PINLESS_CTL_BYTES);

	if (!udata || attr->qp_type != IB_QPT_RC || attr->create_flags ||
	    attr->srq)
		return -EOPNOTSUPP;
	if (!caps_are_valid(&attr->cap))
		return -EINVAL;
	if (!pinless_quota_get(&pdev->objects, PINLESS_OBJ_QP))
		return -ENOMEM;

	err = -ENOMEM;
	c = qpc_alloc(ibqp, attr, &uctx->ibuctx);
	if (!c)
		goto err_count;
	err = create_send_queue(qp, c, &attr->cap, &resp);
	if (err)
		goto err_free;
	err = create_recv_queue(qp, c, &attr->cap, &resp);
	if (err)
		goto err_send;
	c->cap = attr->cap;

	/* 0 and 1 are for management. */
	err = xa_alloc_cyclic(&pdev->ca.qps, &c->qpn, c, XA_LIMIT(2, 0xffffff),
			      &pdev->ca.next_qpn, PINLESS_GFP_USER);
	if (err < 0)
		goto err_recv;
	ibqp->qp_num = c->qpn;
	qp->c = c;

	resp.qpn = c->qpn;
	resp.sq_entries = c->sq.entries;
	resp.rq_entries = c->rq.entries;
	resp.sq_stride = c->sq.stride;
	resp.rq_stride = c->rq.stride;
	resp.max_inline = c->cap.max_inline_data;
	err = pinless_respond(udata, &resp, sizeof(resp));
	if (err)
		goto err_bury;
	return 0;

err_bury:
	qpc_bury(c);
err_recv:
	destroy_recv_queue(qp);
err_send:
	destroy_send_queue(qp, c);
err_free:
	pinless_qpc_put(c);
err_count:
	pinless_quota_put(&pdev->objects, PINLESS_OBJ_QP);
	return err;
}

/**
 * pinless_destroy_qp() - op destroy_qp
 * @ibqp:  the queue pair
 * @udata: unused
 *
 * When this returns nothing touches its queues, its completion queues, its
 * protection domain or its device on its account. A page fault may still be
 * under way on its account; it holds the mirror, and finds the queue pair dead.
 *
 * Context: process context, sleeps for a run of the send queue at most.
 * Return: 0.
 */
int pinless_destroy_qp(struct ib_qp *ibqp, struct ib_udata *udata)
{
	struct pinless_device *pdev = to_pdev(ibqp->device);
	struct pinless_qp *qp = to_pqp(ibqp);
	struct pinless_qpc *c = qp->c;

	qpc_bury(c);
	destroy_recv_queue(qp);
	destroy_send_queue(qp, c);
	pinless_qpc_put(c);
	pinless_quota_put(&pdev->objects, PINLESS_OBJ_QP);
	return 0;
}

/**
 * pinless_modify_qp() - op modify_qp
 * @ibqp:  the queue pair
 * @attr:  see pinless_qp_change()
 * @mask:  see pinless_qp_change()
 * @udata: unused
 *
 * Context: process context, may sleep.
 * Return: see pinless_qp_change().
 */
int pinless_modify_qp(struct ib_qp *ibqp, struct ib_qp_attr *attr, int mask,
		      struct ib_udata *udata)
{
	return pinless_qp_change(to_pqp(ibqp)->c, attr, mask);
}

/**
 * pinless_query_qp() - op query_qp
 * @ibqp: the queue pair
 * @attr: out: all of it, whatever is asked for
 * @mask: unused
 * @init: out
 *
 * Context: process context.
 * Return: 0.
 */
int pinless_query_qp(struct ib_qp *ibqp, struct ib_qp_attr *attr, int mask,
		     struct ib_qp_init_attr *init)
{
	struct pinless_qpc *c = to_pqp(ibqp)->c;

	spin_lock(&c->lock);
	*attr = c->attr;
	attr->qp_state = c->state;
	attr->sq_draining = c->state == IB_QPS_SQD &&
			    (c->running || c->wait != PINLESS_WAIT_NONE);
	spin_unlock(&c->lock);
	attr->cur_qp_state = attr->qp_state;
	attr->path_mig_state = IB_MIG_MIGRATED;
	attr->cap = c->cap;

	init->event_handler = ibqp->event_handler;
	init->qp_context = ibqp->qp_context;
	init->send_cq = ibqp->send_cq;
	init->recv_cq = ibqp->recv_cq;
	init->srq = NULL;
	init->cap = c->cap;
	init->sq_sig_type = c->sq_sig_all ? IB_SIGNAL_ALL_WR :
					    IB_SIGNAL_REQ_WR;
	init->qp_type = ibqp->qp_type;
	return 0;
}

/* The queue pair of a doorbell, with a reference; NULL if it is another context's. */
static struct pinless_qpc *find_own(struct ib_ucontext *uctx, u32 qpn)
{
	struct pinless_device *pdev = to_pdev(uctx->device);
	struct pinless_qpc *c;

	rcu_read_lock();
	c = xa_load(&pdev->ca.qps, qpn);
	if (c && (c->uctx != uctx || !refcount_inc_not_zero(&c->refs)))
		c = NULL;
	rcu_read_unlock();
	return c;
}

/* Takes over the process' index; -EINVAL when it is none. The lock is held. */
static int advance_sq(struct pinless_qpc *c, u32 prod)
{
	struct pinless_sq *sq = &c->sq;

	if (c->dead || c->state == IB_QPS_RESET || c->state == IB_QPS_INIT ||
	    c->state == IB_QPS_RTR ||
	    !pinless_index_fits(prod, sq->prod, READ_ONCE(sq->cons),
				sq->entries))
		return -EINVAL;
	/* The present holder of the token takes these entries too. */
	smp_store_release(&sq->prod, prod);
	return 0;
}

/**
 * pinless_qp_ring() - the doorbell: work was posted to a queue
 * @uctx: the context of the process that rings
 * @word: as PINLESS_METHOD_RING describes it
 *
 * Context: process context, may sleep; no locks held.
 * Return: 0; -EINVAL for a queue pair of another context, an index that is none
 * of the queue's, or a state in which nothing may be posted.
 */
int pinless_qp_ring(struct ib_ucontext *uctx, u64 word)
{
	u32 qpn = lower_32_bits(word);
	struct pinless_qpc *c = find_own(uctx, qpn & ~PINLESS_RING_RECV);
	bool run = false;
	int err = 0;

	if (!c)
		return -EINVAL;
	spin_lock(&c->lock);
	if (!(qpn & PINLESS_RING_RECV))
		err = advance_sq(c, upper_32_bits(word));
	else if (c->state != IB_QPS_ERR)
		goto out;	/* receive work needs no doorbell but to be flushed */
	if (!err)
		run = pinless_qpc_take(c);
out:
	spin_unlock(&c->lock);
	if (run)
		pinless_sendq_run(c);
	pinless_qpc_put(c);
	return err;
}
