// SPDX-License-Identifier: GPL-2.0
/*
 * Description: many requests wait for pages behind userfaultfd that do not arrive: another
 * process's slow faults and this one's quick ones are served meanwhile, queue pairs with such
 * requests can be destroyed, and the others complete when the pages come.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "t_leak.h"
#include "t_memory.h"
#include "t_op.h"
#include "t_peer.h"
#include "t_uffd.h"

#define CROWD		40
#define PROMPT_MS	3000

/* Steps: 1 the requests hang; 2 the other process has tried its own. */
static int crowd(void *arg)
{
	struct t_meet *meet = arg;
	struct t_dev d = t_dev_open();
	struct t_attr at = t_attr_default(&d);
	struct ibv_qp *qp[CROWD];
	char *m = t_mmap(CROWD * T_PAGE);
	struct t_buf good, l, r;
	struct t_side s;
	struct t_pair quick;
	struct ibv_mr *mr;
	struct ibv_wc wc;
	uint64_t t0;
	int i, uffd;

	t_case("the process with the slow pages");
	t_side_open(&s, &d, &at);
	t_pair_open(&quick, &d, &at);
	t_buf_open(&good, s.pd, T_PINNED, T_PAGE, T_ACCESS_ALL);
	t_buf_open(&l, quick.a.pd, T_ODP, 16 * T_PAGE, T_ACCESS_ALL);
	t_buf_open(&r, quick.b.pd, T_ODP, 16 * T_PAGE, T_ACCESS_ALL);
	uffd = t_uffd_hold(m, CROWD * T_PAGE);
	mr = t_reg(s.pd, T_ODP, m, CROWD * T_PAGE, T_ACCESS_ALL);
	for (i = 0; i < CROWD; i++) {
		struct ibv_sge sge = t_sge(&good, 0, 64);
		struct ibv_send_wr *bad, wr = t_send_wr(IBV_WR_RDMA_WRITE, i, &sge, 1,
							(uintptr_t)m + i * T_PAGE, mr->rkey);

		qp[i] = t_side_new_qp(&s, &at);
		if (!qp[i])
			t_die("ibv_create_qp: %s", strerror(errno));
		t_qp_connect(qp[i], &d, &at, qp[i]->qp_num, &d.gid);
		if (ibv_post_send(qp[i], &wr, &bad))
			t_die("ibv_post_send failed");
	}
	t_expect_quiet("requests to pages that are not there", s.scq);
	t0 = t_ms();
	for (i = 0; i < 4; i++)
		t_do(&quick, &(struct t_op){ .opcode = IBV_WR_RDMA_WRITE, .l = &l, .r = &r,
					     .roff = i * 4 * T_PAGE, .len = 10000 });
	t_check(t_ms() - t0 < t_scale(PROMPT_MS), "WRITEs to quick pages took %llu ms",
		(unsigned long long)(t_ms() - t0));
	t_meet_at(meet, 1, 1);
	t_meet_at(meet, 1, 2);
	/* From the first, whose faults run, and from the last, which wait for their turn. */
	t0 = t_ms();
	for (i = 0; i < CROWD; i += 2)
		t_check(!ibv_destroy_qp(qp[i]), "ibv_destroy_qp failed");
	t_check(t_ms() - t0 < t_scale(PROMPT_MS), "destruction of %d queue pairs took %llu ms",
		CROWD / 2, (unsigned long long)(t_ms() - t0));
	/* Without its descriptor the memory is like any other. */
	close(uffd);
	for (i = 0; i < CROWD / 2; i++) {
		if (!t_wc(s.scq, &wc, t_scale(T_WC_MS))) {
			t_fail("completions after the pages have come: expected %d, seen %d",
			       CROWD / 2, i);
			break;
		}
		t_eq("status", wc.status, IBV_WC_SUCCESS);
		t_check(wc.wr_id & 1, "completion of a queue pair that was destroyed");
		t_bytes("slow page", m + wc.wr_id * T_PAGE, good.addr, 64);
	}
	for (i = 1; i < CROWD; i += 2)
		t_check(!ibv_destroy_qp(qp[i]), "ibv_destroy_qp failed");
	t_dereg(mr);
	t_buf_close(&good);
	t_buf_close(&l);
	t_buf_close(&r);
	t_pair_close(&quick);
	t_side_close(&s);
	t_dev_close(&d);
	return t_failures() ? T_EXIT_FAIL : T_EXIT_PASS;
}

static void slow_fault_here(struct t_dev *d)
{
	FILE *f = tmpfile();
	struct t_buf good;
	struct ibv_send_wr wr;
	struct ibv_sge sge;
	struct t_pair p;
	struct ibv_mr *mr;
	uint64_t t0;
	char *m;

	if (!f || ftruncate(fileno(f), 16 * T_PAGE))
		t_die("temporary file: %s", strerror(errno));
	m = mmap(NULL, 16 * T_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fileno(f), 0);
	if (m == MAP_FAILED)
		t_die("mmap of a file: %s", strerror(errno));
	fclose(f);
	t_pair_open(&p, d, NULL);
	t_buf_open(&good, p.a.pd, T_PINNED, 16 * T_PAGE, T_ACCESS_ALL);
	mr = t_reg(p.b.pd, T_ODP, m, 16 * T_PAGE, T_ACCESS_ALL);
	sge = t_sge(&good, 0, 16 * T_PAGE);
	wr = t_send_wr(IBV_WR_RDMA_WRITE, 5, &sge, 1, (uintptr_t)m, mr->rkey);
	t0 = t_ms();
	t_post(&p.a, &wr);
	t_expect_wc("WRITE to a file", p.a.scq, 5, IBV_WC_SUCCESS, NULL);
	t_check(t_ms() - t0 < t_scale(PROMPT_MS), "WRITE to a file took %llu ms",
		(unsigned long long)(t_ms() - t0));
	t_bytes("file", m, good.addr, 16 * T_PAGE);
	t_dereg(mr);
	t_buf_close(&good);
	t_pair_close(&p);
	munmap(m, 16 * T_PAGE);
}

int main(void)
{
	struct t_meet *meet = t_meet_new();
	struct t_leak leak;
	struct t_dev d;
	pid_t pid;

	t_start(90);
	d = t_dev_open();
	t_need_odp(&d);
	if (d.rxe)
		t_skip("soft-RoCE waits for the page in ibv_post_send, so 40 of them never hang at once");
	if (t_kernel_before(7, 0))
		t_skip("this kernel's faults cannot wait for userfaultfd");
	t_need_uffd();
	t_leak_begin(&leak);
	pid = t_fork(crowd, meet);
	t_meet_at(meet, 0, 1);
	t_case("another process");
	slow_fault_here(&d);
	t_meet_at(meet, 0, 2);
	t_wait(pid, "the process with the slow pages");
	t_leak_end(&leak);
	t_dev_close(&d);
	return t_finish();
}
