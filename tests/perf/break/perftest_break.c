// SPDX-License-Identifier: GPL-2.0
// Copyright (c) 2026 The pinless authors
/*
 * A library for LD_PRELOAD that spoils what one side of a perftest program does, so
 * that tests can check that it is noticed; PERFTEST_BREAK says what:
 *
 *	flip@N		the Nth send request's source has a wrong bit
 *	short@N		the Nth send request is a byte shorter
 *	long@N		the Nth send request is a byte longer
 *	empty@N		the Nth send request moves nothing
 *	add@N		the Nth atomic operation adds one more
 *	refuse@N	posting the Nth send request fails
 *	clock@N		the monotonic clock runs N times as fast
 *	no-time@N	the time of day cannot be read the first N times, so that the
 *			rate of the CPU's clock stays unknown as often
 *	late@N		a server of rdma_cm begins to listen N milliseconds late
 *	no-odp		the device has no On-Demand Paging
 *	no-transports	the device has it, but on no transport
 *	events		nothing is spoiled; at the end the completion events that
 *			were taken are printed, and whether mlx5 would deliver data
 *			in completions
 *
 * Requests count from 1 in the whole program, without those of librdmacm's own device
 * contexts, by which the sides talk with -z. perftest must use ibv_post_send()
 * (--use_old_post_send).
 */
#include <dlfcn.h>
#include <errno.h>
#include <infiniband/verbs.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const char *const kinds[] = {
	"flip", "short", "long", "empty", "add", "refuse", "clock", "no-time", "late",
	"no-odp", "no-transports", "events",
};

enum kind {
	FLIP, SHORT, LONG, EMPTY, ADD, REFUSE, CLOCK, NO_TIME, LATE, NO_ODP, NO_TRANSPORTS, EVENTS,
	KINDS
};

typedef int post_send_function(struct ibv_qp *qp, struct ibv_send_wr *wr,
			       struct ibv_send_wr **bad_wr);
typedef int query_function(struct ibv_context *context, const struct ibv_query_device_ex_input *input,
			   struct ibv_device_attr_ex *attr, size_t size);
typedef int clock_function(clockid_t clock, struct timespec *now);
struct rdma_cm_id;

typedef int listen_function(struct rdma_cm_id *id, int backlog);
typedef int time_function(struct timeval *now, void *zone);

static enum kind chosen = KINDS;
static unsigned long number;
static unsigned long posted, events;
static post_send_function *real_post_send;
static query_function *real_query;
static clock_function *real_clock;
static time_function *real_time;

static void *real(const char *name)
{
	void *symbol = dlsym(RTLD_NEXT, name);

	if (!symbol) {
		fprintf(stderr, "perftest_break: there is no %s() to be called\n", name);
		abort();
	}
	return symbol;
}

__attribute__((constructor)) static void choose(void)
{
	const char *word = getenv("PERFTEST_BREAK");
	const char *at = word ? strchrnul(word, '@') : NULL;

	real_clock = (clock_function *)real("clock_gettime");
	real_time = (time_function *)real("gettimeofday");
	for (enum kind kind = 0; word && kind < KINDS; kind++)
		if (strlen(kinds[kind]) == (size_t)(at - word) &&
		    !strncmp(word, kinds[kind], at - word))
			chosen = kind;
	if (word && *at)
		number = strtoul(at + 1, NULL, 10);
	if (chosen == KINDS || (chosen <= LATE && !number)) {
		fprintf(stderr, "perftest_break: PERFTEST_BREAK is '%s': want one of the words in perftest_break.c\n",
			word ? word : "");
		abort();
	}
}

__attribute__((destructor)) static void report(void)
{
	const char *scatter = getenv("MLX5_SCATTER_TO_CQE");

	if (chosen == EVENTS)
		fprintf(stderr, "perftest_break: %lu completion events, scatter to CQE %s\n",
			events, scatter && !strcmp(scatter, "0") ? "off" : "on");
	else if (chosen < CLOCK && posted < number)
		fprintf(stderr, "perftest_break: only %lu requests were posted\n", posted);
}

static int post_send(struct ibv_qp *qp, struct ibv_send_wr *wr, struct ibv_send_wr **bad_wr)
{
	struct ibv_send_wr other = *wr;
	struct ibv_sge sge;

	if (++posted != number || wr->next || wr->num_sge != 1)
		return real_post_send(qp, wr, bad_wr);
	sge = wr->sg_list[0];
	other.sg_list = &sge;
	switch (chosen) {
	case FLIP:
		*(uint8_t *)(uintptr_t)(sge.addr + sge.length - 1) ^= 0x10;
		break;
	case SHORT:
		sge.length--;
		break;
	case LONG:
		sge.length++;
		break;
	case EMPTY:
		other.num_sge = 0;
		break;
	case ADD:
		other.wr.atomic.compare_add++;
		break;
	default:
		*bad_wr = wr;
		return ENOMEM;
	}
	return real_post_send(qp, &other, bad_wr);
}

static int query(struct ibv_context *context, const struct ibv_query_device_ex_input *input,
		 struct ibv_device_attr_ex *attr, size_t size)
{
	int err = real_query(context, input, attr, size);

	if (err || size < sizeof(*attr))
		return err;
	if (chosen == NO_ODP)
		attr->odp_caps.general_caps = 0;
	memset(&attr->odp_caps.per_transport_caps, 0, sizeof(attr->odp_caps.per_transport_caps));
	attr->xrc_odp_caps = 0;
	return 0;
}

/* The verbs that are fast are called through the context, not by their names. */
struct ibv_context *ibv_open_device(struct ibv_device *device)
{
	struct ibv_context *(*open)(struct ibv_device *device) = real("ibv_open_device");
	struct ibv_context *context = open(device);
	struct verbs_context *verbs;
	Dl_info caller;

	if (!context)
		return NULL;
	if (dladdr(__builtin_return_address(0), &caller) && strstr(caller.dli_fname, "librdmacm"))
		return context;
	if (chosen < CLOCK) {
		real_post_send = context->ops.post_send;
		context->ops.post_send = post_send;
	}
	verbs = verbs_get_ctx(context);
	if (verbs && (chosen == NO_ODP || chosen == NO_TRANSPORTS)) {
		real_query = verbs->query_device_ex;
		verbs->query_device_ex = query;
	}
	return context;
}

int ibv_get_cq_event(struct ibv_comp_channel *channel, struct ibv_cq **cq, void **cq_context)
{
	int (*get)(struct ibv_comp_channel *channel, struct ibv_cq **cq, void **cq_context) =
		real("ibv_get_cq_event");
	int err = get(channel, cq, cq_context);

	if (!err)
		events++;
	return err;
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
	static const int64_t second = 1000000000;
	int err = real_clock ? real_clock(clock, now) : -1;

	if (!err && chosen == CLOCK && clock == CLOCK_MONOTONIC) {
		int64_t fast = (now->tv_sec * second + now->tv_nsec) * (int64_t)number;

		now->tv_sec = fast / second;
		now->tv_nsec = fast % second;
	}
	return err;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
	static unsigned long asked;

	if (chosen == NO_TIME && asked++ < number)
		return -1;
	return real_time ? real_time(now, zone) : -1;
}

int rdma_listen(struct rdma_cm_id *id, int backlog)
{
	if (chosen == LATE)
		usleep(number * 1000);
	return ((listen_function *)real("rdma_listen"))(id, backlog);
}
