// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Copyright (c) 2026 The pinless authors */

#include <errno.h>
#include <stdlib.h>

#include "pinless.h"

struct create_cq_resp {
	struct ib_uverbs_ex_create_cq_resp core;
	struct pinless_uresp_create_cq drv;
};

static_assert(offsetof(struct create_cq_resp, drv) ==
	      sizeof(struct ib_uverbs_ex_create_cq_resp),
	      "the driver's answer follows the core's");

/**
 * pinless_cq_create() - make a completion queue
 * @context: the open device
 * @attr:    as checked by the caller
 *
 * Return: the queue, or NULL with errno set.
 */
struct pinless_cq *pinless_cq_create(struct ibv_context *context,
				     const struct ibv_cq_init_attr_ex *attr)
{
	struct ibv_create_cq_ex cmd = {};
	struct create_cq_resp resp = {};
	struct pinless_cq *cq;
	uint32_t flags = 0;
	int ret;

	if (attr->comp_mask & IBV_CQ_INIT_ATTR_MASK_FLAGS)
		flags = attr->flags;

	cq = calloc(1, sizeof(*cq));
	if (!cq)
		return NULL;

	ret = ibv_cmd_create_cq_ex(context, attr, &cq->vcq, &cmd, sizeof(cmd),
				   &resp.core, sizeof(resp), 0);
	if (ret)
		goto err_free;

	ret = pinless_map_queue(context, &resp.drv.map, &cq->area);
	if (ret)
		goto err_destroy;

	ret = pinless_cq_ring_init(&cq->ring, cq->area.addr, cq->area.length,
				   resp.drv.cqe);
	if (ret)
		goto err_unmap;

	cq->lock.off = flags & IBV_CREATE_CQ_ATTR_SINGLE_THREADED;
	return cq;

err_unmap:
	pinless_unmap_queue(&cq->area);
err_destroy:
	ibv_cmd_destroy_cq(&cq->vcq.cq);
err_free:
	free(cq);
	errno = ret;
	return NULL;
}

/**
 * pinless_create_cq() - ibv_create_cq()
 * @context:     the open device
 * @cqe:         entries that are needed; the device may give more
 * @channel:     where events go, or NULL
 * @comp_vector: ignored by the driver
 *
 * Return: the queue, or NULL with errno set.
 */
struct ibv_cq *pinless_create_cq(struct ibv_context *context, int cqe,
				 struct ibv_comp_channel *channel,
				 int comp_vector)
{
	struct ibv_cq_init_attr_ex attr = {
		.cqe = cqe,
		.channel = channel,
		.comp_vector = comp_vector,
	};
	struct pinless_cq *cq;

	/* A negative number would become a huge one. */
	if (cqe <= 0) {
		errno = EINVAL;
		return NULL;
	}

	cq = pinless_cq_create(context, &attr);
	return cq ? &cq->vcq.cq : NULL;
}

/**
 * pinless_destroy_cq() - ibv_destroy_cq()
 * @ibcq: the queue
 *
 * Return: 0, or an errno value: EBUSY while a queue pair uses it.
 */
int pinless_destroy_cq(struct ibv_cq *ibcq)
{
	struct pinless_cq *cq = to_pcq(ibcq);
	int ret;

	ret = ibv_cmd_destroy_cq(ibcq);
	if (ret)
		return ret;

	pinless_unmap_queue(&cq->area);
	free(cq);
	return 0;
}

/**
 * pinless_cq_retire() - free the work queue entries that a completion covers
 * @cq:  the completion queue, locked: that keeps queue pairs with completions
 *       in it from going away
 * @cqe: the completion
 */
void pinless_cq_retire(struct pinless_cq *cq, const struct pinless_cqe *cqe)
{
	struct pinless_context *ctx = to_pctx(cq->vcq.cq.context);
	struct pinless_qp *qp = pinless_table_find(&ctx->qps, cqe->qpn);

	if (unlikely(!qp))
		return;
	pinless_ring_retire(cqe->opcode & IBV_WC_RECV ? &qp->rq.ring :
							&qp->sq.ring,
			    cqe->index);
}

static void fill_wc(struct ibv_wc *wc, const struct pinless_cqe *cqe)
{
	*wc = (struct ibv_wc){
		.wr_id = cqe->wr_id,
		.status = cqe->status,
		.opcode = cqe->opcode,
		.vendor_err = cqe->vendor_err,
		.byte_len = cqe->byte_len,
		.imm_data = cqe->imm,
		.qp_num = cqe->qpn,
		.src_qp = cqe->src_qp,
		.wc_flags = cqe->flags,
	};
}

/**
 * pinless_poll_cq() - ibv_poll_cq()
 * @ibcq:        the queue
 * @num_entries: room in @wc
 * @wc:          filled in
 *
 * No system call.
 *
 * Return: number of completions taken, 0 when there are none.
 */
int pinless_poll_cq(struct ibv_cq *ibcq, int num_entries, struct ibv_wc *wc)
{
	struct pinless_cq *cq = to_pcq(ibcq);
	const struct pinless_cqe *cqe;
	int n;

	pinless_lock(&cq->lock);
	for (n = 0; n < num_entries; n++) {
		cqe = pinless_cq_ring_peek(&cq->ring, cq->ring.cons);
		if (!cqe)
			break;
		fill_wc(&wc[n], cqe);
		pinless_cq_retire(cq, cqe);
		cq->ring.cons++;
	}
	if (n > 0)
		pinless_cq_ring_commit(&cq->ring);
	pinless_unlock(&cq->lock);
	return n;
}

/**
 * pinless_req_notify_cq() - ibv_req_notify_cq()
 * @ibcq:           the queue
 * @solicited_only: only for entries that are solicited or in error
 *
 * No system call.
 *
 * Return: 0.
 */
int pinless_req_notify_cq(struct ibv_cq *ibcq, int solicited_only)
{
	pinless_cq_ring_arm(&to_pcq(ibcq)->ring, solicited_only);
	return 0;
}
