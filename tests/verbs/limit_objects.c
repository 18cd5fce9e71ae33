// SPDX-License-Identifier: GPL-2.0
/*
 * Description: as many protection domains, regions, completion queues, queue pairs and contexts
 * as the device reports can be made, one more is refused with ENOMEM for every process, the others
 * keep working, and destroying one makes room. A process that was refused leaves nothing behind.
 *
 * Where the limit is out of reach it is lowered, by the module's parameter.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "t_leak.h"
#include "t_op.h"

/* As many objects as can be made in reasonable time. */
#define REACH		70000
/* What a limit is lowered to. */
#define LOW		40
/* More processes than come and go on the rest of the machine. */
#define PROCESSES	100

enum what { PD, MR, CQ, QP, CTX, WHATS };

static const char *const names[WHATS] = {
	"protection domains", "regions", "completion queues", "queue pairs", "contexts",
};

static const char *const params[WHATS] = { "max_pd", "max_mr", "max_cq", "max_qp", "max_ctx" };

struct maker {
	struct t_dev *d;
	struct t_side s;
	char *mem;
	void **made;
	unsigned int n;
};

static void *make_one(struct maker *m, enum what w)
{
	struct t_attr at = { .max_send_wr = 1, .max_recv_wr = 1, .max_send_sge = 1,
			     .max_recv_sge = 1 };

	errno = 0;
	switch (w) {
	case PD:
		return ibv_alloc_pd(m->d->ctx);
	case MR:
		return t_try_reg(m->s.pd, m->n & 1 ? T_ODP : T_PINNED, m->mem, T_PAGE, 0);
	case CQ:
		return ibv_create_cq(m->d->ctx, 1, NULL, NULL, 0);
	case QP:
		return t_side_new_qp(&m->s, &at);
	default:
		return ibv_open_device(m->d->ctx->device);
	}
}

static int end_one(void *obj, enum what w)
{
	switch (w) {
	case PD:
		return ibv_dealloc_pd(obj);
	case MR:
		return ibv_dereg_mr(obj);
	case CQ:
		return ibv_destroy_cq(obj);
	case QP:
		return ibv_destroy_qp(obj);
	default:
		return ibv_close_device(obj);
	}
}

static bool param_path(char *path, size_t len, enum what w)
{
	const char *type = getenv("PINLESS_TEST_TYPE");

	snprintf(path, len, "/sys/module/%s/parameters/%s", type ? type : "pinless", params[w]);
	return !access(path, W_OK);
}

static int param_write(enum what w, const char *text)
{
	char path[128];
	FILE *f;
	int err = 0;

	param_path(path, sizeof(path), w);
	f = fopen(path, "w");
	if (!f)
		return errno;
	if (fputs(text, f) < 0)
		err = errno;
	if (fclose(f) && !err)
		err = errno;
	return err;
}

static unsigned int told(struct t_dev *d, enum what w)
{
	struct ibv_device_attr_ex x;
	char path[128], text[32] = "0";
	FILE *f;

	if (ibv_query_device_ex(d->ctx, NULL, &x))
		t_die("ibv_query_device_ex failed");
	switch (w) {
	case PD:
		return x.orig_attr.max_pd;
	case MR:
		return x.orig_attr.max_mr;
	case CQ:
		return x.orig_attr.max_cq;
	case QP:
		return x.orig_attr.max_qp;
	default:
		/* No attribute of a device tells it. */
		param_path(path, sizeof(path), w);
		f = fopen(path, "r");
		if (!f || !fgets(text, sizeof(text), f))
			text[0] = '\0';
		if (f)
			fclose(f);
		return atoi(text);
	}
}

static int other_process(void *arg)
{
	enum what w = *(enum what *)arg;
	struct t_dev d = { 0 };
	struct maker m = { .d = &d };
	void *obj;

	/* Another context could not be opened when that is what is used up. */
	if (w == CTX || w == MR || w == QP)
		return T_EXIT_PASS;
	d = t_dev_open();
	obj = make_one(&m, w);
	t_check(!obj && errno == ENOMEM, "%s of another process: expected ENOMEM, seen %s",
		names[w], obj ? "one more" : strerror(errno));
	t_dev_close(&d);
	return t_failures() ? T_EXIT_FAIL : T_EXIT_PASS;
}

static void refused(struct maker *m, enum what w)
{
	void *obj = make_one(m, w);

	t_check(!obj && errno == ENOMEM, "one more of %s: expected ENOMEM, seen %s", names[w],
		obj ? "success" : strerror(errno));
	if (obj)
		end_one(obj, w);
}

/* @own: how many there are already. */
static void exhaust(struct maker *m, enum what w, unsigned int limit, unsigned int own)
{
	unsigned int i;
	void *obj;

	t_case("%u %s", limit, names[w]);
	m->made = calloc(limit + 1, sizeof(*m->made));
	for (m->n = 0; m->n <= limit; m->n++) {
		m->made[m->n] = make_one(m, w);
		if (!m->made[m->n])
			break;
	}
	t_check(errno == ENOMEM, "refusal: expected ENOMEM, seen %s", strerror(errno));
	t_eq("objects that could be made", m->n, limit - own);
	if (t_failures())
		goto out;
	/* Refusals do not use anything up. */
	for (i = 0; i < 20; i++)
		refused(m, w);
	t_wait(t_fork(other_process, &w), "another process");
	m->n--;
	t_eq("end of an object", end_one(m->made[m->n], w), 0);
	obj = make_one(m, w);
	if (t_check(obj != NULL, "in the place of one that is gone: %s", strerror(errno)))
		m->made[m->n++] = obj;
	refused(m, w);
out:
	while (m->n)
		t_eq("end of an object", end_one(m->made[--m->n], w), 0);
	free(m->made);
}

static void bad_values(struct t_dev *d, enum what w, unsigned int limit)
{
	const char *const bad[] = { "0", "-1", "many", "4294967296" };
	char over[32];
	unsigned int i;

	t_case("values of %s that are none", params[w]);
	for (i = 0; i < T_ARRAY_SIZE(bad); i++)
		t_check(param_write(w, bad[i]), "'%s': expected an error, seen none", bad[i]);
	snprintf(over, sizeof(over), "%u", limit + 1);
	t_eq("one more than the driver can have", param_write(w, over), EINVAL);
	t_eq("limit after that", told(d, w), limit);
}

/* The number of task structs in use, or 0 where the kernel does not tell. */
static unsigned long tasks(void)
{
	unsigned long n = 0;
	char line[256];
	FILE *f;

	/* Free task structs that CPUs cache count as used: flush them. */
	if (t_run("echo 1 > /sys/kernel/slab/task_struct/shrink"))
		return 0;
	f = fopen("/proc/slabinfo", "r");
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "task_struct %lu", &n) == 1)
			break;
	}
	if (f)
		fclose(f);
	return n;
}

static int open_refused(void *arg)
{
	struct ibv_context *ctx = ibv_open_device(arg);

	t_check(!ctx && errno == ENOMEM, "a context: expected ENOMEM, seen %s",
		ctx ? "one" : strerror(errno));
	return t_failures() ? T_EXIT_FAIL : T_EXIT_PASS;
}

/* A process that was refused leaves nothing behind. */
static void refused_processes(struct t_dev *d)
{
	unsigned long before = tasks(), after = 0;
	uint64_t end;
	int i;

	t_case("%d processes without a context", PROCESSES);
	for (i = 0; i < PROCESSES; i++)
		t_wait(t_fork(open_refused, d->ctx->device), "a process that is refused");
	if (!before) {
		t_skip_case("the kernel does not tell its tasks (/proc/slabinfo, CONFIG_SLUB_DEBUG)");
		return;
	}
	for (end = t_ms() + t_scale(5000); t_ms() < end; t_sleep_ms(100)) {
		after = tasks();
		if (after && after < before + PROCESSES / 2)
			break;
	}
	t_check(after && after < before + PROCESSES / 2,
		"tasks of the kernel: expected about %lu as before, seen %lu", before, after);
}

static void lower(struct maker *m, struct t_pair *p, struct t_buf *l, struct t_buf *r,
		  enum what w, unsigned int own)
{
	unsigned int limit = told(m->d, w);
	char text[32];

	bad_values(m->d, w, limit);
	snprintf(text, sizeof(text), "%u", LOW);
	t_case("%s lowered to %u", params[w], LOW);
	if (param_write(w, text))
		t_die("cannot write the parameter");
	t_eq("limit that is told", told(m->d, w), LOW);
	exhaust(m, w, LOW, own);
	t_case("%s lowered to 1, below what is there", params[w]);
	t_eq("writing the parameter", param_write(w, "1"), 0);
	refused(m, w);
	t_do(p, &(struct t_op){ .opcode = IBV_WR_SEND, .l = l, .r = r, .len = 9000 });
	if (w == CTX)
		refused_processes(m->d);
	snprintf(text, sizeof(text), "%u", limit);
	t_eq("putting the limit back", param_write(w, text), 0);
	t_case("%s after the limit is back", names[w]);
	m->made = calloc(1, sizeof(*m->made));
	m->made[0] = make_one(m, w);
	if (t_check(m->made[0] != NULL, "one more: %s", strerror(errno)))
		end_one(m->made[0], w);
	free(m->made);
}

static int all(void *arg)
{
	/* Objects of the pair, of the maker, and of their buffers. */
	static const unsigned int own[WHATS] = { 3, 2, 6, 3, 1 };
	struct maker m = { 0 };
	struct t_attr at;
	struct t_leak leak;
	struct t_buf l, r;
	struct t_pair p;
	char path[128];
	struct t_dev d;
	enum what w;

	(void)arg;
	d = t_dev_open();
	if (!d.pinless)
		t_skip("lowers limits by parameters of the module pinless");
	at = t_attr_default(&d);
	t_pair_open(&p, &d, NULL);
	m.d = &d;
	m.mem = t_mmap(T_PAGE);
	t_side_open(&m.s, &d, &at);
	t_buf_open(&l, p.a.pd, T_PINNED, 4 * T_PAGE, T_ACCESS_ALL);
	t_buf_open(&r, p.b.pd, T_PINNED, 4 * T_PAGE, T_ACCESS_ALL);
	t_leak_begin(&leak);
	for (w = 0; w < WHATS && !t_failures(); w++) {
		unsigned int limit = told(&d, w);

		t_case("%u %s", limit, names[w]);
		if (w == PD && limit <= REACH)
			exhaust(&m, w, limit, own[w]);
		if (param_path(path, sizeof(path), w))
			lower(&m, &p, &l, &r, w, own[w]);
		else if (w != PD || limit > REACH)
			t_skip_case("out of reach, and there is no %s", path);
		t_do(&p, &(struct t_op){ .opcode = IBV_WR_SEND, .l = &l, .r = &r, .len = 9000 });
	}
	t_leak_end(&leak);
	t_buf_close(&l);
	t_buf_close(&r);
	t_side_close(&m.s);
	t_pair_close(&p);
	t_dev_close(&d);
	return t_finish();
}

int main(void)
{
	char path[128], text[WHATS][32] = { "" };
	enum what w;
	FILE *f;

	t_start(150);
	for (w = 0; w < WHATS; w++) {
		if (!param_path(path, sizeof(path), w))
			continue;
		f = fopen(path, "r");
		if (!f || !fgets(text[w], sizeof(text[w]), f))
			t_die("cannot read %s", path);
		fclose(f);
	}
	t_wait(t_fork(all, NULL), "the process that makes the objects");
	/* However it ended, the next test finds the limits as they were. */
	for (w = 0; w < WHATS; w++) {
		if (text[w][0])
			t_eq("putting the limit back", param_write(w, text[w]), 0);
	}
	return t_finish();
}
