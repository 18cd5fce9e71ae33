/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/* Copyright (c) 2026 The pinless authors */
#ifndef PINLESS_H
#define PINLESS_H

#include <pthread.h>
#include <stdatomic.h>

#include <ccan/array_size.h>
#include <infiniband/driver.h>
#include <util/compiler.h>

#include "lock.h"
#include "ring.h"
#include "table.h"

/**
 * struct pinless_context - an open device
 * @vctx:     libibverbs' part
 * @qps:      the queue pairs, to be found by the number in a completion
 * @qps_lock: serialises changes of @qps; taken before the locks of completion
 *            queues
 */
struct pinless_context {
	struct verbs_context vctx;
	struct pinless_table qps;
	pthread_mutex_t qps_lock;
};

/**
 * struct pinless_td - a thread domain: the user serialises its queues
 * @td:     libibverbs' part
 * @refcnt: parent domains that refer to it
 */
struct pinless_td {
	struct ibv_td td;
	atomic_int refcnt;
};

/**
 * struct pinless_pd - a protection domain, or a parent domain over one
 * @pd:     libibverbs' part
 * @refcnt: parent domains that refer to this one
 * @parent: the protection domain behind a parent domain, else NULL
 * @td:     the thread domain of a parent domain, or NULL
 */
struct pinless_pd {
	struct ibv_pd pd;
	atomic_int refcnt;
	struct pinless_pd *parent;
	struct pinless_td *td;
};

/**
 * struct pinless_map_area - a mapped queue
 * @addr:   where; NULL when there is none
 * @length: bytes
 */
struct pinless_map_area {
	void *addr;
	size_t length;
};

/**
 * struct pinless_cq - a completion queue
 * @vcq:      libibverbs' part
 * @lock: serialises polling; held from start_poll to end_poll
 * @ring: the entries
 * @cur:  the entry that the extended poll looks at
 * @area: the mapping
 */
struct pinless_cq {
	struct verbs_cq vcq;
	struct pinless_lock lock;
	struct pinless_cq_ring ring;
	const struct pinless_cqe *cur;
	struct pinless_map_area area;
};

/**
 * struct pinless_wq - a send or receive queue
 * @lock:    serialises posting; held over the doorbell
 * @ring:    the entries
 * @max_sge: entries of a scatter/gather list
 * @area:    the mapping
 */
struct pinless_wq {
	struct pinless_lock lock;
	struct pinless_ring ring;
	uint32_t max_sge;
	struct pinless_map_area area;
};

/**
 * struct pinless_qp - a queue pair
 * @vqp:        libibverbs' part
 * @sq:         the send queue
 * @rq:         the receive queue
 * @rq_ctl:     words of the receive queue shared with the driver
 * @state:      enum ibv_qp_state as last set by the process; not updated when
 *              the driver moves the queue pair to ERR
 * @qpn:        its number
 * @sig_all:    PINLESS_SEND_SIGNALED when every request is signaled, else 0
 * @max_inline: bytes of inline data in a request
 * @wr_prod:    between ibv_wr_start() and its end: index of the next entry
 * @wr_err:     errno value of the first error since ibv_wr_start()
 * @wr_cur:     the entry that setters fill
 */
struct pinless_qp {
	struct verbs_qp vqp;
	struct pinless_wq sq;
	struct pinless_wq rq;
	struct pinless_rq_ctl *rq_ctl;
	atomic_int state;
	uint32_t qpn;
	uint32_t max_inline;
	uint8_t sig_all;
	uint32_t wr_prod;
	int wr_err;
	struct pinless_send_wqe *wr_cur;
};

static inline struct pinless_context *to_pctx(struct ibv_context *context)
{
	return container_of(context, struct pinless_context, vctx.context);
}

static inline struct pinless_pd *to_ppd(struct ibv_pd *pd)
{
	return container_of(pd, struct pinless_pd, pd);
}

static inline struct pinless_cq *to_pcq(struct ibv_cq *cq)
{
	return container_of(cq, struct pinless_cq, vcq.cq);
}

static inline struct pinless_qp *to_pqp(struct ibv_qp *qp)
{
	return container_of(qp, struct pinless_qp, vqp.qp);
}

/* queue.c */
int pinless_map_queue(struct ibv_context *context, const struct pinless_map *map,
		      struct pinless_map_area *area);
void pinless_unmap_queue(struct pinless_map_area *area);
int pinless_doorbell(struct ibv_context *context, uint32_t queue, uint32_t prod);

/* pd.c */
struct ibv_pd *pinless_alloc_pd(struct ibv_context *context);
int pinless_dealloc_pd(struct ibv_pd *pd);
struct ibv_td *pinless_alloc_td(struct ibv_context *context,
				struct ibv_td_init_attr *attr);
int pinless_dealloc_td(struct ibv_td *td);
struct ibv_pd *
pinless_alloc_parent_domain(struct ibv_context *context,
			    struct ibv_parent_domain_init_attr *attr);

/* mr.c */
struct ibv_mr *pinless_reg_mr(struct ibv_pd *pd, void *addr, size_t length,
			      uint64_t iova, int access);
int pinless_dereg_mr(struct verbs_mr *vmr);

/* cq.c */
struct pinless_cq *pinless_cq_create(struct ibv_context *context,
				     const struct ibv_cq_init_attr_ex *attr);
struct ibv_cq *pinless_create_cq(struct ibv_context *context, int cqe,
				 struct ibv_comp_channel *channel,
				 int comp_vector);
int pinless_destroy_cq(struct ibv_cq *ibcq);
int pinless_poll_cq(struct ibv_cq *ibcq, int num_entries, struct ibv_wc *wc);
int pinless_req_notify_cq(struct ibv_cq *ibcq, int solicited_only);
void pinless_cq_retire(struct pinless_cq *cq, const struct pinless_cqe *cqe);

/* cq_ex.c */
struct ibv_cq_ex *pinless_create_cq_ex(struct ibv_context *context,
				       struct ibv_cq_init_attr_ex *attr);

/* qp.c */
struct ibv_qp *pinless_create_qp(struct ibv_pd *pd,
				 struct ibv_qp_init_attr *attr);
struct ibv_qp *pinless_create_qp_ex(struct ibv_context *context,
				    struct ibv_qp_init_attr_ex *attr);
int pinless_query_qp(struct ibv_qp *ibqp, struct ibv_qp_attr *attr, int mask,
		     struct ibv_qp_init_attr *init);
int pinless_modify_qp(struct ibv_qp *ibqp, struct ibv_qp_attr *attr, int mask);
int pinless_destroy_qp(struct ibv_qp *ibqp);

/* sendq.c, recvq.c, wr.c; more in sendq.h */
int pinless_post_send(struct ibv_qp *ibqp, struct ibv_send_wr *wr,
		      struct ibv_send_wr **bad_wr);
int pinless_post_recv(struct ibv_qp *ibqp, struct ibv_recv_wr *wr,
		      struct ibv_recv_wr **bad_wr);
int pinless_wr_check_ops(uint32_t qp_type, uint64_t send_ops);
void pinless_wr_set_ops(struct pinless_qp *qp, uint64_t send_ops);

#endif /* PINLESS_H */
