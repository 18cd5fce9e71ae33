// SPDX-License-Identifier: GPL-2.0
/* Copyright (c) 2026 The pinless authors */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "t_traffic.h"

/* Of each page, so that copies take a while and cross no page. */
#define WRITE_LEN	3000

static void map(struct t_twin *t, int file, char *addr, int flags, char **out)
{
	*out = mmap(addr, t->len, PROT_READ | PROT_WRITE, MAP_SHARED | flags, t->fd[file], 0);
	if (*out == MAP_FAILED)
		t_die("mmap of a file in memory: %s", strerror(errno));
}

void t_twin_open(struct t_twin *t, struct ibv_pd *pd, size_t len)
{
	int i;

	t->len = len;
	t->here = 0;
	for (i = 0; i < 2; i++) {
		t->fd[i] = memfd_create("t_twin", 0);
		t->was[i] = calloc(1, len);
		if (t->fd[i] < 0 || ftruncate(t->fd[i], len) || !t->was[i])
			t_die("file in memory: %s", strerror(errno));
		map(t, i, NULL, 0, &t->alias[i]);
		memset(t->alias[i], 0x20 + i, len);
		memcpy(t->was[i], t->alias[i], len);
	}
	t->addr = t_mmap_huge_aligned(len);
	map(t, 0, t->addr, MAP_FIXED, &t->addr);
	t->mr = t_reg(pd, T_ODP, t->addr, len, T_ACCESS_ALL);
}

void t_twin_close(struct t_twin *t)
{
	int i;

	t_dereg(t->mr);
	munmap(t->addr, t->len);
	for (i = 0; i < 2; i++) {
		munmap(t->alias[i], t->len);
		free(t->was[i]);
		close(t->fd[i]);
	}
}

void t_twin_swap(struct t_twin *t)
{
	int old = t->here;

	t->here = !old;
	map(t, t->here, t->addr, MAP_FIXED, &t->addr);
	/* From here on the device must not write to the old pages. */
	memcpy(t->was[old], t->alias[old], t->len);
}

bool t_twin_untouched(struct t_twin *t, const char *what)
{
	return t_bytes(what, t->alias[!t->here], t->was[!t->here], t->len);
}

static void *stream(void *arg)
{
	struct t_stream *s = arg;
	struct ibv_send_wr wr;
	struct ibv_sge sge;
	size_t page = 0;
	struct ibv_wc wc;

	while (!s->stop) {
		memset(s->l.addr, 1 + s->done % 255, WRITE_LEN);
		sge = t_sge(&s->l, 0, WRITE_LEN);
		wr = t_send_wr(IBV_WR_RDMA_WRITE, 5, &sge, 1,
			       (uintptr_t)s->t->addr + page * T_PAGE, s->t->mr->rkey);
		t_post(&s->p.a, &wr);
		if (!t_expect_wc("WRITE of the stream", s->p.a.scq, 5, IBV_WC_SUCCESS, &wc))
			break;
		page = (page + 1) % (s->t->len / T_PAGE);
		s->done++;
	}
	return NULL;
}

void t_stream_open(struct t_stream *s, struct t_dev *d, struct t_twin *t, size_t len)
{
	memset(s, 0, sizeof(*s));
	s->t = t;
	t_pair_open(&s->p, d, NULL);
	t_buf_open(&s->l, s->p.a.pd, T_PINNED, T_PAGE, T_ACCESS_ALL);
	t_twin_open(t, s->p.b.pd, len);
}

bool t_stream_wait(struct t_stream *s, unsigned int writes)
{
	uint64_t end = t_ms() + t_scale(10000), first = s->done;

	while (s->done < first + writes) {
		if (t_failures())
			return false;
		if (t_ms() > end)
			return t_check(false, "WRITEs of the stream: expected more, seen none");
		t_sleep_ms(1);
	}
	return true;
}

void t_stream_start(struct t_stream *s)
{
	t_thread(&s->thread, stream, s);
}

void t_stream_close(struct t_stream *s)
{
	s->stop = 1;
	pthread_join(s->thread, NULL);
	t_twin_close(s->t);
	t_buf_close(&s->l);
	t_pair_close(&s->p);
}
