// SPDX-License-Identifier: GPL-2.0
/*
 * Description: registration of unusual ranges: no bytes, one byte, one page to 1 TiB of reserved
 * memory, never touched; the end of the address space and sums that wrap are refused; the last
 * bytes of a huge region can be written.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "t_op.h"

static struct t_pair p;
static struct t_dev d;

static void ends(enum t_kind kind)
{
	char *m = t_mmap(4 * T_PAGE);
	struct t_buf l, r;
	struct ibv_mr *mr;

	t_case("%s, 1 byte", t_kind_name(kind));
	t_buf_open(&l, p.a.pd, T_PINNED, T_PAGE, T_ACCESS_ALL);
	t_buf_open(&r, p.b.pd, kind, 1, T_ACCESS_ALL);
	t_do(&p, &(struct t_op){ .opcode = IBV_WR_RDMA_WRITE, .l = &l, .r = &r, .loff = 9,
				 .len = 1 });
	t_buf_check_all("target side memory", &r);
	t_buf_close(&l);
	t_buf_close(&r);

	t_case("%s, length wraps", t_kind_name(kind));
	mr = t_try_reg(p.a.pd, kind, m, -(size_t)m + T_PAGE, T_ACCESS_ALL);
	t_check(!mr, "expected an error, seen success");
	t_case("%s, to the end of the address space", t_kind_name(kind));
	mr = t_try_reg(p.a.pd, kind, (void *)-(uintptr_t)(4 * T_PAGE), 4 * T_PAGE, T_ACCESS_ALL);
	t_check(!mr, "expected an error, seen success");
	if (mr)
		t_dereg(mr);
	t_case("%s, kernel addresses", t_kind_name(kind));
	mr = t_try_reg(p.a.pd, kind, (void *)0xffff888000000000UL, T_PAGE, T_ACCESS_ALL);
	t_check(!mr, "expected an error, seen success");
	if (mr)
		t_dereg(mr);
	if (kind == T_PINNED) {
		munmap(m, T_PAGE);
		t_case("pinned, not mapped");
		mr = t_try_reg(p.a.pd, kind, m, 2 * T_PAGE, T_ACCESS_ALL);
		t_check(!mr, "expected an error, seen success");
		if (mr)
			t_dereg(mr);
	}
	munmap(m, 4 * T_PAGE);
}

static void zero_length(enum t_kind kind)
{
	char *m = t_mmap(T_PAGE);
	struct ibv_send_wr wr;
	struct ibv_sge s;
	struct ibv_mr *mr;

	t_case("%s, no bytes", t_kind_name(kind));
	mr = t_try_reg(p.b.pd, kind, m, 0, T_ACCESS_ALL);
	/* The specification allows it; a driver may refuse it, cleanly. */
	if (!mr) {
		t_check(errno == EINVAL || errno == EOPNOTSUPP,
			"expected success or EINVAL, seen %s", strerror(errno));
		munmap(m, T_PAGE);
		return;
	}
	s = (struct ibv_sge){ (uintptr_t)m, 1, mr->lkey };
	wr = t_send_wr(IBV_WR_RDMA_WRITE, 1, NULL, 0, (uintptr_t)m, mr->rkey);
	t_post(&p.a, &wr);
	t_expect_wc("WRITE of no bytes", p.a.scq, 1, IBV_WC_SUCCESS, NULL);
	wr = t_send_wr(IBV_WR_SEND, 2, &s, 1, 0, 0);
	t_post(&p.b, &wr);
	t_expect_wc("SEND of one byte from it", p.b.scq, 2, IBV_WC_LOC_PROT_ERR, NULL);
	t_pair_recycle(&p);
	t_dereg(mr);
	munmap(m, T_PAGE);
}

static void huge(size_t size)
{
	struct t_buf l;
	struct ibv_mr *mr;
	char *m, want[64];
	uint64_t t0, us;
	size_t off;

	t_case("odp, %zu MiB never touched", size >> 20);
	m = mmap(NULL, size, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (m == MAP_FAILED) {
		t_skip_case("mmap: %s", strerror(errno));
		return;
	}
	t0 = t_cpu_us();
	mr = t_try_reg(p.b.pd, T_ODP, m, size, T_ACCESS_ALL);
	us = t_cpu_us() - t0;
	if (!t_check(mr != NULL, "expected success, seen %s", strerror(errno)))
		goto out;
	if (d.pinless)
		t_check(us < t_scale(50000), "registration: expected under 50 ms of CPU time, seen %llu us",
			(unsigned long long)us);
	t_buf_open(&l, p.a.pd, T_PINNED, T_PAGE, T_ACCESS_ALL);
	memcpy(want, l.addr, sizeof(want));
	for (off = 0; off <= size; off += size / 4) {
		size_t at = off < size ? off : size - T_PAGE;
		struct ibv_sge s = t_sge(&l, 0, sizeof(want));
		struct ibv_send_wr wr = t_send_wr(IBV_WR_RDMA_WRITE, 1, &s, 1, (uintptr_t)m + at,
						  mr->rkey);

		t_case("odp, %zu MiB, WRITE at byte %zu", size >> 20, at);
		t_post(&p.a, &wr);
		if (!t_expect_wc("WRITE", p.a.scq, 1, IBV_WC_SUCCESS, NULL)) {
			t_pair_recycle(&p);
			break;
		}
		t_bytes("data", m + at, want, sizeof(want));
	}
	t_buf_close(&l);
	t_dereg(mr);
out:
	munmap(m, size);
}

/* Address space without any memory: registered, but every access is refused. */
static void prot_none(void)
{
	size_t size = 1UL << 40;
	char *m = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	struct ibv_send_wr wr;
	struct ibv_mr *mr;
	struct ibv_sge s;
	struct t_buf l;

	t_case("odp, 1 TiB of PROT_NONE");
	if (m == MAP_FAILED) {
		t_skip_case("mmap: %s", strerror(errno));
		return;
	}
	mr = t_try_reg(p.b.pd, T_ODP, m, size, T_ACCESS_ALL);
	if (!t_check(mr != NULL, "expected success, seen %s", strerror(errno)))
		goto out;
	t_buf_open(&l, p.a.pd, T_PINNED, T_PAGE, T_ACCESS_ALL);
	s = t_sge(&l, 0, 8);
	wr = t_send_wr(IBV_WR_RDMA_WRITE, 1, &s, 1, (uintptr_t)m + size / 2, mr->rkey);
	t_expect_error(&p, &wr, IBV_WC_REM_ACCESS_ERR, -1, IBV_EVENT_QP_ACCESS_ERR);
	mprotect(m + size / 2, T_PAGE, PROT_READ | PROT_WRITE);
	t_post(&p.a, &wr);
	t_expect_wc("WRITE after mprotect", p.a.scq, 1, IBV_WC_SUCCESS, NULL);
	t_bytes("data", m + size / 2, l.addr, 8);
	t_buf_close(&l);
	t_dereg(mr);
out:
	munmap(m, size);
}

int main(void)
{
	int k, shift;

	t_start(60);
	d = t_dev_open();
	t_pair_open(&p, &d, NULL);
	for (k = T_PINNED; k <= T_ODP; k++) {
		if (!t_kind_ok(&d, k, IBV_WR_RDMA_WRITE))
			continue;
		ends(k);
		zero_length(k);
	}
	if (t_kind_ok(&d, T_ODP, IBV_WR_RDMA_WRITE)) {
		for (shift = 30; shift <= 40; shift += d.rxe ? 1 : 2) {
			/* Each takes rxe seconds, and from here on it refuses them all. */
			if (d.rxe && shift > 32)
				break;
			huge(1UL << shift);
		}
		if (!d.rxe)
			prot_none();
	}
	t_pair_close(&p);
	t_dev_close(&d);
	return t_finish();
}
