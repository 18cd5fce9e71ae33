/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef PINLESS_EXEC_H
#define PINLESS_EXEC_H

#include "exec/qpc.h"

/* How far a send work request has come. */
enum pinless_step {
	PINLESS_STEP_DONE,	/* completed with success */
	PINLESS_STEP_FAIL,	/* op->status and op->verr say how */
	PINLESS_STEP_MORE,	/* the budget is used up */
	PINLESS_STEP_MISS,	/* op->need must come into the translation */
	PINLESS_STEP_RNR,	/* no receive work at the responder */
	PINLESS_STEP_SILENT,	/* nobody answers */
};

enum pinless_step pinless_exec(struct pinless_qpc *c, u64 *budget);
enum pinless_step pinless_exec_fault_failed(struct pinless_qpc *c,
					    enum pinless_side side, int err);
void pinless_exec_release(struct pinless_qpc *c);
void pinless_exec_forget_peer(struct pinless_qpc *c);

#endif /* PINLESS_EXEC_H */
