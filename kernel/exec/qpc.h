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
#include "mm/mirror.h"
#include "exec/sgl.h"
#include "verbs/device.h"
#include "verbs/uqueue.h"

struct pinless_cq;

/*
 * The queue pair proper. ib_core frees its struct ib_qp when destroy_qp()
 * returns; a peer that has looked this one up may still hold it then, finds
 * @dead under the lock, and lets go. Nothing but the lock, @dead and @refs may
 * be looked at by somebody who has not seen !@dead under the lock.
 *
 * Who runs the send queue has the token: @running, set and cleared under the
 * lock. What only the holder of the token touches has no lock of its own.
 * destroy_qp() and the change to RESET wait for the token, so its holder never
 * waits for anything without bound: for such waits it gives the token back and
 * leaves a note in @wait.
 */

/* Why a send queue that has work is not being run. */
enum pinless_wait {
	PINLESS_WAIT_NONE,
	PINLESS_WAIT_TIMER,	/* receiver not ready, or nobody answers */
	PINLESS_WAIT_FAULT,	/* a page fault that may take any time */
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
 * the region, or by the slow fault that it is copied to.
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
 * struct pinless_op - the send work request under way; of the token's holder
 * @active:   there is one
 * @begun:    the responder has accepted it
 * @swapped:  the atomic has been done, @old is its result
 * @wqe:      the copy of the entry's head; checked
 * @index:    its index in the send queue
 * @length:   bytes to move
 * @done:     bytes moved
 * @local:    walk along the elements, or the inline data, of the sender
 * @remote:   walk along the responder's memory
 * @inl:      the inline data as an element
 * @far:      the remote buffer as an element
 * @word:     @old as an element
 * @recv_sge: the copy of the receive work request's elements
 * @old:      result of an atomic
 * @conn:     value of the peer's @conn when it accepted the request
 * @resends:  time-outs since the last progress
 * @rnrs:     RNR waits of this request
 * @need:     what is missing, with pinless_exec() == PINLESS_STEP_MISS
 * @status:   enum ib_wc_status, with PINLESS_STEP_FAIL
 * @verr:     enum pinless_vendor_err, as well
 */
struct pinless_op {
	bool active;
	bool begun;
	bool swapped;
	struct pinless_send_wqe wqe;
	u32 index;
	u64 length;
	u64 done;
	struct pinless_sgl local;
	struct pinless_sgl remote;
	struct pinless_sge inl;
	struct pinless_sge far;
	struct pinless_sge word;
	struct pinless_sge recv_sge[PINLESS_MAX_SGE];
	u64 old;
	u64 conn;
	u32 resends;
	u32 rnrs;
	struct pinless_need need;
	enum ib_wc_status status;
	u32 verr;
};

/**
 * struct pinless_sq - the send queue; of the token's holder but where noted
 * @queue:   entries, written by the process at any time
 * @entries: a power of two, 0 without a queue
 * @stride:  bytes from entry to entry
 * @prod:    entries ever posted; under the lock
 * @cons:    entries ever completed; the doorbell reads it too
 * @payload: the copy of what follows an entry's head: elements or inline data
 */
struct pinless_sq {
	struct pinless_uqueue *queue;
	u32 entries;
	u32 stride;
	u32 prod;
	u32 cons;
	void *payload;
};

/**
 * struct pinless_rq - the receive queue; under the lock of the queue pair
 * @queue:   entries, and the producer index of the process
 * @entries: a power of two, 0 without a queue
 * @stride:  bytes from entry to entry
 * @cons:    entries ever taken
 * @taken:   one of them is being filled
 * @wr_id:   of the one being filled
 */
struct pinless_rq {
	struct pinless_uqueue *queue;
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
 * @pdev:     the device; not to be touched once @dead
 * @ibqp:     what ib_core has of it; not to be touched once @dead
 * @uctx:     whose doorbells count
 * @pd:       whose keys count
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
 * @waiters:  somebody waits for the token to be returned
 * @wait:     why there is work that nobody runs
 * @wait_seq: tells a slow fault whether it is still being waited for
 * @fault_err: result of that fault
 * @rq:       the receive queue
 * @sq:       the send queue
 * @op:       the send work request under way
 * @peer:     who answered last, held, or NULL; of the token's holder
 * @peer_conn: value of the peer's @conn when it was found to be connected to us
 * @hints:    regions and leaves that it used last, and how it walks through
 *            memory; of the token's holder
 * @work:     runs the queue when its caller has done enough, and after timers
 */
struct pinless_qpc {
	refcount_t refs;
	struct rcu_head rcu;
	struct pinless_device *pdev;
	struct ib_qp *ibqp;
	struct ib_ucontext *uctx;
	struct ib_pd *pd;
	struct pinless_cq *scq;
	struct pinless_cq *rcq;
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
	struct pinless_qpc *peer;
	u64 peer_conn;
	struct pinless_hints hints[PINLESS_SIDES];
	struct delayed_work work;
};

void pinless_qpc_free(struct pinless_qpc *c);

static inline void pinless_qpc_put(struct pinless_qpc *c)
{
	if (c && refcount_dec_and_test(&c->refs))
		pinless_qpc_free(c);
}

void pinless_qpc_event(struct pinless_qpc *c, enum ib_event_type type);
void pinless_qpc_queue_work(struct pinless_qpc *c, unsigned long delay);
void pinless_qpc_hand_over(struct pinless_qpc *c);
void pinless_qpc_stop_waiting(struct pinless_qpc *c);
bool pinless_qpc_take(struct pinless_qpc *c);
void pinless_qpc_return(struct pinless_qpc *c);
void pinless_qpc_quiesce(struct pinless_qpc *c);
void pinless_qpc_fail(struct pinless_qpc *c, enum ib_event_type type);

int pinless_qpc_init(void);
void pinless_qpc_exit(void);

#endif /* PINLESS_QPC_H */
