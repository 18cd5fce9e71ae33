// SPDX-License-Identifier: GPL-2.0
/*
 * Description: pages behind userfaultfd: every verb, at either side, gets them (kernels without a
 * fault that may sleep answer an access error at once, and get them when they are there). While
 * one takes 1 s to arrive, the request with retry_cnt 3 waits, ibv_post_send does not, and
 * another queue pair goes on.
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

#include "t_memory.h"

#define PAGES		4
/* Long enough for the retries of a device that counts them as lost packets. */
#define DELAY_MS	1000
/* What another queue pair does before the page comes. */
#define MEANWHILE	20

static int uffd = -1;
static char *content;
/* The page may come; without leave it comes after go_ms. */
static volatile int go;
static unsigned int go_ms;
/* How many pages have come. */
static volatile unsigned int came;

static void *handler(void *arg)
{
	struct uffd_msg m;
	uint64_t end;

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
		for (end = t_ms() + go_ms; !go && t_ms() < end;)
			t_sleep_ms(5);
		__atomic_add_fetch(&came, 1, __ATOMIC_SEQ_CST);
		c = (struct uffdio_copy){ .dst = m.arg.pagefault.address & ~(T_PAGE - 1),
					  .src = (uintptr_t)content, .len = T_PAGE };
		ioctl(uffd, UFFDIO_COPY, &c);
	}
}

static int open_uffd(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		t_skip("userfaultfd: %s", strerror(errno));
	if (ioctl(fd, UFFDIO_API, &api))
		t_skip("UFFDIO_API: %s", strerror(errno));
	return fd;
}

static char *slow_memory(void)
{
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	char *m = t_mmap(PAGES * T_PAGE);

	if (uffd < 0)
		uffd = open_uffd();
	reg.range.start = (uintptr_t)m;
	reg.range.len = PAGES * T_PAGE;
	if (ioctl(uffd, UFFDIO_REGISTER, &reg))
		t_die("UFFDIO_REGISTER: %s", strerror(errno));
	return m;
}

/* Has @other work while the request waits: the page does not come before that is done. */
static void busy_meanwhile(struct t_pair *other, struct t_buf *l, struct t_buf *r)
{
	unsigned int n;

	for (n = 0; n < MEANWHILE; n++)
		t_do(other, &(struct t_op){ .opcode = IBV_WR_RDMA_WRITE, .l = l, .r = r, .len = 100,
					    .loff = n });
}

static void one(struct t_dev *d, enum ibv_wr_opcode op, bool at_target)
{
	struct t_attr at = t_attr_default(d);
	struct t_buf good, ol, orr;
	struct t_pair p, other;
	struct ibv_send_wr wr;
	struct ibv_sge s, rs;
	struct ibv_mr *mr;
	unsigned int before = came;
	struct ibv_wc wc = { .status = IBV_WC_GENERAL_ERR };
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
	go = 0;
	t_post(&p.a, &wr);
	t_check(came == before, "ibv_post_send: expected to return before the page came");
	busy_meanwhile(&other, &ol, &orr);
	/* Had the WRITEs waited for the page, it would have come by now. */
	t_check(came == before,
		"%d WRITEs of another queue pair: expected to be done before the page came",
		MEANWHILE);
	if (!t_kernel_before(7, 0))
		t_check(!ibv_poll_cq(p.a.scq, 1, &wc),
			"the request: expected to wait for the page, seen '%s'",
			ibv_wc_status_str(wc.status));
	go = 1;
	t_check(wc.status != IBV_WC_GENERAL_ERR || t_wc(p.a.scq, &wc, t_scale(8000)),
		"the request: expected a completion, seen none in 8 s");
	if (!t_kernel_before(7, 0)) {
		bool slow_is_source = at_target == (op == IBV_WR_RDMA_READ);

		t_check(wc.status == IBV_WC_SUCCESS, "expected success, seen '%s'",
			ibv_wc_status_str(wc.status));
		t_eq("pages that have come before the completion", came - before, 1);
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

/* Pages of the event come at once, all alike, but for their numbers. */
static int quick = -1;
static char *event_mem;
static volatile unsigned int event_came;

static int give(char *to, size_t page)
{
	static __thread char text[T_PAGE] __attribute__((aligned(T_PAGE)));
	struct uffdio_copy c = { .dst = (uintptr_t)to, .src = (uintptr_t)text, .len = T_PAGE };

	t_pattern(text, T_PAGE, page + 1);
	/* EEXIST: the page has already come for another fault. */
	return ioctl(quick, UFFDIO_COPY, &c) && errno != EEXIST ? errno : 0;
}

static void *quick_handler(void *arg)
{
	struct uffd_msg m;

	(void)arg;
	for (;;) {
		struct pollfd f = { .fd = quick, .events = POLLIN };
		uint64_t at;

		if (poll(&f, 1, 100) <= 0 || read(quick, &m, sizeof(m)) != sizeof(m) ||
		    m.event != UFFD_EVENT_PAGEFAULT)
			continue;
		at = m.arg.pagefault.address & ~(T_PAGE - 1);
		event_came++;
		give((char *)(uintptr_t)at, (at - (uintptr_t)event_mem) / T_PAGE);
	}
	return NULL;
}

/* Every page is gone; each access has to wait for its page. */
static void take_pages(struct t_buf *b)
{
	struct uffdio_register reg = {
		.range = { (uintptr_t)b->addr, b->len },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	size_t i;

	event_mem = b->addr;
	for (i = 0; i < b->len; i += T_PAGE)
		t_pattern(t_shadow(b, i), T_PAGE, i / T_PAGE + 1);
	if (madvise(b->addr, b->len, MADV_DONTNEED))
		t_die("madvise(MADV_DONTNEED): %s", strerror(errno));
	if (ioctl(quick, UFFDIO_REGISTER, &reg))
		t_die("UFFDIO_REGISTER: %s", strerror(errno));
}

/* Provides all missing pages, for devices that could not wait. */
static void give_pages(struct t_buf *b)
{
	struct uffdio_range range = { (uintptr_t)b->addr, b->len };
	size_t i;
	int err;

	for (i = 0; i < b->len; i += T_PAGE) {
		err = give(b->addr + i, i / T_PAGE);
		if (err)
			t_die("UFFDIO_COPY: %s", strerror(err));
	}
	if (ioctl(quick, UFFDIO_UNREGISTER, &range))
		t_die("UFFDIO_UNREGISTER: %s", strerror(errno));
}

/* Every verb, at either side, in explicit and implicit regions. */
static void events(struct t_dev *d)
{
	bool waits = !t_kernel_before(7, 0);
	pthread_t t;

	quick = open_uffd();
	if (waits)
		t_thread(&t, quick_handler, NULL);
	t_memory_event(d, &(struct t_memory){
		.name = "userfaultfd, missing pages", .event = take_pages,
		.refuse = waits ? 0 : T_REFUSE_ALL, .restore = give_pages, .drops = true,
	});
	if (waits)
		t_check(event_came, "pages that the handler was asked for: expected some, seen none");
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
	events(&d);
	content = t_mmap(T_PAGE);
	t_pattern(content, T_PAGE, 42);
	slow_memory();
	/* Where ibv_post_send() waits for the page, the caller cannot tell it to come. */
	go_ms = d.rxe ? 0 : t_scale(5000);
	t_thread(&t, handler, NULL);
	for (i = 0; i < T_ARRAY_SIZE(ops); i++) {
		one(&d, ops[i], true);
		one(&d, ops[i], false);
	}
	t_dev_close(&d);
	return t_finish();
}
