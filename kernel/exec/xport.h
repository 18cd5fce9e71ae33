/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef PINLESS_XPORT_H
#define PINLESS_XPORT_H

#include "exec/qpc.h"

/* How far a send work request has come. */
enum pinless_step {
	PINLESS_STEP_DONE,   /* completed with success */
	PINLESS_STEP_FAIL,   /* op.status and op.verr say how */
	PINLESS_STEP_MORE,   /* the budget is used up */
	PINLESS_STEP_MISS,   /* op.need must come into the translation */
	PINLESS_STEP_RNR,    /* no receive work request; op.rnr_code is set */
	PINLESS_STEP_SILENT, /* no answer */
};

/**
 * struct pinless_xport_ops - how a send queue reaches its responder
 * @exec: take the send work request under way as far as it goes; the budget is
 *        in bytes, and what is left of it is stored. With PINLESS_STEP_MISS the
 *        windows stay held, for a caller that faults at once what op.need says,
 *        and comes back; before anything that may take longer the caller holds
 *        mirror and account itself, and calls @release
 * @fault_failed: what op.need says cannot be had, with a negative errno. Returns
 *        PINLESS_STEP_FAIL, or PINLESS_STEP_SILENT when the peer has gone in
 *        the meantime
 * @release: let go of the windows of the request under way
 * @reset: forget the connection
 *
 * The caller has the token, or the queue pair is in RESET and has no runner; no
 * lock is held. @exec and @fault_failed run in process context, take the lock of
 * the peer, and wait for nothing.
 */
struct pinless_xport_ops {
	enum pinless_step (*exec)(struct pinless_qpc *c, u64 *budget);
	enum pinless_step (*fault_failed)(struct pinless_qpc *c, int err);
	void (*release)(struct pinless_qpc *c);
	void (*reset)(struct pinless_qpc *c);
};

#endif /* PINLESS_XPORT_H */
