/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef PINLESS_QPC_H
#define PINLESS_QPC_H

#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>
#include <rdma/ib_verbs.h>

#include "limits.h"
#include "obs/port.h"
#include "mm/mirror.h"
#include "exec/sgl.h"

struct pinless_ca;
struct pinless_cqring;
struct pinless_xport_ops;

/*
 * The queue pair proper. ib_core frees its struct ib_qp when destroy_qp()
 * returns; a peer that has looked this one up may still hold it then, finds
 * @dead under the lock, and lets go. Without having seen !@dead under the lock
 * nothing but the lock, @dead and @refs may be looked at.
 *
 * The send queue is run by one context at a time, which has the token: @running,
 * set and cleared under the lock. What only the holder of the token touches has
 * no lock of its own. destroy_qp() and the change to RESET wait for the token,
 * so its holder never waits for anything without bound: for such waits it gives
 * the token back and leaves a note in @wait.
 */

/* Why a send queue that has work is not being run. */
enum pinless_wait {
	PINLESS_WAIT_NONE,
	PINLESS_WAIT_TIMER, /* receiver not ready, or no answer */
	PINLESS_WAIT_FAULT, /* a page fault that may take any time */
};

/* What has become of the token that the caller of a function had. */
enum pinless_token {
	PINLESS_TOKEN_KEPT, /* the caller goes on */
	PINLESS_TOKEN_GONE, /* returned, or handed over: touch nothing more */
};

/* Whose memory, whose fault. */
enum pinless_side {
	PINLESS_SIDE_LOCAL,	/* elements of the send work request */
	PINLESS_SIDE_REMOTE,	/* the remote buffer of WRITE, READ, atomics */
	PINLESS_SIDE_RECV,	/* elements of the receive work request */
	PINLESS_SIDES,
};

/*
 * What must come into the translation before a work request can go on. Held by
 * the window, or by the slow fault that it is copied to.
 */
struct pinless_need {
	struct pinless_mirror *mirror;
	struct pinless_account *account;
	u64 addr;
	u64 len;
	u64 last;	/* page that the region ends in */
	bool write;
	enum pinless_side side;
};

/**
 * struct pinless_msg - a message, as the responder is told of it
 * @opcode:      enum pinless_opcode
 * @solicited:   the completion of the receive work request is to raise an event
 * @imm:         immediate data, where the opcode has some
 * @rkey:        key of the remote buffer
 * @addr:        iova of the remote buffer
 * @length:      bytes of the payload
 * @compare_add: operand of an atomic: compared with, or added
 * @swap:        operand of a compare-swap: stored
 */
struct pinless_msg {
	u8 opcode;
	bool solicited;
	__be32 imm;
	u32 rkey;
	u64 addr;
	u64 length;
	u64 compare_add;
	u64 swap;
};

/**
 * struct pinless_resp - what the responder has done of a message
 * @begun:    it has accepted it
 * @swapped:  the atomic has been done, @old is its result
 * @conn:     value of the responder's @conn when it accepted the message
 * @walk:     walk along the responder's memory
 * @far:      the remote buffer as an element
 * @recv_sge: the copy of the receive work request's elements
 * @old:      result of an atomic
 * @verr:     enum pinless_vendor_err, with a verdict that refuses
 *
 * It lies with the requester, whose token protects it; the responder's queue
 * pair is locked wherever exec/resp uses it.
 */
struct pinless_resp {
	bool begun;
	bool swapped;
	u32 verr;
	u64 conn;
	struct pinless_sgl walk;
	struct pinless_sge far;
	struct pinless_sge recv_sge[PINLESS_MAX_SGE];
	u64 old;
};

/**
 * struct pinless_op - the send work request under way; of the token's holder
 * @active:   there is one
 * @rnr_code: with PINLESS_STEP_RNR: the responder's RNR NAK timer, encoded
 * @wqe:      the copy of the entry's head; checked
 * @index:    its index in the send queue
 * @done:     bytes moved
 * @walk:     walk along the elements, or the inline data, of the sender
 * @inl:      the inline data as an element
 * @word:     the result of an atomic as an element
 * @resends:  time-outs since the last progress
 * @rnrs:     RNR waits of this request
 * @need:     what is missing, with PINLESS_STEP_MISS
 * @status:   enum ib_wc_status, with PINLESS_STEP_FAIL
 * @verr:     enum pinless_vendor_err, as well
 */
struct pinless_op {
	bool active;
	u8 rnr_code;
	struct pinless_send_wqe wqe;
	u32 index;
	u64 done;
	struct pinless_sgl walk;
	struct pinless_sge inl;
	struct pinless_sge word;
	u32 resends;
	u32 rnrs;
	struct pinless_need need;
	enum ib_wc_status status;
	u32 verr;
};

/**
 * struct pinless_sq - the send queue; of the token's holder but where noted
 * @va:      control words, then entries, which the process writes at any time
 * @entries: a power of two, 0 without a queue
 * @stride:  bytes from entry to entry
 * @prod:    entries ever posted; under the lock
 * @cons:    entries ever completed; the doorbell reads it too
 * @payload: the copy of what follows an entry's head: elements or inline data
 */
struct pinless_sq {
	void *va;
	u32 entries;
	u32 stride;
	u32 prod;
	u32 cons;
	void *payload;
};

/**
 * struct pinless_rq - the receive queue; under the lock of the queue pair
 * @va:      the producer index of the process, then entries
 * @entries: a power of two, 0 without a queue
 * @stride:  bytes from entry to entry
 * @cons:    entries ever taken
 * @taken:   one of them is being filled
 * @wr_id:   of the one being filled
 */
struct pinless_rq {
	void *va;
	u32 entries;
	u32 stride;
	u32 cons;
	bool taken;
	u64 wr_id;
};

/**
 * struct pinless_qpc - a queue pair
 * @refs:     one for the verbs object, one for each peer, work and doorbell
 * @rcu:      frees it
 * @ca:       channel adapter; not to be touched once @dead
 * @port:     its counters, likewise
 * @ibqp:     what ib_core has of it, likewise
 * @uctx:     whose doorbells count
 * @domain:   whose keys count
 * @xport:    how the responder is reached
 * @scq:      completions of the send queue
 * @rcq:      completions of the receive queue
 * @qpn:      its number
 * @sq_sig_all: every send work request is signaled
 * @cap:      sizes, as told to the process
 * @modify:   serialises modify_qp(); taken outside of @lock
 * @lock:     protects what follows down to @rq, and the token. Two queue pairs'
 *            locks are never held together. Not taken by the invalidation
 * @dead:     destroyed
 * @state:    enum ib_qp_state; read without the lock as a hint
 * @drain:    SQD was asked to tell when the queue is drained
 * @comm_est: the first message in RTR has been told
 * @conn:     names the connection, as no other ever was: changed with each RESET
 *            and RTR; 0 before the first
 * @attr:     as last modified
 * @sgid:     own address
 * @dgid:     address of the peer
 * @net:      cookie of the network namespace of @sgid
 * @running:  the token is taken
 * @again:    work has come while it was taken
 * @handed:   the token belongs to @work, which is queued
 * @waiters:  the return of the token is being waited for
 * @wait:     why there is work and no context that runs it
 * @wait_seq: tells a slow fault whether it is still being waited for
 * @fault_err: result of that fault
 * @rq:       the receive queue
 * @sq:       the send queue
 * @op:       the send work request under way
 * @msg:      what the responder is told of it; of the token's holder
 * @resp:     what the responder has done of it
 * @peer:     the queue pair that answered last, held, or NULL; of the token's
 *            holder
 * @peer_conn: value of the peer's @conn when it was found to be connected to us
 * @hints:    windows and leaves that it used last, and how it walks through
 *            memory; of the token's holder
 * @work:     runs the queue when its caller has done enough, and after timers
 */
struct pinless_qpc {
	refcount_t refs;
	struct rcu_head rcu;
	struct pinless_ca *ca;
	struct pinless_port *port;
	struct ib_qp *ibqp;
	struct ib_ucontext *uctx;
	struct pinless_domain domain;
	const struct pinless_xport_ops *xport;
	struct pinless_cqring *scq;
	struct pinless_cqring *rcq;
	u32 qpn;
	bool sq_sig_all;
	struct ib_qp_cap cap;
	struct mutex modify;	/* see above */

	spinlock_t lock;	/* see above */
	bool dead;
	u8 state;
	bool drain;
	bool comm_est;
	u64 conn;
	struct ib_qp_attr attr;
	union ib_gid sgid;
	union ib_gid dgid;
	u64 net;
	bool running;
	bool again;
	bool handed;
	bool waiters;
	u8 wait;
	u32 wait_seq;
	int fault_err;
	struct pinless_rq rq;

	struct pinless_sq sq;
	struct pinless_op op;
	struct pinless_msg msg;
	struct pinless_resp resp;
	struct pinless_qpc *peer;
	u64 peer_conn;
	struct pinless_hints hints[PINLESS_SIDES];
	struct delayed_work work;
};

void pinless_qpc_free(struct pinless_qpc *c);

/*
 * The caller has the token. It is no lock, so that another context may return it
 * than has taken it; all that can be asserted is that it is out.
 */
static inline void pinless_assert_token(const struct pinless_qpc *c)
{
	lockdep_assert(READ_ONCE(c->running));
}

static inline void pinless_qpc_put(struct pinless_qpc *c)
{
	if (c && refcount_dec_and_test(&c->refs))
		pinless_qpc_free(c);
}

void pinless_qpc_event(struct pinless_qpc *c, enum ib_event_type type);
void pinless_qpc_queue_work(struct pinless_qpc *c, unsigned long delay);
void pinless_qpc_hand_over(struct pinless_qpc *c);
void pinless_qpc_stop_waiting(struct pinless_qpc *c);
bool __must_check pinless_qpc_take(struct pinless_qpc *c);
void pinless_qpc_return(struct pinless_qpc *c);
void pinless_qpc_quiesce(struct pinless_qpc *c);
void pinless_qpc_fail(struct pinless_qpc *c);
void pinless_qpc_fail_event(struct pinless_qpc *c, enum ib_event_type type);

int pinless_qpc_init(void);
void pinless_qpc_exit(void);

#endif /* PINLESS_QPC_H */
