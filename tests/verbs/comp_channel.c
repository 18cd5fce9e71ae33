// SPDX-License-Identifier: GPL-2.0
/*
 * Description: completion channel: an armed queue raises one event per arm and none unarmed,
 * arming over completions that are already there loses no wake-up, and 1000 arm, poll, sleep
 * rounds against a posting thread never sleep for ever.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <poll.h>
#include <pthread.h>
#include <string.h>

#include "t_op.h"

#define ROUNDS	1000

static struct t_pair p;
static struct t_buf l, r;
static unsigned int polled;

static bool event(struct t_side *s, struct ibv_cq *expected, int ms)
{
	struct pollfd f = { .fd = s->chan->fd, .events = POLLIN };
	struct ibv_cq *cq;
	void *ctx;

	if (poll(&f, 1, ms) <= 0)
		return false;
	if (ibv_get_cq_event(s->chan, &cq, &ctx))
		t_die("ibv_get_cq_event failed");
	ibv_ack_cq_events(cq, 1);
	t_check(cq == expected, "event: expected for one queue, seen for another");
	return true;
}

static void write_one(uint64_t id)
{
	struct ibv_sge s = t_sge(&l, 0, 8);
	struct ibv_send_wr wr = t_send_wr(IBV_WR_RDMA_WRITE, id, &s, 1, r.iova, r.mr->rkey);

	t_post(&p.a, &wr);
}

static void basics(void)
{
	t_case("not armed");
	write_one(1);
	t_expect_wc("WRITE", p.a.scq, 1, IBV_WC_SUCCESS, NULL);
	t_check(!event(&p.a, p.a.scq, T_QUIET_MS), "expected no event, seen one");

	t_case("armed once, two completions");
	t_eq("ibv_req_notify_cq", ibv_req_notify_cq(p.a.scq, 0), 0);
	t_check(!event(&p.a, p.a.scq, T_QUIET_MS), "before the completion: expected no event");
	write_one(2);
	t_check(event(&p.a, p.a.scq, t_scale(3000)), "expected an event, seen none in 3 s");
	write_one(3);
	t_check(!event(&p.a, p.a.scq, T_QUIET_MS),
		"second completion: expected no event, seen one");
	t_expect_wc("WRITE", p.a.scq, 2, IBV_WC_SUCCESS, NULL);
	t_expect_wc("WRITE", p.a.scq, 3, IBV_WC_SUCCESS, NULL);

	t_case("armed twice before one completion");
	ibv_req_notify_cq(p.a.scq, 0);
	ibv_req_notify_cq(p.a.scq, 0);
	write_one(4);
	t_check(event(&p.a, p.a.scq, t_scale(3000)), "expected an event, seen none in 3 s");
	t_check(!event(&p.a, p.a.scq, T_QUIET_MS), "expected one event, seen two");
	t_expect_wc("WRITE", p.a.scq, 4, IBV_WC_SUCCESS, NULL);
}

static void *poster(void *arg)
{
	uint64_t seed = 5;
	unsigned int i;

	(void)arg;
	for (i = 0; i < ROUNDS; i++) {
		/* A few instructions, or long enough that the other side sleeps. */
		for (volatile unsigned int n = t_rand(&seed) % 3000; n; n--)
			;
		if (t_rand(&seed) % 8 == 0)
			t_sleep_ms(1);
		write_one(100 + i);
		while (__atomic_load_n(&polled, __ATOMIC_ACQUIRE) + 32 < i)
			t_sleep_ms(1);
	}
	return NULL;
}

static void no_lost_wakeup(void)
{
	unsigned int got = 0, slept = 0;
	struct ibv_wc wc;
	pthread_t t;

	t_case("arm, poll, sleep against a posting thread");
	t_thread(&t, poster, NULL);
	while (got < ROUNDS) {
		if (ibv_poll_cq(p.a.scq, 1, &wc) > 0) {
			t_eq("wr_id", wc.wr_id, 100 + got);
			got++;
			__atomic_store_n(&polled, got, __ATOMIC_RELEASE);
			continue;
		}
		ibv_req_notify_cq(p.a.scq, 0);
		if (ibv_poll_cq(p.a.scq, 1, &wc) > 0) {
			t_eq("wr_id", wc.wr_id, 100 + got);
			got++;
			__atomic_store_n(&polled, got, __ATOMIC_RELEASE);
			continue;
		}
		slept++;
		if (!t_check(event(&p.a, p.a.scq, t_scale(5000)),
			     "lost wake-up: slept 5 s after %u of %u completions", got, ROUNDS))
			t_die("going on is pointless");
	}
	pthread_join(t, NULL);
	if (!slept)
		t_skip_case("the waiting side never slept: nothing was shown");
}

int main(void)
{
	struct t_dev d;

	t_start(60);
	d = t_dev_open();
	t_pair_open(&p, &d, NULL);
	t_buf_open(&l, p.a.pd, T_PINNED, T_PAGE, T_ACCESS_ALL);
	t_buf_open(&r, p.b.pd, T_PINNED, T_PAGE, T_ACCESS_ALL);
	basics();
	no_lost_wakeup();
	while (event(&p.a, p.a.scq, 0))
		;
	t_buf_close(&l);
	t_buf_close(&r);
	t_pair_close(&p);
	t_dev_close(&d);
	return t_finish();
}
