// SPDX-License-Identifier: GPL-2.0
/*
 * Description: the tracepoints report each fault, copy and invalidation that was caused, in order,
 * with its pages, and with stages that do not add up to more than the whole.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "t_op.h"

#define TRACEFS		"/sys/kernel/tracing"
#define PAGES		16
#define INSTANCE	TRACEFS "/instances/pinless-test-%d"

static char instance[128];

static void put(const char *file, const char *text)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", instance, file);
	fd = open(path, O_WRONLY | O_TRUNC);
	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		t_die("%s: %s", path, strerror(errno));
	close(fd);
}

/*
 * A buffer of our own, in which only what this thread causes is recorded. By a filter:
 * set_event_pid would switch on the scheduler's tracepoints, which emulated machines
 * do not always survive (see record-cmd in tests/vm/guest/machine).
 */
static void begin(void)
{
	char filter[32];

	snprintf(instance, sizeof(instance), INSTANCE, getpid());
	if (mkdir(instance, 0700))
		t_die("%s: %s", instance, strerror(errno));
	snprintf(filter, sizeof(filter), "common_pid == %d", getpid());
	put("events/pinless/filter", filter);
	put("events/pinless/enable", "1");
}

static void end(void)
{
	if (*instance && rmdir(instance))
		fprintf(stderr, "%s stays: %s\n", instance, strerror(errno));
}

/* The number after "name="; -1 when the line has none. */
static long long field(const char *line, const char *name)
{
	char key[40];
	const char *p;

	snprintf(key, sizeof(key), " %s=", name);
	p = strstr(line, key);
	return p ? strtoll(p + strlen(key), NULL, 0) : -1;
}

/* What the events since the last call came to. */
struct seen {
	unsigned int begun, faults, left, copies, over, invalidations;
	long long pages, bytes, dropped;
};

static void take_fault(struct seen *s, const char *line)
{
	long long total = field(line, "total_ns"), lock = field(line, "lock_ns");
	long long hmm = field(line, "hmm_ns"), commit = field(line, "commit_ns");

	t_check(s->begun > s->faults + s->left, "a fault that did not begin: %s", line);
	/* mmap_lock was contended: a worker takes the fault over, unrecorded here. */
	if (field(line, "err") == -EAGAIN) {
		s->left++;
		return;
	}
	s->faults++;
	s->pages += field(line, "pages");
	t_check(lock >= 0 && hmm >= 0 && commit >= 0 && lock + hmm + commit <= total,
		"stages that add up to more than the whole, or lacking: %s", line);
	t_check(!field(line, "err"), "a fault that failed: %s", line);
}

static void take(struct seen *s)
{
	char line[1024], path[256];
	FILE *f;

	memset(s, 0, sizeof(*s));
	snprintf(path, sizeof(path), "%s/trace", instance);
	f = fopen(path, "r");
	if (!f)
		t_die("%s: %s", path, strerror(errno));
	while (fgets(line, sizeof(line), f)) {
		if (strstr(line, " pinless_fault_begin: ")) {
			s->begun++;
		} else if (strstr(line, " pinless_fault: ")) {
			take_fault(s, line);
		} else if (strstr(line, " pinless_copy: ")) {
			s->copies++;
			s->bytes += field(line, "bytes");
			s->over += field(line, "over");
			t_check(s->faults >= s->copies, "a copy without a fault: %s", line);
		} else if (strstr(line, " pinless_invalidate: ") && field(line, "pages") > 0) {
			s->invalidations++;
			s->dropped += field(line, "pages");
			t_check(strstr(line, " event=clear "), "another event: %s", line);
		}
	}
	fclose(f);
	put("trace", "");
}

static void write_page(struct t_pair *p, struct t_buf *l, struct ibv_mr *mr, char *to)
{
	struct ibv_sge s = t_sge(l, 0, 8);
	struct ibv_send_wr wr = t_send_wr(IBV_WR_RDMA_WRITE, 1, &s, 1, (uintptr_t)to, mr->rkey);

	t_post(&p->a, &wr);
	t_expect_wc("WRITE", p->a.scq, 1, IBV_WC_SUCCESS, NULL);
	t_bytes("word written", to, l->addr, 8);
}

static void faults(struct t_pair *p, struct t_buf *l)
{
	char *m = t_mmap_huge_aligned(T_HUGE);
	struct ibv_mr *mr;
	struct seen s;
	size_t i;

	madvise(m, T_HUGE, MADV_NOHUGEPAGE);
	mr = t_reg(p->b.pd, T_ODP, m, T_HUGE, T_ACCESS_ALL);
	take(&s);
	t_case("cold pages, one by one");
	for (i = 0; i < PAGES; i++)
		write_page(p, l, mr, m + i * T_PAGE);
	take(&s);
	t_eq("faults begun", s.begun, PAGES);
	t_eq("faults", s.faults + s.left, PAGES);
	t_eq("pages faulted", s.pages, s.faults);
	t_eq("copies after a fault", s.copies, s.faults);
	t_eq("requests over after it", s.over, s.faults);
	t_eq("bytes copied after a fault", s.bytes, s.faults * 8);
	t_case("warm pages");
	for (i = 0; i < PAGES; i++)
		write_page(p, l, mr, m + i * T_PAGE);
	take(&s);
	t_eq("faults", s.faults + s.left, 0);
	t_eq("copies after a fault", s.copies, 0);
	t_case("MADV_DONTNEED");
	madvise(m, PAGES * T_PAGE, MADV_DONTNEED);
	take(&s);
	t_eq("invalidations that took pages", s.invalidations, 1);
	t_eq("pages dropped", s.dropped, PAGES);
	t_case("the beginning of faults alone");
	put("events/pinless/enable", "0");
	put("events/pinless/pinless_fault_begin/enable", "1");
	for (i = 0; i < PAGES; i++)
		write_page(p, l, mr, m + i * T_PAGE);
	take(&s);
	t_eq("faults begun", s.begun, PAGES);
	t_eq("faults", s.faults + s.left, 0);
	t_dereg(mr);
	munmap(m, T_HUGE);
}

int main(void)
{
	struct t_pair p;
	struct t_buf l;
	struct t_dev d;

	t_start(30);
	d = t_dev_open();
	if (!d.pinless)
		t_skip("the device's driver has no tracepoints");
	t_need_root();
	if (access(TRACEFS "/events/pinless", F_OK))
		t_skip("%s/events/pinless: %s: mount it with \"mount -t tracefs tracefs %s\"",
		       TRACEFS, strerror(errno), TRACEFS);
	t_pair_open(&p, &d, NULL);
	t_buf_open(&l, p.a.pd, T_PINNED, T_PAGE, T_ACCESS_ALL);
	begin();
	atexit(end);
	faults(&p, &l);
	put("events/pinless/enable", "0");
	t_buf_close(&l);
	t_pair_close(&p);
	t_dev_close(&d);
	return t_finish();
}
