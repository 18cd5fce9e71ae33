// SPDX-License-Identifier: GPL-2.0
/* Copyright (c) 2026 The pinless authors */
/*
 * Description: queues of arbitrary bytes, with arbitrary indices: every entry is read inside of
 * its queue, and what is taken of it is what the queue pair allows (kernel/exec/wqe.h).
 *
 * The queue and the copies are separate pieces of memory of the sizes that the driver gives
 * them, so AddressSanitizer sees each byte beyond.
 */
#include <stdint.h>
#include <stdlib.h>

#include "exec/wqe.h"

/* What an input begins with. */
struct setup {
	u8 max_sge;
	u8 rd_atomic;
	u8 log_entries;
	u8 is_recv;
	__u16 max_inline;
	__u16 reserved;
	u32 prod;
	u32 posted;
	u32 to;
};

#define MUST(x)	do { if (!(x)) abort(); } while (0)

struct queue {
	char *va;
	size_t bytes;
	u32 entries;
	u32 stride;
};

static void queue_open(struct queue *q, u32 entries, u32 stride, const uint8_t *data, size_t len)
{
	q->entries = entries;
	q->stride = stride;
	q->bytes = PINLESS_CTL_BYTES + (size_t)entries * stride;
	q->va = calloc(1, q->bytes);
	MUST(q->va);
	memcpy(q->va, data, len < q->bytes ? len : q->bytes);
}

static const void *slot(const struct queue *q, u32 index)
{
	const char *p = pinless_slot(q->va, index, q->entries, q->stride);

	MUST(p >= q->va + PINLESS_CTL_BYTES && p + q->stride <= q->va + q->bytes);
	return p;
}

static u64 sum(const struct pinless_sge *sge, u32 n)
{
	u64 total = 0;

	while (n--)
		total += sge[n].length;
	return total;
}

static void send_entry(const struct queue *q, u32 index, const struct pinless_wqe_limits *limits)
{
	const char *head = slot(q, index), *tail = head + sizeof(struct pinless_send_wqe);
	char *payload = malloc(pinless_send_payload(q->stride) ?: 1);
	struct pinless_send_wqe wqe;
	u64 length, bytes;
	u32 verr;

	MUST(payload);
	memcpy(&wqe, head, sizeof(wqe));
	verr = pinless_wqe_take(&wqe, tail, limits, payload, &length);
	MUST(verr < PINLESS_VERR_INDEX);
	if (verr == PINLESS_VERR_NONE) {
		MUST(wqe.opcode < PINLESS_OP_COUNT);
		MUST(length <= PINLESS_MAX_MSG);
		if (wqe.flags & PINLESS_SEND_INLINE) {
			MUST(length == wqe.inline_len && length <= limits->max_inline);
			MUST(!pinless_op_is_answered(wqe.opcode));
			bytes = length;
		} else {
			bytes = wqe.num_sge * sizeof(struct pinless_sge);
			MUST(wqe.num_sge <= limits->max_sge);
			MUST(pinless_op_is_atomic(wqe.opcode) ? length == 8 :
			     length == sum((void *)payload, wqe.num_sge));
		}
		MUST(!memcmp(payload, tail, bytes));
		MUST(!pinless_op_is_answered(wqe.opcode) || limits->rd_atomic);
	}
	free(payload);
}

static void recv_entry(const struct queue *q, u32 index, u32 max_sge)
{
	struct pinless_sge *sge = malloc(max_sge * sizeof(*sge) ?: 1);
	const struct pinless_recv_wqe *wqe = slot(q, index);
	u32 num;

	MUST(sge);
	if (pinless_recv_take(wqe, max_sge, sge, &num)) {
		MUST(num <= max_sge);
		MUST(!memcmp(sge, wqe + 1, num * sizeof(*sge)));
		MUST(pinless_sge_total(sge, num) == sum(sge, num));
	} else {
		MUST(wqe->num_sge > max_sge);
	}
	free(sge);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct pinless_wqe_limits limits;
	u32 entries, stride, cons, n;
	struct setup s;
	struct queue q;

	if (len < sizeof(s))
		return 0;
	memcpy(&s, data, sizeof(s));
	data += sizeof(s);
	len -= sizeof(s);
	limits.max_sge = s.max_sge % (PINLESS_MAX_SGE + 1);
	limits.max_inline = s.max_inline % (PINLESS_MAX_INLINE + 1);
	limits.rd_atomic = s.rd_atomic & 1;
	entries = 1u << s.log_entries % 5;
	if (s.is_recv & 1) {
		/* As create_qp() does it. */
		for (stride = 1; stride < sizeof(struct pinless_recv_wqe) +
		     limits.max_sge * sizeof(struct pinless_sge); stride *= 2)
			;
	} else {
		stride = pinless_send_stride(limits.max_sge, limits.max_inline);
		MUST(stride % PINLESS_SEND_ALIGN == 0);
		MUST(pinless_send_payload(stride) >= limits.max_inline);
	}
	queue_open(&q, entries, stride, data, len);

	/* The doorbell of a queue in which some entries are not done with yet. */
	cons = s.prod - s.posted % (entries + 1);
	if (pinless_index_fits(s.to, s.prod, cons, entries)) {
		MUST(s.to - cons <= entries);
		for (n = cons; n != s.to; n++) {
			if (s.is_recv & 1)
				recv_entry(&q, n, limits.max_sge);
			else
				send_entry(&q, n, &limits);
		}
	} else {
		MUST(s.to - s.prod > entries - (s.prod - cons));
	}
	/* An index that was never checked still leads to an entry. */
	slot(&q, s.to);
	free(q.va);
	return 0;
}
