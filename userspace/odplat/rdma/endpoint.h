/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef ODPLAT_ENDPOINT_H
#define ODPLAT_ENDPOINT_H

#include <infiniband/verbs.h>
#include <stdbool.h>
#include <stdint.h>

#include "rdma/device.h"
#include "base/text.h"

/** ENDPOINT_LIMIT_S - seconds after which an operation counts as hung */
#define ENDPOINT_LIMIT_S	20

/** struct address - what the other side must know of an RC queue pair */
struct address {
	uint32_t qp_number;
	uint32_t psn;
	uint16_t lid;
	union ibv_gid gid;
};

/** struct endpoint - one RC queue pair with its completion queues, on a context of its own */
struct endpoint {
	const struct choice *choice;
	struct ibv_context *context;
	struct ibv_pd *pd;
	struct ibv_comp_channel *channel;
	struct ibv_cq *send_cq;
	struct ibv_cq *recv_cq;
	struct ibv_qp *qp;
	uint32_t psn;
	unsigned int unacked;		/* completion events read, not yet acknowledged */
	bool stale_event; /* armed without having slept: an event may lie in the channel */
};

/**
 * endpoint_open() - open the device and make a queue pair in state INIT
 * @endpoint: out
 * @choice: must outlive the endpoint
 * @why: out, on failure
 *
 * Return: 0 or a negative errno.
 */
int endpoint_open(struct endpoint *endpoint, const struct choice *choice, struct message *why);

/** endpoint_close() - undo endpoint_open(); all regions must be gone */
void endpoint_close(struct endpoint *endpoint);

/**
 * endpoint_rebuild() - replace queue pair and queues by new, unconnected ones, whatever state they
 * were in
 */
int endpoint_rebuild(struct endpoint *endpoint, struct message *why);

/** endpoint_address() - what the peer needs for endpoint_connect() */
void endpoint_address(const struct endpoint *endpoint, struct address *address);

/** endpoint_connect() - take the queue pair to RTS, towards @remote */
int endpoint_connect(struct endpoint *endpoint, const struct address *remote, struct message *why);

/**
 * endpoint_transfer() - post one signaled work request and wait for its completion
 * @request: the work request
 * @elapsed: out, nanoseconds from before the post until the completion was seen
 * @why: out, on failure
 *
 * The completion is awaited as a careful program does: poll; only when empty arm, poll again and
 * sleep. With choice.poll the queue is polled until it is there. A limit of ENDPOINT_LIMIT_S seconds is kept by an interval timer, set outside of the timed
 * section, which interrupts the sleep.
 *
 * Return: 0 or a negative errno, -ETIMEDOUT at the limit; after a failure the queue pair must be
 * rebuilt.
 */
int endpoint_transfer(struct endpoint *endpoint, struct ibv_send_wr *request, uint64_t *elapsed,
		      struct message *why);

/**
 * endpoint_transfer_unlimited() - the same under a limit that the caller keeps
 *
 * For operations of several threads, and where the timer's system calls would be measured.
 */
int endpoint_transfer_unlimited(struct endpoint *endpoint, struct ibv_send_wr *request,
				uint64_t *elapsed, struct message *why);

/**
 * endpoint_limit() - from now on waits of this process end with -ETIMEDOUT after @seconds; 0: no
 * longer
 *
 * The timer's signal wakes one thread of those that do not block SIGALRM, ten times a second.
 */
void endpoint_limit(unsigned int seconds);

/** endpoint_post_recv() - post one receive */
int endpoint_post_recv(struct endpoint *endpoint, const struct ibv_mr *mr, void *memory,
		       uint32_t length, struct message *why);

/**
 * endpoint_reap_recv() - the completion of one receive of @length bytes, or an error within the
 * limit
 */
int endpoint_reap_recv(struct endpoint *endpoint, uint32_t length, struct message *why);

#endif
