/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef PINLESS_RESP_H
#define PINLESS_RESP_H

#include "exec/qpc.h"

/*
 * What the responder says of a message, or of a piece of it (IBTA 9.7.5, 9.9.3).
 * The transport turns it into a completion of the requester, or a packet.
 */
enum pinless_verdict {
	PINLESS_RESP_OK,
	PINLESS_RESP_RNR,	  /* no receive work request */
	PINLESS_RESP_MISS,	  /* a page is not in the translation */
	PINLESS_RESP_DROP,	  /* silence */
	PINLESS_RESP_NAK_INVALID, /* invalid request */
	PINLESS_RESP_NAK_ACCESS,  /* remote access error */
	PINLESS_RESP_NAK_OP,	  /* remote operational error */
};

enum pinless_verdict pinless_resp_begin(struct pinless_qpc *p,
					struct pinless_resp *r,
					const struct pinless_msg *msg,
					struct pinless_hints *hints);
enum pinless_verdict pinless_resp_atomic(struct pinless_qpc *p,
					 struct pinless_resp *r,
					 const struct pinless_msg *msg,
					 struct pinless_miss *miss);
enum pinless_verdict pinless_resp_end(struct pinless_qpc *p,
				      struct pinless_resp *r,
				      const struct pinless_msg *msg);
enum pinless_verdict pinless_resp_refuse(struct pinless_qpc *p,
					 struct pinless_resp *r,
					 const struct pinless_msg *msg,
					 u32 verr);

/**
 * pinless_resp_place() - where the next bytes of a message go, or come from
 * @p:   the responder's queue pair; its lock is held
 * @r:   state of the message: @walk.place and @walk.left count afterwards
 * @msg: the message, begun
 *
 * Context: any; takes the lock of a completion ring.
 * Return: OK, or as pinless_resp_refuse().
 */
static inline enum pinless_verdict
pinless_resp_place(struct pinless_qpc *p, struct pinless_resp *r,
		   const struct pinless_msg *msg)
{
	u32 verr;

	lockdep_assert_held(&p->lock);
	if (likely(pinless_sgl_place(&r->walk, &p->domain, &verr)))
		return PINLESS_RESP_OK;
	return pinless_resp_refuse(p, r, msg, verr);
}

#endif /* PINLESS_RESP_H */
