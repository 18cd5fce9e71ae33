// SPDX-License-Identifier: GPL-2.0
/* Copyright (c) 2026 The pinless authors */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "t_counters.h"
#include "t_debug.h"

#define PARAMS	"/sys/module/pinless/parameters/"

bool t_debug_have(void)
{
	return !access(PARAMS "broken_rule", W_OK);
}

void t_debug_need(const struct t_dev *d)
{
	if (!d->pinless)
		t_skip("needs the driver pinless");
	if (!t_debug_have())
		t_skip("needs root and the debug build of the module (make PINLESS_DEBUG=1)");
}

static int param_open(const char *param, int flags)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), PARAMS "%s", param);
	fd = open(path, flags);
	if (fd < 0)
		t_die("%s: %s", path, strerror(errno));
	return fd;
}

int t_debug_set(const char *param, const char *fmt, ...)
{
	int fd = param_open(param, O_WRONLY), n, err;
	char text[64];
	va_list ap;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	err = write(fd, text, n) < 0 ? errno : 0;
	close(fd);
	return err;
}

long t_debug_get(const char *param)
{
	int fd = param_open(param, O_RDONLY);
	char text[32];
	ssize_t n;

	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		t_die("cannot read the parameter %s", param);
	text[n] = 0;
	return strtol(text, NULL, 10);
}

bool t_debug_wait(const char *param, long value)
{
	uint64_t end = t_ms() + t_scale(10000);
	long seen;

	do {
		seen = t_debug_get(param);
		if (seen == value)
			return true;
		t_sleep_ms(2);
	} while (t_ms() < end);
	return t_check(false, "parameter %s: expected %ld in the end, seen %ld", param, value,
		       seen);
}

static void *post(void *arg)
{
	struct t_later *w = arg;

	while (sem_wait(&w->go))
		;
	t_post(w->s, &w->wr);
	return NULL;
}

void t_later_prepare(struct t_later *w, struct t_side *s)
{
	w->s = s;
	sem_init(&w->go, 0, 0);
	t_thread(&w->thread, post, w);
}

void t_later_write(struct t_later *w, struct t_buf *l, size_t len, const void *raddr,
		   uint32_t rkey)
{
	w->sge = t_sge(l, 0, len);
	w->wr = t_send_wr(IBV_WR_RDMA_WRITE, 7, &w->sge, 1, (uintptr_t)raddr, rkey);
	sem_post(&w->go);
}

void t_later_end(struct t_later *w)
{
	pthread_join(w->thread, NULL);
}

void t_write_to(struct t_pair *p, struct t_buf *l, size_t len, const void *raddr, uint32_t rkey)
{
	struct ibv_sge sge = t_sge(l, 0, len);
	struct ibv_send_wr wr = t_send_wr(IBV_WR_RDMA_WRITE, 3, &sge, 1, (uintptr_t)raddr, rkey);

	t_post(&p->a, &wr);
	t_expect_wc("WRITE", p->a.scq, 3, IBV_WC_SUCCESS, NULL);
}

static void *drop(void *arg)
{
	struct t_drop *e = arg;

	while (sem_wait(&e->go))
		;
	if (madvise(e->addr, e->len, MADV_DONTNEED))
		t_die("MADV_DONTNEED: %s", strerror(errno));
	return NULL;
}

void t_drop_prepare(struct t_drop *e)
{
	sem_init(&e->go, 0, 0);
	t_thread(&e->thread, drop, e);
}

void t_drop_begin(struct t_drop *e, void *addr, size_t len)
{
	e->addr = addr;
	e->len = len;
	sem_post(&e->go);
}

void t_drop_end(struct t_drop *e)
{
	pthread_join(e->thread, NULL);
}

void t_spot_open(struct t_spot *s, struct ibv_pd *pd, size_t len)
{
	s->len = len;
	s->addr = t_mmap_huge_aligned(len);
	madvise(s->addr, len, MADV_NOHUGEPAGE);
	memset(s->addr, 0x11, len);
	s->pinned = t_reg(pd, T_PINNED, s->addr, len, T_ACCESS_ALL);
	s->odp = t_reg(pd, T_ODP, s->addr, len, T_ACCESS_ALL);
}

void t_spot_close(struct t_spot *s)
{
	t_dereg(s->odp);
	t_dereg(s->pinned);
	munmap(s->addr, s->len);
}
