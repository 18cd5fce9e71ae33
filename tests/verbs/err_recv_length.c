// SPDX-License-Identifier: GPL-2.0
/*
 * Description: a message longer than the receive ends with a local length error at the receiver
 * and remote invalid request at the sender, and writes nothing past the receive; a shorter one
 * is fine.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <string.h>

#include "t_sweep.h"

#define REGION	(32 * T_PAGE)

static void kind_fn(struct t_pair *p, enum t_kind kind, void *arg)
{
	static const struct { uint32_t msg, recv; } sizes[] = {
		{ 1, 0 }, { 101, 100 }, { 4097, 4096 }, { 50000, 49999 }, { 100000, 16 },
	};
	struct t_buf l, r;
	unsigned int i;

	(void)arg;
	t_buf_open(&l, p->a.pd, kind, REGION, T_ACCESS_ALL);
	t_buf_open(&r, p->b.pd, kind, REGION, T_ACCESS_ALL);
	for (i = 0; i < T_ARRAY_SIZE(sizes); i++) {
		struct ibv_sge s = t_sge(&l, 3, sizes[i].msg), rs = t_sge(&r, 5, sizes[i].recv);
		struct ibv_send_wr wr = t_send_wr(IBV_WR_SEND, 1, &s, 1, 0, 0);

		t_case("%s, message of %u bytes, receive of %u", t_kind_name(kind), sizes[i].msg,
		       sizes[i].recv);
		t_post_recv(&p->b, 77, sizes[i].recv ? &rs : NULL, 1);
		t_expect_error(p, &wr, IBV_WC_REM_INV_REQ_ERR, IBV_WC_LOC_LEN_ERR, -1);
		/* What fits may have arrived. */
		memcpy(t_shadow(&r, 5), r.addr + 5, sizes[i].recv);
		t_buf_check_all("target side memory", &r);
	}
	for (i = 0; i < T_ARRAY_SIZE(sizes); i++) {
		struct ibv_sge s = t_sge(&l, 3, sizes[i].recv), rs = t_sge(&r, 5, sizes[i].msg);
		struct ibv_send_wr wr = t_send_wr(IBV_WR_SEND, 1, &s, 1, 0, 0);
		struct ibv_wc wc;

		t_case("%s, message of %u bytes, receive of %u", t_kind_name(kind), sizes[i].recv,
		       sizes[i].msg);
		t_post_recv(&p->b, 77, &rs, 1);
		t_post(&p->a, &wr);
		t_expect_wc("SEND", p->a.scq, 1, IBV_WC_SUCCESS, NULL);
		if (t_expect_wc("receive", p->b.rcq, 77, IBV_WC_SUCCESS, &wc))
			t_eq("byte_len", wc.byte_len, sizes[i].recv);
		memcpy(t_shadow(&r, 5), t_shadow(&l, 3), sizes[i].recv);
		t_buf_check_all("target side memory", &r);
	}
	t_buf_close(&l);
	t_buf_close(&r);
}

int main(void)
{
	t_start(60);
	t_each_kind(IBV_WR_SEND, kind_fn, NULL, NULL);
	return t_finish();
}
