// SPDX-License-Identifier: GPL-2.0
// Copyright (c) 2026 The pinless authors
#include "rdma/endpoint.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "base/clock.h"

/* A handful is enough: one operation is in flight at a time. */
#define QUEUE_DEPTH	16

static volatile sig_atomic_t limit_passed;

static void on_alarm(int signal_number)
{
	(void)signal_number;
	limit_passed = 1;
}

/*
 * The timer repeats: had it fired only once, between the look at limit_passed and the sleep, the
 * sleep would never end.
 */
void endpoint_limit(unsigned int seconds)
{
	struct itimerval timer = { .it_value.tv_sec = seconds,
				   .it_interval.tv_usec = seconds ? 100000 : 0 };

	if (seconds)
		limit_passed = 0;
	setitimer(ITIMER_REAL, &timer, NULL);
}

static void destroy_queues(struct endpoint *endpoint)
{
	if (endpoint->qp)
		ibv_destroy_qp(endpoint->qp);
	if (endpoint->send_cq) {
		/* Destroying a queue waits for the acknowledgement of each of its events. */
		ibv_ack_cq_events(endpoint->send_cq, endpoint->unacked);
		endpoint->unacked = 0;
		ibv_destroy_cq(endpoint->send_cq);
	}
	if (endpoint->recv_cq)
		ibv_destroy_cq(endpoint->recv_cq);
	endpoint->qp = NULL;
	endpoint->send_cq = NULL;
	endpoint->recv_cq = NULL;
	endpoint->stale_event = false;
}

static int create_queues(struct endpoint *endpoint, struct message *why)
{
	struct ibv_qp_init_attr init = {
		.qp_type = IBV_QPT_RC,
		.cap = {
			.max_send_wr = QUEUE_DEPTH, .max_recv_wr = QUEUE_DEPTH,
			.max_send_sge = 1, .max_recv_sge = 1,
		},
	};
	struct ibv_qp_attr attr = {
		.qp_state = IBV_QPS_INIT,
		.port_num = endpoint->choice->port,
		.qp_access_flags = IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_WRITE |
				   IBV_ACCESS_REMOTE_READ |
				   (endpoint->choice->atomics ? IBV_ACCESS_REMOTE_ATOMIC : 0),
	};
	int err;

	errno = 0;
	endpoint->send_cq = ibv_create_cq(endpoint->context, QUEUE_DEPTH, NULL, endpoint->channel,
					  0);
	endpoint->recv_cq = ibv_create_cq(endpoint->context, QUEUE_DEPTH, NULL, NULL, 0);
	if (!endpoint->send_cq || !endpoint->recv_cq)
		return explain_error(why, "ibv_create_cq", errno ? errno : EIO);
	init.send_cq = endpoint->send_cq;
	init.recv_cq = endpoint->recv_cq;
	endpoint->qp = ibv_create_qp(endpoint->pd, &init);
	if (!endpoint->qp)
		return explain_error(why, "ibv_create_qp", errno ? errno : EIO);
	err = ibv_modify_qp(endpoint->qp, &attr, IBV_QP_STATE | IBV_QP_PKEY_INDEX | IBV_QP_PORT |
			    IBV_QP_ACCESS_FLAGS);
	if (err)
		return explain_error(why, "ibv_modify_qp to INIT", err);
	endpoint->psn = (uint32_t)random() & 0xffffff;
	return 0;
}

int endpoint_open(struct endpoint *endpoint, const struct choice *choice, struct message *why)
{
	struct sigaction action = { .sa_handler = on_alarm };
	int err;

	memset(endpoint, 0, sizeof(*endpoint));
	endpoint->choice = choice;
	/* No SA_RESTART: the point of the signal is to end a sleep. */
	sigaction(SIGALRM, &action, NULL);
	endpoint->context = open_named_device(choice->name, why->text, sizeof(why->text));
	if (!endpoint->context)
		return -ENODEV;
	errno = 0;
	endpoint->pd = ibv_alloc_pd(endpoint->context);
	endpoint->channel = ibv_create_comp_channel(endpoint->context);
	if (!endpoint->pd || !endpoint->channel)
		err = explain_error(why, "ibv_alloc_pd, ibv_create_comp_channel",
				    errno ? errno : EIO);
	else
		err = create_queues(endpoint, why);
	if (err)
		endpoint_close(endpoint);
	return err;
}

void endpoint_close(struct endpoint *endpoint)
{
	if (!endpoint->context)
		return;
	destroy_queues(endpoint);
	if (endpoint->channel)
		ibv_destroy_comp_channel(endpoint->channel);
	if (endpoint->pd)
		ibv_dealloc_pd(endpoint->pd);
	ibv_close_device(endpoint->context);
	memset(endpoint, 0, sizeof(*endpoint));
}

int endpoint_rebuild(struct endpoint *endpoint, struct message *why)
{
	destroy_queues(endpoint);
	return create_queues(endpoint, why);
}

void endpoint_address(const struct endpoint *endpoint, struct address *address)
{
	*address = (struct address){
		.qp_number = endpoint->qp ? endpoint->qp->qp_num : 0,
		.psn = endpoint->psn,
		.lid = endpoint->choice->lid,
		.gid = endpoint->choice->gid,
	};
}

int endpoint_connect(struct endpoint *endpoint, const struct address *remote, struct message *why)
{
	const struct choice *choice = endpoint->choice;
	struct ibv_qp_attr attr = {
		.qp_state = IBV_QPS_RTR,
		.path_mtu = choice->mtu,
		.dest_qp_num = remote->qp_number,
		.rq_psn = remote->psn,
		.max_dest_rd_atomic = (uint8_t)choice->read_depth,
		.min_rnr_timer = 12,
		.ah_attr = { .dlid = remote->lid, .port_num = choice->port },
		/*
		 * About a second (IBTA 9.7.6.1.3): an emulated or busy machine is slow, not lossy.
		 */
		.timeout = 18,
		.retry_cnt = 7,
		.rnr_retry = 7,
		.sq_psn = endpoint->psn,
		.max_rd_atomic = (uint8_t)choice->read_depth,
	};
	int err;

	if (choice->gid_index >= 0) {
		attr.ah_attr.is_global = 1;
		attr.ah_attr.grh.dgid = remote->gid;
		attr.ah_attr.grh.sgid_index = (uint8_t)choice->gid_index;
		attr.ah_attr.grh.hop_limit = 64;
	}
	err = ibv_modify_qp(endpoint->qp, &attr,
			    IBV_QP_STATE | IBV_QP_AV | IBV_QP_PATH_MTU | IBV_QP_DEST_QPN |
				    IBV_QP_RQ_PSN | IBV_QP_MAX_DEST_RD_ATOMIC |
				    IBV_QP_MIN_RNR_TIMER);
	if (err)
		return explain_error(why, "ibv_modify_qp to RTR", err);
	attr.qp_state = IBV_QPS_RTS;
	err = ibv_modify_qp(endpoint->qp, &attr, IBV_QP_STATE | IBV_QP_TIMEOUT | IBV_QP_RETRY_CNT |
			    IBV_QP_RNR_RETRY | IBV_QP_SQ_PSN | IBV_QP_MAX_QP_RD_ATOMIC);
	return err ? explain_error(why, "ibv_modify_qp to RTS", err) : 0;
}

/* Waits for one completion; the timer of endpoint_limit() must be running. */
static int await_completion(struct endpoint *endpoint, struct ibv_wc *completion)
{
	struct ibv_cq *cq;
	void *context;
	int count, err;

	for (;;) {
		count = ibv_poll_cq(endpoint->send_cq, 1, completion);
		if (count)
			return count < 0 ? -EIO : 0;
		if (endpoint->choice->poll) {
			if (limit_passed)
				return -ETIMEDOUT;
			continue;
		}
		err = ibv_req_notify_cq(endpoint->send_cq, 0);
		if (err)
			return -err;
		/* A completion that came before the queue was armed raises no event. */
		count = ibv_poll_cq(endpoint->send_cq, 1, completion);
		if (count) {
			endpoint->stale_event = true;
			return count < 0 ? -EIO : 0;
		}
		if (limit_passed)
			return -ETIMEDOUT;
		if (ibv_get_cq_event(endpoint->channel, &cq, &context)) {
			if (errno != EINTR)
				return -errno;
		} else {
			endpoint->unacked++;
		}
	}
}

/* Cleans up after a wait, outside of the timed section. */
static void settle_events(struct endpoint *endpoint)
{
	struct pollfd channel = { .fd = endpoint->channel->fd, .events = POLLIN };
	struct ibv_cq *cq;
	void *context;

	if (endpoint->stale_event && poll(&channel, 1, 0) == 1 &&
	    !ibv_get_cq_event(endpoint->channel, &cq, &context)) {
		endpoint->unacked++;
		endpoint->stale_event = false;
	}
	if (endpoint->unacked) {
		ibv_ack_cq_events(endpoint->send_cq, endpoint->unacked);
		endpoint->unacked = 0;
	}
}

int endpoint_transfer_unlimited(struct endpoint *endpoint, struct ibv_send_wr *request,
				uint64_t *elapsed, struct message *why)
{
	struct ibv_send_wr *bad;
	struct ibv_wc completion;
	uint64_t start;
	int err;

	request->send_flags |= IBV_SEND_SIGNALED;
	start = now_ns();
	err = ibv_post_send(endpoint->qp, request, &bad);
	if (err)
		return explain_error(why, "ibv_post_send", err);
	err = await_completion(endpoint, &completion);
	*elapsed = now_ns() - start;
	settle_events(endpoint);
	if (err == -ETIMEDOUT)
		snprintf(why->text, sizeof(why->text), "timeout: no completion within %d s",
			 ENDPOINT_LIMIT_S);
	else if (err)
		explain_error(why, "waiting for a completion", -err);
	else if (completion.status != IBV_WC_SUCCESS) {
		snprintf(why->text, sizeof(why->text), "completed with: %s",
			 ibv_wc_status_str(completion.status));
		err = -EIO;
	}
	return err;
}

int endpoint_transfer(struct endpoint *endpoint, struct ibv_send_wr *request, uint64_t *elapsed,
		      struct message *why)
{
	int err;

	endpoint_limit(ENDPOINT_LIMIT_S);
	err = endpoint_transfer_unlimited(endpoint, request, elapsed, why);
	endpoint_limit(0);
	return err;
}

int endpoint_post_recv(struct endpoint *endpoint, const struct ibv_mr *mr, void *memory,
		       uint32_t length, struct message *why)
{
	struct ibv_sge sge = { .addr = (uintptr_t)memory, .length = length, .lkey = mr->lkey };
	struct ibv_recv_wr request = { .sg_list = &sge, .num_sge = 1 }, *bad;
	int err = ibv_post_recv(endpoint->qp, &request, &bad);

	return err ? explain_error(why, "ibv_post_recv", err) : 0;
}

int endpoint_reap_recv(struct endpoint *endpoint, uint32_t length, struct message *why)
{
	uint64_t limit = now_ns() + ENDPOINT_LIMIT_S * 1000000000ull;
	struct ibv_wc completion;
	int count;

	while (!(count = ibv_poll_cq(endpoint->recv_cq, 1, &completion))) {
		if (now_ns() > limit) {
			snprintf(why->text, sizeof(why->text),
				 "timeout: no receive completion within %d s", ENDPOINT_LIMIT_S);
			return -ETIMEDOUT;
		}
		sched_yield();
	}
	if (count < 0)
		return explain_error(why, "ibv_poll_cq", EIO);
	if (completion.status != IBV_WC_SUCCESS)
		snprintf(why->text, sizeof(why->text), "receive completed with: %s",
			 ibv_wc_status_str(completion.status));
	else if (completion.byte_len != length)
		snprintf(why->text, sizeof(why->text),
			 "the receive completion says %u bytes instead of %u", completion.byte_len,
			 length);
	else
		return 0;
	return -EIO;
}
