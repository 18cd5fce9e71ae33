// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Copyright (c) 2026 The pinless authors */

/*
 * The extended poll: the completion under the cursor is read where it lies. Its
 * slot is returned to the driver when the poll ends.
 */

#include <errno.h>
#include <time.h>

#include "pinless.h"

#define NSEC_PER_SEC	1000000000ull

enum {
	SUPPORTED_WC_FLAGS = IBV_WC_STANDARD_FLAGS |
			     IBV_WC_EX_WITH_COMPLETION_TIMESTAMP |
			     IBV_WC_EX_WITH_COMPLETION_TIMESTAMP_WALLCLOCK,
	SUPPORTED_CQ_FLAGS = IBV_CREATE_CQ_ATTR_SINGLE_THREADED,
};

static inline struct pinless_cq *ex_to_pcq(struct ibv_cq_ex *ibcq)
{
	return container_of(ibcq, struct pinless_cq, vcq.cq_ex);
}

static int take(struct pinless_cq *cq)
{
	const struct pinless_cqe *cqe;

	cqe = pinless_cq_ring_peek(&cq->ring, cq->ring.cons);
	if (!cqe)
		return ENOENT;

	cq->ring.cons++;
	cq->cur = cqe;
	cq->vcq.cq_ex.wr_id = cqe->wr_id;
	cq->vcq.cq_ex.status = cqe->status;
	pinless_cq_retire(cq, cqe);
	return 0;
}

static int start_poll(struct ibv_cq_ex *ibcq, struct ibv_poll_cq_attr *attr)
{
	struct pinless_cq *cq = ex_to_pcq(ibcq);
	int ret;

	if (unlikely(attr->comp_mask))
		return EINVAL;

	pinless_lock(&cq->lock);
	ret = take(cq);
	if (ret)
		pinless_unlock(&cq->lock);
	return ret;
}

static int next_poll(struct ibv_cq_ex *ibcq)
{
	return take(ex_to_pcq(ibcq));
}

static void end_poll(struct ibv_cq_ex *ibcq)
{
	struct pinless_cq *cq = ex_to_pcq(ibcq);

	pinless_cq_ring_commit(&cq->ring);
	pinless_unlock(&cq->lock);
}

static enum ibv_wc_opcode read_opcode(struct ibv_cq_ex *ibcq)
{
	return ex_to_pcq(ibcq)->cur->opcode;
}

static uint32_t read_vendor_err(struct ibv_cq_ex *ibcq)
{
	return ex_to_pcq(ibcq)->cur->vendor_err;
}

static unsigned int read_wc_flags(struct ibv_cq_ex *ibcq)
{
	return ex_to_pcq(ibcq)->cur->flags;
}

static uint32_t read_byte_len(struct ibv_cq_ex *ibcq)
{
	return ex_to_pcq(ibcq)->cur->byte_len;
}

static __be32 read_imm_data(struct ibv_cq_ex *ibcq)
{
	return ex_to_pcq(ibcq)->cur->imm;
}

static uint32_t read_qp_num(struct ibv_cq_ex *ibcq)
{
	return ex_to_pcq(ibcq)->cur->qpn;
}

static uint32_t read_src_qp(struct ibv_cq_ex *ibcq)
{
	return ex_to_pcq(ibcq)->cur->src_qp;
}

/* Fields of InfiniBand links: RoCE has nothing to put there. */

static uint32_t read_slid(struct ibv_cq_ex *ibcq)
{
	return 0;
}

static uint8_t read_u8_zero(struct ibv_cq_ex *ibcq)
{
	return 0;
}

static uint64_t read_timestamp(struct ibv_cq_ex *ibcq)
{
	return ex_to_pcq(ibcq)->cur->timestamp;
}

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
}

/*
 * The age of the completion on the raw clock, subtracted from the current wall
 * clock time. A step of the wall clock in between is therefore included, as with
 * a device whose clock is disciplined later.
 */
static uint64_t read_wallclock(struct ibv_cq_ex *ibcq)
{
	uint64_t stamp = read_timestamp(ibcq);

	return clock_ns(CLOCK_REALTIME) -
	       (clock_ns(CLOCK_MONOTONIC_RAW) - stamp);
}

static void set_poll_ops(struct ibv_cq_ex *cq, uint64_t wc_flags)
{
	cq->start_poll = start_poll;
	cq->next_poll = next_poll;
	cq->end_poll = end_poll;
	cq->read_opcode = read_opcode;
	cq->read_vendor_err = read_vendor_err;
	cq->read_wc_flags = read_wc_flags;

	if (wc_flags & IBV_WC_EX_WITH_BYTE_LEN)
		cq->read_byte_len = read_byte_len;
	if (wc_flags & IBV_WC_EX_WITH_IMM)
		cq->read_imm_data = read_imm_data;
	if (wc_flags & IBV_WC_EX_WITH_QP_NUM)
		cq->read_qp_num = read_qp_num;
	if (wc_flags & IBV_WC_EX_WITH_SRC_QP)
		cq->read_src_qp = read_src_qp;
	if (wc_flags & IBV_WC_EX_WITH_SLID)
		cq->read_slid = read_slid;
	if (wc_flags & IBV_WC_EX_WITH_SL)
		cq->read_sl = read_u8_zero;
	if (wc_flags & IBV_WC_EX_WITH_DLID_PATH_BITS)
		cq->read_dlid_path_bits = read_u8_zero;
	if (wc_flags & IBV_WC_EX_WITH_COMPLETION_TIMESTAMP)
		cq->read_completion_ts = read_timestamp;
	if (wc_flags & IBV_WC_EX_WITH_COMPLETION_TIMESTAMP_WALLCLOCK)
		cq->read_completion_wallclock_ns = read_wallclock;
}

/**
 * pinless_create_cq_ex() - ibv_create_cq_ex()
 * @context: the open device
 * @attr:    what the completions shall tell
 *
 * Return: the queue, or NULL with errno set: EOPNOTSUPP for what a completion
 * of this device does not have.
 */
struct ibv_cq_ex *pinless_create_cq_ex(struct ibv_context *context,
				       struct ibv_cq_init_attr_ex *attr)
{
	struct pinless_cq *cq;

	if (!check_comp_mask(attr->comp_mask, IBV_CQ_INIT_ATTR_MASK_FLAGS |
					      IBV_CQ_INIT_ATTR_MASK_PD) ||
	    !check_comp_mask(attr->wc_flags, SUPPORTED_WC_FLAGS) ||
	    ((attr->comp_mask & IBV_CQ_INIT_ATTR_MASK_FLAGS) &&
	     !check_comp_mask(attr->flags, SUPPORTED_CQ_FLAGS))) {
		errno = EOPNOTSUPP;
		return NULL;
	}
	if (!attr->cqe) {
		errno = EINVAL;
		return NULL;
	}

	cq = pinless_cq_create(context, attr);
	if (!cq)
		return NULL;

	set_poll_ops(&cq->vcq.cq_ex, attr->wc_flags);
	return &cq->vcq.cq_ex;
}
