// SPDX-License-Identifier: GPL-2.0
/* Copyright (c) 2026 The pinless authors */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "t_peer.h"

#define CONNECT_STEP	1

struct t_meet *t_meet_new(void)
{
	void *p = mmap(NULL, sizeof(struct t_meet), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		t_die("mmap of shared memory: %s", strerror(errno));
	return p;
}

void t_meet_at(struct t_meet *m, int me, int step)
{
	uint64_t end = t_ms() + t_scale(30000);

	__atomic_store_n(&m->step[me], step, __ATOMIC_RELEASE);
	while (__atomic_load_n(&m->step[!me], __ATOMIC_ACQUIRE) < step) {
		if (t_ms() > end)
			t_die("process %d waited 30 s for the other at step %d", me, step);
		t_sleep_ms(1);
	}
}

void t_peer_connect(struct t_meet *m, int me, struct t_side *s, const struct t_attr *at,
		    const void *mr_addr, uint32_t rkey)
{
	m->remote[me] = (struct t_remote){
		.qpn = s->qp->qp_num,
		.gid = s->d->gid,
		.addr = (uintptr_t)mr_addr,
		.rkey = rkey,
	};
	t_meet_at(m, me, CONNECT_STEP);
	t_qp_connect(s->qp, s->d, at, m->remote[!me].qpn, &m->remote[!me].gid);
	t_meet_at(m, me, CONNECT_STEP + 1);
}
