// SPDX-License-Identifier: GPL-2.0
/* Copyright (c) 2026 The pinless authors */

#include <linux/log2.h>

#include "limits.h"
#include "verbs/cq.h"
#include "verbs/device.h"
#include "verbs/ucontext.h"

/**
 * pinless_create_cq() - op create_cq, in its old form
 * @ibcq:  zeroed by the core
 * @attr:  cqe 1 .. PINLESS_MAX_CQE is rounded up to a power of two; of the flags
 *         only time stamps
 * @udata: response: struct pinless_uresp_create_cq; NULL for users in the kernel
 *
 * Context: process context, may sleep.
 * Return: 0, -EOPNOTSUPP for users in the kernel and unknown flags, -EINVAL for
 * a size or a vector that the device has not, -ENOMEM.
 */
int pinless_create_cq(struct ib_cq *ibcq, const struct ib_cq_init_attr *attr,
		      struct ib_udata *udata)
{
	struct pinless_ucontext *uctx =
		rdma_udata_to_drv_context(udata, struct pinless_ucontext,
					  ibuctx);
	struct pinless_device *pdev = to_pdev(ibcq->device);
	struct pinless_cq *cq = to_pcq(ibcq);
	struct pinless_cqring *ring = &cq->ring;
	struct pinless_uresp_create_cq resp = {};
	size_t bytes;
	int err;

	BUILD_BUG_ON(sizeof(struct pinless_cq_ctl) != PINLESS_CTL_BYTES);
	BUILD_BUG_ON(sizeof(struct pinless_cqe) != 64);

	if (!udata)
		return -EOPNOTSUPP;
	if (attr->flags & ~IB_UVERBS_CQ_FLAGS_TIMESTAMP_COMPLETION)
		return -EOPNOTSUPP;
	if (!attr->cqe || attr->cqe > PINLESS_MAX_CQE ||
	    attr->comp_vector >= ibcq->device->num_comp_vectors)
		return -EINVAL;
	if (!pinless_quota_get(&pdev->objects, PINLESS_OBJ_CQ))
		return -ENOMEM;

	spin_lock_init(&ring->lock);
	ring->ibcq = ibcq;
	ring->port = &pdev->port;
	ring->stamped = attr->flags & IB_UVERBS_CQ_FLAGS_TIMESTAMP_COMPLETION;
	ring->entries = roundup_pow_of_two(attr->cqe);
	err = ida_alloc_max(&pdev->cqn, PINLESS_MAX_CQ, GFP_KERNEL);
	if (err < 0)
		goto err_count;
	cq->cqn = err;

	bytes = PINLESS_CTL_BYTES +
		array_size(ring->entries, sizeof(struct pinless_cqe));
	cq->queue = pinless_uqueue_create(&uctx->ibuctx, bytes, &resp.map);
	if (IS_ERR(cq->queue)) {
		err = PTR_ERR(cq->queue);
		goto err_cqn;
	}
	ring->va = cq->queue->va;

	ibcq->cqe = ring->entries;
	resp.cqn = cq->cqn;
	resp.cqe = ring->entries;
	err = pinless_respond(udata, &resp, sizeof(resp));
	if (err)
		goto err_queue;
	return 0;

err_queue:
	pinless_uqueue_destroy(cq->queue);
err_cqn:
	ida_free(&pdev->cqn, cq->cqn);
err_count:
	pinless_quota_put(&pdev->objects, PINLESS_OBJ_CQ);
	return err;
}

/**
 * pinless_destroy_cq() - op destroy_cq
 * @ibcq:  the core has counted its queue pairs: none is left, and a queue pair
 *         adds no completion once its destruction has returned
 * @udata: unused
 *
 * Context: process context, may sleep.
 * Return: 0.
 */
int pinless_destroy_cq(struct ib_cq *ibcq, struct ib_udata *udata)
{
	struct pinless_device *pdev = to_pdev(ibcq->device);
	struct pinless_cq *cq = to_pcq(ibcq);

	pinless_uqueue_destroy(cq->queue);
	ida_free(&pdev->cqn, cq->cqn);
	pinless_quota_put(&pdev->objects, PINLESS_OBJ_CQ);
	return 0;
}
