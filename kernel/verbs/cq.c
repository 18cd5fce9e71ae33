// SPDX-License-Identifier: GPL-2.0
/* Copyright (c) 2026 The pinless authors */

#include <linux/ktime.h>
#include <linux/log2.h>

#include "limits.h"
#include "verbs/cq.h"
#include "verbs/device.h"
#include "verbs/ucontext.h"

static struct pinless_cq_ctl *cq_ctl(struct pinless_cq *cq)
{
	return cq->queue->va;
}

static struct pinless_cqe *cq_slot(struct pinless_cq *cq, u32 index)
{
	struct pinless_cqe *first = cq->queue->va + PINLESS_CTL_BYTES;

	return first + (index & (cq->entries - 1));
}

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
	struct pinless_uresp_create_cq resp = {};
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

	spin_lock_init(&cq->lock);
	cq->stamped = attr->flags & IB_UVERBS_CQ_FLAGS_TIMESTAMP_COMPLETION;
	cq->entries = roundup_pow_of_two(attr->cqe);
	err = ida_alloc_max(&pdev->cqn, PINLESS_MAX_CQ, GFP_KERNEL);
	if (err < 0)
		goto err_count;
	cq->cqn = err;

	cq->queue = pinless_uqueue_create(&uctx->ibuctx, PINLESS_CTL_BYTES +
					  array_size(cq->entries,
						     sizeof(struct pinless_cqe)),
					  &resp.map);
	if (IS_ERR(cq->queue)) {
		err = PTR_ERR(cq->queue);
		goto err_cqn;
	}

	ibcq->cqe = cq->entries;
	resp.cqn = cq->cqn;
	resp.cqe = cq->entries;
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

/*
 * The driver stores an entry, then loads @arm; the process stores @arm, then
 * looks for entries; a full barrier stands between the two on either side. So
 * if this finds the queue unarmed, the process, arming it later, finds the
 * entry.
 *
 * The exchange fails when @arm has changed since it was loaded. Either another
 * entry has raised the event, or the process has armed the queue anew and
 * therefore looks for entries after this one was stored.
 */
static void cq_notify(struct pinless_cq *cq, bool solicited)
{
	struct pinless_cq_ctl *ctl = cq_ctl(cq);
	u32 arm;

	smp_mb(); /* pairs with the barrier of the process, see above */
	arm = READ_ONCE(ctl->arm);
	if (likely(arm == PINLESS_ARM_NONE))
		return;
	if (arm == PINLESS_ARM_SOLICITED && !solicited)
		return;
	if (cmpxchg(&ctl->arm, arm, PINLESS_ARM_NONE) == arm)
		cq->ibcq.comp_handler(&cq->ibcq, cq->ibcq.cq_context);
}

static void report_overflow(struct pinless_cq *cq)
{
	struct pinless_device *pdev = to_pdev(cq->ibcq.device);
	struct ib_event event = {
		.event = IB_EVENT_CQ_ERR,
		.device = cq->ibcq.device,
		.element.cq = &cq->ibcq,
	};

	pinless_count(&pdev->port.counters, PINLESS_CNT_CQ_OVERFLOWS, 1);
	if (cq->ibcq.event_handler)
		cq->ibcq.event_handler(&event, cq->ibcq.cq_context);
}

/**
 * pinless_cq_push() - add a completion, and tell who waits for it
 * @cq:        the queue; the caller holds a queue pair that uses it
 * @cqe:       the entry; @phase and @timestamp are filled in here
 * @solicited: wakes a queue that was armed for solicited events
 *
 * An entry in error always counts as solicited (IBTA 11.4.2.2). The index of
 * the process decides only on overflow: an impossible value, like a full queue,
 * breaks the queue of that process (IBTA 10.10.3.4, 11.6.3.2).
 *
 * Context: process context, spinlocks of queue pairs may be held; takes the
 * lock of the queue, never sleeps.
 * Return: 0, or -EOVERFLOW: the caller puts its queue pair in the error state.
 */
int pinless_cq_push(struct pinless_cq *cq, struct pinless_cqe *cqe,
		    bool solicited)
{
	struct pinless_cq_ctl *ctl = cq_ctl(cq);
	struct pinless_cqe *slot;
	bool first;

	spin_lock(&cq->lock);
	if (unlikely(cq->broken ||
		     cq->prod - READ_ONCE(ctl->cons) >= cq->entries)) {
		first = !cq->broken;
		cq->broken = true;
		spin_unlock(&cq->lock);
		if (first)
			report_overflow(cq);
		return -EOVERFLOW;
	}

	slot = cq_slot(cq, cq->prod);
	cqe->timestamp = cq->stamped ? ktime_get_raw_ns() : 0;
	memcpy(slot, cqe, offsetof(struct pinless_cqe, phase));
	/* The process loads the phase first, with acquire order. */
	smp_store_release(&slot->phase, (cq->prod >> ilog2(cq->entries)) + 1);
	WRITE_ONCE(ctl->prod, ++cq->prod);
	spin_unlock(&cq->lock);

	cq_notify(cq, solicited || cqe->status);
	return 0;
}
