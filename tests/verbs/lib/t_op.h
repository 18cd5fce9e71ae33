/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright (c) 2026 The pinless authors
 *
 * Work requests and completions: single steps, and whole operations whose
 * status, completion fields and data are checked.
 */
#ifndef T_OP_H
#define T_OP_H

#include <infiniband/verbs.h>

#include "t_pair.h"

/** Time that a completion which must come may take, before scaling. */
#define T_WC_MS		4000
/** Time after which a completion that must not come counts as absent. */
#define T_QUIET_MS	50

/** One operation from side a to side b of a pair. */
struct t_op {
	enum ibv_wr_opcode opcode;
	/** Local buffer: source, or where READ and atomics answer to. */
	struct t_buf *l;
	size_t loff;
	/** Remote buffer: target, source of READ, or receive buffer of SEND. */
	struct t_buf *r;
	size_t roff;
	size_t len;
	/** Atomics: in host byte order, as everywhere in verbs. */
	uint64_t compare_add, swap;
	/** Immediate data, in network byte order. */
	uint32_t imm;
	/** IBV_SEND_*, on top of IBV_SEND_SIGNALED. */
	unsigned int flags;
};

/** t_is_atomic - compare-swap or fetch-add */
static inline bool t_is_atomic(enum ibv_wr_opcode op)
{
	return op == IBV_WR_ATOMIC_CMP_AND_SWP || op == IBV_WR_ATOMIC_FETCH_AND_ADD;
}

/** t_has_imm - carries immediate data */
static inline bool t_has_imm(enum ibv_wr_opcode op)
{
	return op == IBV_WR_SEND_WITH_IMM || op == IBV_WR_RDMA_WRITE_WITH_IMM;
}

/** t_is_send - SEND with or without immediate data */
static inline bool t_is_send(enum ibv_wr_opcode op)
{
	return op == IBV_WR_SEND || op == IBV_WR_SEND_WITH_IMM;
}

/** t_needs_recv - consumes a receive request */
static inline bool t_needs_recv(enum ibv_wr_opcode op)
{
	return t_is_send(op) || t_has_imm(op);
}

/** t_send_wr - a signaled work request; atomics add 0 or compare and swap 0 */
struct ibv_send_wr t_send_wr(enum ibv_wr_opcode op, uint64_t wr_id, struct ibv_sge *sge,
			     int num_sge, uint64_t raddr, uint32_t rkey);

/** t_post - post to the send queue; ends the program on failure */
void t_post(struct t_side *s, struct ibv_send_wr *wr);

/** t_try_post - post to the send queue; returns the error */
int t_try_post(struct t_side *s, struct ibv_send_wr *wr);

/** t_post_recv - post a receive; @sge NULL: of no bytes */
void t_post_recv(struct t_side *s, uint64_t wr_id, struct ibv_sge *sge, int num_sge);

/** t_wc - wait for a completion; false when none came in @ms (not scaled) */
bool t_wc(struct ibv_cq *cq, struct ibv_wc *wc, unsigned int ms);

/**
 * t_expect_wc - wait for a completion and check its wr_id and status
 * @wc: filled in when not NULL
 */
bool t_expect_wc(const char *what, struct ibv_cq *cq, uint64_t wr_id,
		 enum ibv_wc_status status, struct ibv_wc *wc);

/** t_expect_quiet - check that no completion comes within T_QUIET_MS */
bool t_expect_quiet(const char *what, struct ibv_cq *cq);

/**
 * t_do - run one operation and check everything that it must change
 *
 * Checks the completions of both sides, their fields, the target bytes and
 * T_WINDOW bytes around them, and keeps the shadows up to date. After an
 * error the pair is recycled.
 *
 * Return: whether all was right.
 */
bool t_do(struct t_pair *p, const struct t_op *op);

/**
 * t_expect_error - post a request that must fail, and check both ends
 * @status: completion at the initiator
 * @recv_status: completion of the receive with wr_id 77 that the caller posted at the
 *	target, or -1 when none must come
 * @event: asynchronous event at the target's QP, or -1 when it does not matter
 *
 * Checks as well that the initiator's QP is in the error state and flushes a
 * later request. The pair is recycled.
 */
void t_expect_error(struct t_pair *p, struct ibv_send_wr *wr, enum ibv_wc_status status,
		    int recv_status, int event);

#endif
