// SPDX-License-Identifier: GPL-2.0
/* Copyright (c) 2026 The pinless authors */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "t_event.h"
#include "t_link.h"
#include "t_op.h"

#define REGION	(128 * T_PAGE)
/* Silence of the device after which the traffic process gives up. */
#define QUIET_MS 3000

void t_link_need(void)
{
	const char *type = getenv("PINLESS_TEST_TYPE");

	t_need_root();
	if (!type || strcmp(type, "pinless"))
		t_skip("set PINLESS_TEST_TYPE=pinless to let this test make and delete devices");
	if (t_run("rdma -V") || t_run("ip -V"))
		t_skip("needs the commands rdma and ip (package iproute2)");
	if (t_run("modprobe -q pinless || grep -q '^pinless ' /proc/modules"))
		t_skip("the module pinless is not loaded");
}

void t_link_add(void)
{
	t_link_clean();
	if (t_run("ip link add %s type dummy", T_LINK_NETDEV) ||
	    t_run("ip link set %s mtu 9000 up", T_LINK_NETDEV) ||
	    t_run("ip addr add 10.78.7.1/24 dev %s", T_LINK_NETDEV))
		t_die("cannot make the network device %s", T_LINK_NETDEV);
	if (t_run("rdma link add %s type pinless netdev %s", T_LINK, T_LINK_NETDEV))
		t_die("rdma link add %s type pinless netdev %s failed", T_LINK, T_LINK_NETDEV);
}

void t_link_clean(void)
{
	if (t_link_exists(T_LINK))
		t_run("rdma link delete %s", T_LINK);
	t_run("ip link del %s", T_LINK_NETDEV);
}

bool t_link_exists(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/class/infiniband/%s", name);
	return !access(path, F_OK);
}

bool t_link_wait_gone(const char *name, unsigned int ms)
{
	uint64_t end = t_ms() + t_scale(ms);

	while (t_link_exists(name)) {
		if (t_ms() > end)
			return false;
		t_sleep_ms(10);
	}
	return true;
}

struct traffic_arg {
	enum t_kind kind;
	struct t_traffic_shared *s;
};

static bool fatal(struct t_dev *d, struct t_traffic_shared *s, unsigned int ms)
{
	if (!s->fatal && t_event_wait(d->ctx, IBV_EVENT_DEVICE_FATAL, NULL, ms))
		s->fatal = 1;
	return s->fatal;
}

/* Any failure is right once the device is gone; until then none is. */
static int traffic(void *arg)
{
	struct traffic_arg *a = arg;
	struct t_dev d = t_dev_open_name(T_LINK);
	struct t_buf l, r;
	struct t_pair p;
	uint64_t seed = 9;
	struct ibv_wc wc;

	t_case("traffic process");
	t_pair_open(&p, &d, NULL);
	t_buf_open(&l, p.a.pd, a->kind, REGION, T_ACCESS_ALL);
	t_buf_open(&r, p.b.pd, a->kind, REGION, T_ACCESS_ALL);
	for (;;) {
		size_t off = t_rand(&seed) % (REGION / 2);
		struct ibv_sge sge = t_sge(&l, off, REGION / 2);
		struct ibv_send_wr *bad, wr = t_send_wr(off & 1 ? IBV_WR_RDMA_READ : IBV_WR_RDMA_WRITE,
							1, &sge, 1, r.iova, r.mr->rkey);

		a->s->last = t_ms();
		if (a->kind != T_PINNED && a->s->done % 16 == 5)
			madvise(r.addr, REGION, MADV_DONTNEED);
		if (ibv_post_send(p.a.qp, &wr, &bad) || !t_wc(p.a.scq, &wc, QUIET_MS) ||
		    wc.status != IBV_WC_SUCCESS)
			break;
		a->s->done++;
		if (a->s->done % 64 == 0 && fatal(&d, a->s, 0))
			break;
	}
	a->s->last = t_ms();
	if (!fatal(&d, a->s, t_scale(3000))) {
		t_fail("traffic ended after %llu operations, and no device-fatal event came in 3 s",
		       (unsigned long long)a->s->done);
		return T_EXIT_FAIL;
	}
	/* The memory is still ours, with or without the device. */
	memset(l.addr, 1, REGION);
	memset(r.addr, 2, REGION);
	ibv_destroy_qp(p.a.qp);
	ibv_dereg_mr(l.mr);
	ibv_close_device(d.ctx);
	return 0;
}

struct t_traffic t_traffic_start(enum t_kind kind)
{
	struct t_traffic t;
	static struct traffic_arg arg;
	uint64_t end = t_ms() + t_scale(10000);

	t.s = mmap(NULL, sizeof(*t.s), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (t.s == MAP_FAILED)
		t_die("mmap of shared memory: %s", strerror(errno));
	arg = (struct traffic_arg){ kind, t.s };
	t.pid = t_fork(traffic, &arg);
	while (t.s->done < 50) {
		if (t_ms() > end || waitpid(t.pid, NULL, WNOHANG))
			t_die("traffic: expected 50 operations in 10 s, seen %llu",
			      (unsigned long long)t.s->done);
		t_sleep_ms(5);
	}
	return t;
}

void t_traffic_end(struct t_traffic *t, bool device_gone)
{
	uint64_t end = t_ms() + t_scale(15000);
	int st = 0;

	if (!device_gone)
		kill(t->pid, SIGKILL);
	while (!waitpid(t->pid, &st, WNOHANG)) {
		if (t_ms() > end) {
			kill(t->pid, SIGKILL);
			t_die("the traffic process hangs: expected its end in 15 s");
		}
		t_sleep_ms(10);
	}
	if (device_gone) {
		t_check(WIFEXITED(st) && !WEXITSTATUS(st),
			"traffic process: expected exit status 0, seen wait status 0x%x", st);
		t_check(t->s->fatal, "device-fatal event: expected one, seen none");
	}
	munmap(t->s, sizeof(*t->s));
}
