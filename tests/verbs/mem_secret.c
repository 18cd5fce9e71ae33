// SPDX-License-Identifier: GPL-2.0
/*
 * Description: memory of memfd_secret, which the kernel itself cannot reach: it cannot be
 * pinned, and every access by the device is refused, on both sides, without harm to the kernel.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "t_sweep.h"

#ifndef SYS_memfd_secret
#define SYS_memfd_secret	447
#endif

#define REGION	(4 * T_PAGE)

static char *map_secret(void)
{
	int fd = syscall(SYS_memfd_secret, 0);
	char *p;

	if (fd < 0)
		t_skip("memfd_secret: %s (the kernel needs secretmem.enable=1)", strerror(errno));
	if (ftruncate(fd, REGION))
		t_die("ftruncate: %s", strerror(errno));
	p = mmap(NULL, REGION, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		t_die("mmap of secret memory: %s (locked-memory limit?)", strerror(errno));
	close(fd);
	return p;
}

static void use(struct t_pair *p, enum t_kind kind, char *m)
{
	static const enum ibv_wr_opcode ops[] = {
		IBV_WR_RDMA_WRITE, IBV_WR_RDMA_READ, IBV_WR_ATOMIC_FETCH_AND_ADD,
	};
	struct ibv_mr *near = t_reg(p->a.pd, kind, m, REGION, T_ACCESS_ALL);
	struct ibv_mr *far = t_reg(p->b.pd, kind, m, REGION, T_ACCESS_ALL);
	struct t_buf l, r;
	unsigned int i;

	t_buf_open(&l, p->a.pd, T_PINNED, REGION, T_ACCESS_ALL);
	t_buf_open(&r, p->b.pd, T_PINNED, REGION, T_ACCESS_ALL);
	for (i = 0; i < T_ARRAY_SIZE(ops); i++) {
		struct ibv_sge s = t_sge(&l, 0, 8);
		struct ibv_send_wr wr = t_send_wr(ops[i], 1, &s, 1, (uintptr_t)m + 8, far->rkey);

		if (!t_kind_ok(p->a.d, kind, ops[i]))
			continue;
		t_case("%s %s, secret target", t_kind_name(kind), t_op_name(ops[i]));
		t_expect_error(p, &wr, IBV_WC_REM_ACCESS_ERR, -1, IBV_EVENT_QP_ACCESS_ERR);

		t_case("%s %s, secret memory on the initiator's side", t_kind_name(kind),
		       t_op_name(ops[i]));
		s = (struct ibv_sge){ (uintptr_t)m + T_PAGE, 8, near->lkey };
		wr = t_send_wr(ops[i], 1, &s, 1, r.iova, r.mr->rkey);
		t_expect_error(p, &wr, IBV_WC_LOC_PROT_ERR, -1, -1);
	}
	t_all_bytes("secret memory", m, 's', REGION);
	t_buf_check_all("target side memory", &r);
	t_buf_check_all("initiator side memory", &l);
	t_buf_close(&l);
	t_buf_close(&r);
	t_dereg(near);
	t_dereg(far);
}

static void kind_fn(struct t_pair *p, enum t_kind kind, void *arg)
{
	struct ibv_mr *mr;
	char *m;

	(void)arg;
	if (p->a.d->rxe && kind != T_PINNED) {
		t_skip_case("soft-RoCE reads such memory through HMM, which crashes the kernel");
		return;
	}
	m = map_secret();
	memset(m, 's', REGION);
	if (kind == T_PINNED) {
		t_case("pinned registration of secret memory");
		mr = t_try_reg(p->a.pd, kind, m, REGION, T_ACCESS_ALL);
		t_check(!mr && errno == EFAULT, "expected EFAULT, seen %s",
			mr ? "success" : strerror(errno));
		if (mr)
			t_dereg(mr);
	} else {
		use(p, kind, m);
	}
	munmap(m, REGION);
}

int main(void)
{
	t_start(60);
	t_each_kind(IBV_WR_RDMA_WRITE, kind_fn, NULL, NULL);
	return t_finish();
}
