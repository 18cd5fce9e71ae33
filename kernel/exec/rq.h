/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef PINLESS_RQ_H
#define PINLESS_RQ_H

#include "exec/qpc.h"

/* What pinless_rq_take() finds. */
enum pinless_recv {
	PINLESS_RECV_TAKEN,
	PINLESS_RECV_EMPTY,
	/* taken, but not as the process may write it: */
	PINLESS_RECV_BAD_INDEX,
	PINLESS_RECV_BAD_NUM_SGE,
};

enum pinless_recv pinless_rq_take(struct pinless_qpc *c,
				  struct pinless_sge *sge, u32 *num);
int pinless_rq_complete(struct pinless_qpc *c, struct pinless_cqe *cqe,
			bool solicited);
bool pinless_rq_flush(struct pinless_qpc *c, u32 *budget);
void pinless_rq_reset(struct pinless_qpc *c);

#endif /* PINLESS_RQ_H */
