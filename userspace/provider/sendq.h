/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/* Copyright (c) 2026 The pinless authors */
#ifndef PINLESS_SENDQ_H
#define PINLESS_SENDQ_H

/*
 * Common code of both ways of posting, ibv_post_send() and ibv_wr_*(). An entry
 * is built at an index at or beyond the producer index; pinless_sq_submit() hands
 * all entries below an index over to the driver.
 */

#include "pinless.h"

/**
 * pinless_qp_may_send() - may send requests be posted in this state?
 * @qp: the queue pair
 *
 * Before RTS posting is an immediate error (IBTA section 10.3.1); after it the
 * driver executes the requests, holds them back or flushes them.
 *
 * Return: true when they may.
 */
static inline bool pinless_qp_may_send(struct pinless_qp *qp)
{
	return atomic_load_explicit(&qp->state, memory_order_relaxed) >=
	       IBV_QPS_RTS;
}

/**
 * pinless_send_flags() - flags of an entry
 * @qp:    the queue pair
 * @flags: IBV_SEND_*
 *
 * Return: PINLESS_SEND_*, without PINLESS_SEND_INLINE.
 */
static inline uint8_t pinless_send_flags(const struct pinless_qp *qp,
					 unsigned int flags)
{
	uint8_t ret = qp->sig_all;

	if (flags & IBV_SEND_SIGNALED)
		ret |= PINLESS_SEND_SIGNALED;
	if (flags & IBV_SEND_SOLICITED)
		ret |= PINLESS_SEND_SOLICITED;
	if (flags & IBV_SEND_FENCE)
		ret |= PINLESS_SEND_FENCE;
	return ret;
}

/**
 * pinless_wqe_data() - what follows the fixed part of an entry
 * @wqe: the entry
 *
 * Return: the scatter/gather list or the inline data.
 */
static inline void *pinless_wqe_data(struct pinless_send_wqe *wqe)
{
	return wqe + 1;
}

int pinless_sq_submit(struct pinless_qp *qp, uint32_t prod);

#endif /* PINLESS_SENDQ_H */
