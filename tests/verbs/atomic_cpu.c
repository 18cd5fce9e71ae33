// SPDX-License-Identifier: GPL-2.0
/*
 * Description: where the device says that atomics are global, its FETCH_ADD and COMPARE_SWAP are
 * atomic against CPU instructions on the same word, and against another queue pair's: no update
 * is lost.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <pthread.h>
#include <string.h>

#include "t_sweep.h"

#define OPS	2000

static uint64_t *word;
static volatile int stop;
static uint64_t cpu_adds;

static void *adder(void *arg)
{
	(void)arg;
	while (!stop) {
		__atomic_fetch_add(word, 1ULL << 32, __ATOMIC_RELAXED);
		cpu_adds++;
	}
	return NULL;
}

struct nic {
	struct t_pair *p;
	struct t_buf *l, *r;
};

static void *nic_adds(void *arg)
{
	struct nic *n = arg;
	unsigned int i;

	for (i = 0; i < OPS; i++) {
		struct ibv_sge s = t_sge(n->l, 0, 8);
		struct ibv_send_wr wr = t_send_wr(IBV_WR_ATOMIC_FETCH_AND_ADD, i, &s, 1, n->r->iova,
						  n->r->mr->rkey);

		wr.wr.atomic.compare_add = 1;
		t_post(&n->p->a, &wr);
		if (!t_expect_wc("FETCH_ADD", n->p->a.scq, i, IBV_WC_SUCCESS, NULL))
			break;
	}
	return NULL;
}

static void kind_fn(struct t_pair *p, enum t_kind kind, void *arg)
{
	struct t_buf l, r, l2;
	struct t_pair q;
	pthread_t cpu, nic;
	struct ibv_mr *other;
	struct t_buf r2;

	(void)arg;
	if (p->a.d->attr.orig_attr.atomic_cap != IBV_ATOMIC_GLOB) {
		t_skip_case("the device's atomics are not global (atomic_cap %d)",
			    p->a.d->attr.orig_attr.atomic_cap);
		return;
	}
	t_pair_open(&q, p->a.d, NULL);
	t_buf_open(&l, p->a.pd, kind, T_PAGE, T_ACCESS_ALL);
	t_buf_open(&l2, q.a.pd, kind, T_PAGE, T_ACCESS_ALL);
	t_buf_open(&r, p->b.pd, kind, T_PAGE, T_ACCESS_ALL);
	other = t_reg(q.b.pd, kind, r.addr, r.len, T_ACCESS_ALL);
	r2 = r;
	r2.mr = other;
	word = (uint64_t *)r.addr;
	*word = 0;
	stop = 0;
	cpu_adds = 0;
	t_thread(&cpu, adder, NULL);
	t_thread(&nic, nic_adds, &(struct nic){ &q, &l2, &r2 });
	nic_adds(&(struct nic){ p, &l, &r });
	pthread_join(nic, NULL);
	stop = 1;
	pthread_join(cpu, NULL);
	t_eq("additions by the two queue pairs", *word & 0xffffffff, 2 * OPS);
	t_eq("additions by the CPU", *word >> 32, cpu_adds & 0xffffffff);
	t_dereg(other);
	t_buf_close(&l);
	t_buf_close(&l2);
	t_buf_close(&r);
	t_pair_close(&q);
}

int main(void)
{
	t_start(60);
	t_each_kind(IBV_WR_ATOMIC_FETCH_AND_ADD, kind_fn, NULL, NULL);
	return t_finish();
}
