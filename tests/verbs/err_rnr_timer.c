// SPDX-License-Identifier: GPL-2.0
/*
 * Description: it is the target's min_rnr_timer that a message without a receive waits for, and the
 * initiator's rnr_retry that says how often; neither the other way round.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include "t_op.h"

/* Encodings 26 and 14 of min_rnr_timer (IBTA, RNR NAK timer field). */
#define LONG_TIMER	26
#define LONG_MS		164
#define SHORT_TIMER	14
#define RETRIES		2

static struct t_pair p;
static struct t_buf l;

/* How many ms the error took. */
static unsigned int time_to_error(const struct t_attr *a, const struct t_attr *b)
{
	struct ibv_sge s = t_sge(&l, 0, 100);
	struct ibv_send_wr wr = t_send_wr(IBV_WR_SEND, 1, &s, 1, 0, 0);
	uint64_t t0;

	t_pair_recycle_as(&p, a, b);
	t0 = t_ms();
	t_post(&p.a, &wr);
	t_expect_wc("SEND", p.a.scq, 1, IBV_WC_RNR_RETRY_EXC_ERR, NULL);
	return t_ms() - t0;
}

int main(void)
{
	struct t_attr a, b;
	unsigned int ms;
	struct t_dev d;

	t_start(60);
	d = t_dev_open();
	t_pair_open(&p, &d, NULL);
	t_buf_open(&l, p.a.pd, T_PINNED, T_PAGE, T_ACCESS_ALL);
	a = p.attr;
	b = p.attr;
	/* The target's own count and the initiator's own timer do not matter. */
	a.rnr_retry = RETRIES;
	b.rnr_retry = 7;
	t_case("the target asks for 164 ms, the initiator for 1 ms");
	a.min_rnr_timer = SHORT_TIMER;
	b.min_rnr_timer = LONG_TIMER;
	ms = time_to_error(&a, &b);
	t_check(ms + 2 >= RETRIES * LONG_MS, "time to the error: expected %u ms or more, seen %u",
		RETRIES * LONG_MS, ms);
	t_case("the target asks for 1 ms, the initiator for 164 ms");
	a.min_rnr_timer = LONG_TIMER;
	b.min_rnr_timer = SHORT_TIMER;
	/* On a busy machine once is no proof. */
	ms = time_to_error(&a, &b);
	if (ms >= RETRIES * LONG_MS)
		ms = time_to_error(&a, &b);
	if (ms >= RETRIES * LONG_MS)
		ms = time_to_error(&a, &b);
	t_check(ms < RETRIES * LONG_MS, "time to the error: expected less than %u ms, seen %u",
		RETRIES * LONG_MS, ms);
	t_buf_close(&l);
	t_pair_close(&p);
	t_dev_close(&d);
	return t_finish();
}
