// SPDX-License-Identifier: GPL-2.0
/*
 * Description: a page behind userfaultfd that takes 1 s to arrive: the request with retry_cnt 3
 * completes with the data (kernels without a fault that may sleep answer an access error at
 * once), ibv_post_send does not wait, and another queue pair goes on meanwhile.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "t_op.h"

#define PAGES		4
#define DELAY_MS	1000
/* Less than this has not waited for the page, also on a busy machine. */
#define PROMPT_MS	800

static int uffd = -1;
static char *content;

static void *handler(void *arg)
{
	struct uffd_msg m;

	(void)arg;
	for (;;) {
		struct pollfd f = { .fd = uffd, .events = POLLIN };
		struct uffdio_copy c;

		if (poll(&f, 1, 100) < 0 || read(uffd, &m, sizeof(m)) != sizeof(m)) {
			if (errno == EAGAIN)
				continue;
			return NULL;
		}
		if (m.event != UFFD_EVENT_PAGEFAULT)
			continue;
		t_sleep_ms(DELAY_MS);
		c = (struct uffdio_copy){ .dst = m.arg.pagefault.address & ~(T_PAGE - 1),
					  .src = (uintptr_t)content, .len = T_PAGE };
		ioctl(uffd, UFFDIO_COPY, &c);
	}
}

static char *slow_memory(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	char *m = t_mmap(PAGES * T_PAGE);

	if (uffd < 0) {
		uffd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
		if (uffd < 0)
			t_skip("userfaultfd: %s", strerror(errno));
		if (ioctl(uffd, UFFDIO_API, &api))
			t_skip("UFFDIO_API: %s", strerror(errno));
	}
	reg.range.start = (uintptr_t)m;
	reg.range.len = PAGES * T_PAGE;
	if (ioctl(uffd, UFFDIO_REGISTER, &reg))
		t_die("UFFDIO_REGISTER: %s", strerror(errno));
	return m;
}

/* @other keeps working while the request of @p waits; returns the longest time of one. */
static uint64_t busy_meanwhile(struct t_pair *other, struct t_buf *l, struct t_buf *r,
			       struct t_pair *p, struct ibv_wc *wc, unsigned int *n)
{
	uint64_t end = t_ms() + t_scale(8000), longest = 0;

	memset(wc, 0, sizeof(*wc));
	wc->status = IBV_WC_GENERAL_ERR;
	for (*n = 0; t_ms() < end; (*n)++) {
		uint64_t t0 = t_ms();

		if (ibv_poll_cq(p->a.scq, 1, wc) > 0)
			break;
		t_do(other, &(struct t_op){ .opcode = IBV_WR_RDMA_WRITE, .l = l, .r = r, .len = 100,
					    .loff = *n % 3000 });
		if (t_ms() - t0 > longest)
			longest = t_ms() - t0;
	}
	return longest;
}

static void one(struct t_dev *d, enum ibv_wr_opcode op, bool at_target)
{
	struct t_attr at = t_attr_default(d);
	struct t_buf good, ol, orr;
	struct t_pair p, other;
	struct ibv_send_wr wr;
	struct ibv_sge s, rs;
	struct ibv_mr *mr;
	uint64_t t0, posted, longest;
	unsigned int n;
	struct ibv_wc wc;
	char *slow;

	t_case("%s, slow page at the %s", t_op_name(op), at_target ? "target" : "initiator");
	at.retry_cnt = 3;
	at.timeout = 14;
	t_pair_open(&p, d, &at);
	t_pair_open(&other, d, NULL);
	slow = slow_memory();
	mr = t_reg(at_target ? p.b.pd : p.a.pd, T_ODP, slow, PAGES * T_PAGE, T_ACCESS_ALL);
	t_buf_open(&good, at_target ? p.a.pd : p.b.pd, T_PINNED, PAGES * T_PAGE, T_ACCESS_ALL);
	t_buf_open(&ol, other.a.pd, T_PINNED, T_PAGE, T_ACCESS_ALL);
	t_buf_open(&orr, other.b.pd, T_ODP, T_PAGE, T_ACCESS_ALL);
	if (at_target) {
		s = t_sge(&good, 0, 100);
		rs = (struct ibv_sge){ (uintptr_t)slow, 100, mr->lkey };
		wr = t_send_wr(op, 1, &s, 1, (uintptr_t)slow, mr->rkey);
	} else {
		s = (struct ibv_sge){ (uintptr_t)slow, 100, mr->lkey };
		rs = t_sge(&good, 0, 100);
		wr = t_send_wr(op, 1, &s, 1, good.iova, good.mr->rkey);
	}
	if (op == IBV_WR_SEND)
		t_post_recv(&p.b, 2, &rs, 1);
	t0 = t_ms();
	t_post(&p.a, &wr);
	posted = t_ms() - t0;
	t_check(posted < PROMPT_MS, "ibv_post_send: expected under %d ms, seen %llu ms", PROMPT_MS,
		(unsigned long long)posted);
	longest = busy_meanwhile(&other, &ol, &orr, &p, &wc, &n);
	if (!t_kernel_before(7, 0)) {
		bool slow_is_source = at_target == (op == IBV_WR_RDMA_READ);

		t_check(wc.status == IBV_WC_SUCCESS, "expected success, seen '%s' after %llu ms",
			ibv_wc_status_str(wc.status), (unsigned long long)(t_ms() - t0));
		t_check(t_ms() - t0 >= DELAY_MS - 20, "completed after %llu ms, before the page came",
			(unsigned long long)(t_ms() - t0));
		/* One that waited for the page would have done a handful meanwhile. */
		t_check(n >= 20,
			"the other queue pair: expected 20 WRITEs or more meanwhile, seen %u, the longest %llu ms",
			n, (unsigned long long)longest);
		if (slow_is_source)
			t_bytes("data from the slow page", good.addr, content, 100);
		else
			t_bytes("data on the slow page", slow, good.addr, 100);
		if (!slow_is_source)
			t_bytes("rest of the slow page", slow + 100, content + 100, T_PAGE - 100);
	} else {
		t_check(wc.status == (at_target ? (op == IBV_WR_SEND ? IBV_WC_REM_OP_ERR :
						   IBV_WC_REM_ACCESS_ERR) : IBV_WC_LOC_PROT_ERR),
			"this kernel cannot wait for userfaultfd: expected a protection or access error, seen '%s'",
			ibv_wc_status_str(wc.status));
	}
	t_dereg(mr);
	t_buf_close(&good);
	t_buf_close(&ol);
	t_buf_close(&orr);
	t_pair_close(&p);
	t_pair_close(&other);
}

int main(void)
{
	static const enum ibv_wr_opcode ops[] = {
		IBV_WR_RDMA_WRITE, IBV_WR_RDMA_READ, IBV_WR_SEND,
	};
	struct t_dev d;
	pthread_t t;
	unsigned int i;

	t_start(90);
	d = t_dev_open();
	t_need_odp(&d);
	content = t_mmap(T_PAGE);
	t_pattern(content, T_PAGE, 42);
	slow_memory();
	t_thread(&t, handler, NULL);
	for (i = 0; i < T_ARRAY_SIZE(ops); i++) {
		one(&d, ops[i], true);
		one(&d, ops[i], false);
	}
	t_dev_close(&d);
	return t_finish();
}
