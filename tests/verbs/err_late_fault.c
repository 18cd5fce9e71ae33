// SPDX-License-Identifier: GPL-2.0
/*
 * Description: a fault for a slow page that ends when the request is gone (its queue pair was reset
 * and connected again) says nothing about the next request, which waits for a slow page of its own
 * and succeeds with its own bytes.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <linux/userfaultfd.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "t_op.h"
#include "t_uffd.h"

/* Long enough for the end of a fault to be reported. */
#define LATE_MS	300

static void reset(struct t_pair *p, struct t_dev *d)
{
	t_eq("to RESET", t_qp_to(p->a.qp, IBV_QPS_RESET), 0);
	t_eq("to RESET", t_qp_to(p->b.qp, IBV_QPS_RESET), 0);
	t_qp_connect(p->a.qp, d, &p->attr, p->b.qp->qp_num, &d->gid);
	t_qp_connect(p->b.qp, d, &p->attr, p->a.qp->qp_num, &d->gid);
}

static void post_write(struct t_pair *p, uint64_t wr_id, char *from, struct ibv_mr *mr,
		       struct t_buf *r)
{
	struct ibv_sge s = { (uintptr_t)from, 100, mr->lkey };
	struct ibv_send_wr wr = t_send_wr(IBV_WR_RDMA_WRITE, wr_id, &s, 1, r->iova, r->mr->rkey);

	t_post(&p->a, &wr);
	t_expect_quiet("WRITE from a page that does not come", p->a.scq);
}

static void one(struct t_dev *d, struct t_pair *p, struct t_buf *r)
{
	char *first = t_mmap(T_PAGE), *second = t_mmap(T_PAGE), page[T_PAGE];
	int hold1 = t_uffd_hold(first, T_PAGE), hold2 = t_uffd_hold(second, T_PAGE);
	struct ibv_mr *mr1 = t_reg(p->a.pd, T_ODP, first, T_PAGE, T_ACCESS_ALL);
	struct ibv_mr *mr2 = t_reg(p->a.pd, T_ODP, second, T_PAGE, T_ACCESS_ALL);
	struct uffdio_copy c = { .dst = (uintptr_t)second, .src = (uintptr_t)page,
				 .len = T_PAGE };
	struct ibv_wc wc;

	t_pattern(page, T_PAGE, 77);
	t_case("the first fault waits");
	post_write(p, 1, first, mr1, r);
	reset(p, d);
	t_case("the second fault waits");
	post_write(p, 2, second, mr2, r);
	t_case("the first fault ends in error");
	munmap(first, T_PAGE);
	close(hold1);
	if (t_wc(p->a.scq, &wc, t_scale(LATE_MS)))
		t_fail("the second request: expected to wait for its page, seen wr_id %llu '%s'",
		       (unsigned long long)wc.wr_id, ibv_wc_status_str(wc.status));
	t_buf_check_all("target before the page came", r);
	t_case("the second page comes");
	if (ioctl(hold2, UFFDIO_COPY, &c))
		t_die("UFFDIO_COPY failed");
	t_expect_wc("the second request", p->a.scq, 2, IBV_WC_SUCCESS, NULL);
	memcpy(t_shadow(r, 0), page, 100);
	t_buf_check_all("target", r);
	close(hold2);
	t_dereg(mr1);
	t_dereg(mr2);
	munmap(second, T_PAGE);
}

int main(void)
{
	struct t_pair p;
	struct t_dev d;
	struct t_buf r;
	int i;

	t_start(60);
	d = t_dev_open();
	t_need_odp(&d);
	if (d.rxe)
		t_skip("soft-RoCE ends a request whose page takes long (mem_uffd)");
	if (t_kernel_before(7, 0))
		t_skip("before 7.0 no fault of the device may wait for userfaultfd");
	t_need_uffd();
	t_pair_open(&p, &d, NULL);
	t_buf_open(&r, p.b.pd, T_PINNED, T_PAGE, T_ACCESS_ALL);
	for (i = 0; i < 3; i++) {
		one(&d, &p, &r);
		t_pair_recycle(&p);
		t_buf_fill(&r, 40 + i);
	}
	t_buf_close(&r);
	t_pair_close(&p);
	t_dev_close(&d);
	return t_finish();
}
