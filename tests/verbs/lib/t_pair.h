/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright (c) 2026 The pinless authors
 *
 * Connected RC queue pairs: two in one process, or one side of two processes.
 */
#ifndef T_PAIR_H
#define T_PAIR_H

#include <infiniband/verbs.h>

#include "t_dev.h"
#include "t_mem.h"
#include "t_test.h"

/** What queue pairs are made and connected with. */
struct t_attr {
	unsigned int max_send_wr, max_recv_wr, max_send_sge, max_recv_sge, max_inline;
	int sq_sig_all;
	/** IBV_ACCESS_* of the queue pair. */
	int qp_access;
	/** As in struct ibv_qp_attr. */
	uint8_t timeout, retry_cnt, rnr_retry, min_rnr_timer;
	uint8_t rd_atomic;
	int cqe;
	/** Nonzero: IBV_QP_EX_WITH_*, the queue pair serves ibv_wr_*. */
	uint64_t send_ops;
	/** Nonzero: IBV_WC_EX_WITH_*, the queues are made by ibv_create_cq_ex. */
	uint64_t wc_flags;
};

/** One end of a connection, with its own protection domain and queues. */
struct t_side {
	struct t_dev *d;
	struct ibv_pd *pd;
	struct ibv_comp_channel *chan;
	struct ibv_cq *scq, *rcq;
	struct ibv_qp *qp;
};

/** Side a is the initiator, side b the target, by convention of the helpers. */
struct t_pair {
	struct t_side a, b;
	struct t_attr attr;
};

/** What the other process must know to connect and to address a buffer. */
struct t_remote {
	uint32_t qpn;
	union ibv_gid gid;
	uint64_t addr;
	uint32_t rkey;
};

/** t_attr_default - 64 requests each way, all rights, patient timers */
struct t_attr t_attr_default(const struct t_dev *d);

/** t_side_open - make PD, channel, queues and a queue pair in RESET */
void t_side_open(struct t_side *s, struct t_dev *d, const struct t_attr *at);

/** t_side_new_qp - make a queue pair of the side's queues; NULL with errno on failure */
struct ibv_qp *t_side_new_qp(struct t_side *s, const struct t_attr *at);

/** t_side_close - destroy all of it; a failure to destroy is recorded */
void t_side_close(struct t_side *s);

/** t_qp_init - RESET to INIT; returns the error of ibv_modify_qp */
int t_qp_init(struct ibv_qp *qp, const struct t_attr *at);

/** t_qp_rtr - INIT to RTR */
int t_qp_rtr(struct ibv_qp *qp, const struct t_dev *d, const struct t_attr *at,
	     uint32_t dest_qpn, const union ibv_gid *dgid);

/** t_qp_rts - RTR to RTS */
int t_qp_rts(struct ibv_qp *qp, const struct t_attr *at);

/** t_qp_state - the state that the device reports */
enum ibv_qp_state t_qp_state(struct ibv_qp *qp);

/**
 * t_in_error - is the queue pair in the error state, now that its error has completed?
 *
 * rxe completes first and changes the state then: there it may take some time.
 */
bool t_in_error(const struct t_side *s);

/** t_qp_to - ask for a state with no other attribute; returns the error */
int t_qp_to(struct ibv_qp *qp, enum ibv_qp_state st);

/** t_qp_connect - RESET to RTS; ends the program on failure */
void t_qp_connect(struct ibv_qp *qp, const struct t_dev *d, const struct t_attr *at,
		  uint32_t dest_qpn, const union ibv_gid *dgid);

/** t_pair_open - two connected sides on one device; @at NULL: the defaults */
void t_pair_open(struct t_pair *p, struct t_dev *d, const struct t_attr *at);

/** t_pair_recycle - after an error: new queue pairs, empty completion queues */
void t_pair_recycle(struct t_pair *p);

/** t_pair_recycle_as - the same for two sides with attributes of their own */
void t_pair_recycle_as(struct t_pair *p, const struct t_attr *a, const struct t_attr *b);

/** t_pair_close - close both sides */
void t_pair_close(struct t_pair *p);

#endif
