/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef PINLESS_WQE_H
#define PINLESS_WQE_H

/*
 * What a process writes into its queues: where entries lie, which indices are
 * possible, and what is wrong with an entry. The memory can change at any time,
 * so what counts is the copy made here. Pure arithmetic, which builds in user
 * space too, for tests/fuzz.
 */
#ifdef __KERNEL__
#include <linux/compiler.h>
#include <linux/string.h>
#include <linux/types.h>
#include "limits.h"
#else
#include "wqe_user.h"
#endif
#include "uapi/pinless-abi.h"

/* Entries of the send queue begin on cache lines of their own. */
#define PINLESS_SEND_ALIGN	64u

/**
 * pinless_send_stride() - bytes from entry to entry of a send queue
 * @max_sge:    elements that an entry has room for, up to PINLESS_MAX_SGE
 * @max_inline: bytes of inline data, up to PINLESS_MAX_INLINE
 *
 * Return: a multiple of PINLESS_SEND_ALIGN.
 */
static inline u32 pinless_send_stride(u32 max_sge, u32 max_inline)
{
	u32 payload = max_sge * sizeof(struct pinless_sge);

	if (payload < max_inline)
		payload = max_inline;
	payload += sizeof(struct pinless_send_wqe);
	return (payload + PINLESS_SEND_ALIGN - 1) & ~(PINLESS_SEND_ALIGN - 1);
}

/* Bytes of such an entry after its head. */
static inline u32 pinless_send_payload(u32 stride)
{
	return stride - sizeof(struct pinless_send_wqe);
}

/**
 * pinless_slot() - where an entry of a queue lies
 * @va:      the memory of the queue, which begins with its control words
 * @index:   any number
 * @entries: a power of two
 * @stride:  bytes from entry to entry
 *
 * Return: an address inside of the queue, whatever @index is.
 */
static inline const void *pinless_slot(const void *va, u32 index, u32 entries,
				       u32 stride)
{
	return (const char *)va + PINLESS_CTL_BYTES +
	       (size_t)(index & (entries - 1)) * stride;
}

/**
 * pinless_index_fits() - whether a process can have posted up to an index
 * @to:      index that it tells, after the last entry
 * @prod:    what it told before
 * @cons:    entries that are done with
 * @entries: of the queue, a power of two or 0
 *
 * Return: false when it goes back, or further than there is room.
 */
static inline bool pinless_index_fits(u32 to, u32 prod, u32 cons, u32 entries)
{
	return to - prod <= entries - (prod - cons);
}

/* Bytes of all elements. */
static inline u64 pinless_sge_total(const struct pinless_sge *sge, u32 num)
{
	u64 total = 0;
	u32 i;

	for (i = 0; i < num; i++)
		total += sge[i].length;
	return total;
}

static inline bool pinless_op_is_send(u8 opcode)
{
	return opcode == PINLESS_OP_SEND || opcode == PINLESS_OP_SEND_IMM;
}

static inline bool pinless_op_is_atomic(u8 opcode)
{
	return opcode == PINLESS_OP_CMP_SWAP || opcode == PINLESS_OP_FETCH_ADD;
}

/* Whether the answer is written to the buffers of the request. */
static inline bool pinless_op_is_answered(u8 opcode)
{
	return opcode == PINLESS_OP_READ || pinless_op_is_atomic(opcode);
}

/**
 * struct pinless_wqe_limits - what a queue pair allows
 * @max_sge:    elements of an entry
 * @max_inline: bytes of inline data
 * @rd_atomic:  it has resources for READs and atomics
 */
struct pinless_wqe_limits {
	u32 max_sge;
	u32 max_inline;
	bool rd_atomic;
};

/**
 * pinless_wqe_take() - check the copy of an entry's head, and copy the rest
 * @wqe:     the copy
 * @tail:    what follows the head in the queue
 * @limits:  of the queue pair
 * @payload: out: elements or inline data; room for either
 * @length:  out: bytes of the message, at most PINLESS_MAX_MSG on success
 *
 * Return: enum pinless_vendor_err, PINLESS_VERR_NONE on success.
 */
static inline u32 pinless_wqe_take(const struct pinless_send_wqe *wqe,
				   const void *tail,
				   const struct pinless_wqe_limits *limits,
				   void *payload, u64 *length)
{
	*length = 0;
	if (wqe->opcode >= PINLESS_OP_COUNT)
		return PINLESS_VERR_OPCODE;
	if (wqe->flags & ~(PINLESS_SEND_SIGNALED | PINLESS_SEND_SOLICITED |
			   PINLESS_SEND_FENCE | PINLESS_SEND_INLINE))
		return PINLESS_VERR_FLAGS;
	if (wqe->flags & PINLESS_SEND_INLINE) {
		if (wqe->inline_len > limits->max_inline ||
		    pinless_op_is_answered(wqe->opcode))
			return PINLESS_VERR_INLINE;
		memcpy(payload, tail, wqe->inline_len);
		*length = wqe->inline_len;
	} else {
		if (wqe->num_sge > limits->max_sge)
			return PINLESS_VERR_NUM_SGE;
		memcpy(payload, tail,
		       wqe->num_sge * sizeof(struct pinless_sge));
		/* No compiler may look at the queue again instead of the copy. */
		barrier();
		*length = pinless_sge_total(payload, wqe->num_sge);
		if (*length > PINLESS_MAX_MSG)
			return PINLESS_VERR_LENGTH;
	}
	if (pinless_op_is_atomic(wqe->opcode)) {
		/* Room for the whole of the result (IBTA 10.7.2.2). */
		if (*length < sizeof(u64))
			return PINLESS_VERR_LENGTH;
		*length = sizeof(u64);
	}
	/* A requester without such resources has no leave to use them. */
	if (pinless_op_is_answered(wqe->opcode) && !limits->rd_atomic)
		return PINLESS_VERR_RD_ATOMIC;
	return PINLESS_VERR_NONE;
}

/**
 * pinless_recv_take() - copy the elements of a receive request
 * @wqe:     the entry in the queue
 * @max_sge: elements that an entry has room for
 * @sge:     out: room for @max_sge
 * @num:     out: how many
 *
 * Return: false when the entry says that it has more.
 */
static inline bool pinless_recv_take(const struct pinless_recv_wqe *wqe,
				     u32 max_sge, struct pinless_sge *sge,
				     u32 *num)
{
	u32 n = READ_ONCE(wqe->num_sge);

	if (n > max_sge)
		return false;
	memcpy(sge, wqe + 1, n * sizeof(*sge));
	barrier();
	*num = n;
	return true;
}

#endif /* PINLESS_WQE_H */
