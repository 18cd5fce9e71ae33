// SPDX-License-Identifier: GPL-2.0
/*
 * Description: shared file mappings on tmpfs and on the file system of /var/tmp: what the device
 * writes is in the file, what is written to the file is seen by the device, ftruncate and a hole
 * take the pages away.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "t_file.h"
#include "t_memory.h"

#define PAGES	32
#define REGION	(PAGES * T_PAGE)
#define LEN	1000

static int file;

static void open_file(struct t_buf *b, struct ibv_pd *pd, enum t_kind kind, const char *dir)
{
	file = t_file_open(dir, REGION);
	t_buf_map(b, REGION);
	if (mmap(b->addr, REGION, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, file, 0) !=
	    b->addr)
		t_die("mmap of a file: %s", strerror(errno));
	t_buf_fill(b, 17);
	t_buf_reg(b, pd, kind, T_ACCESS_ALL);
}

static void check_content(const void *expected)
{
	static char content[REGION];

	if (pread(file, content, REGION, 0) != (ssize_t)REGION)
		t_die("pread: %s", strerror(errno));
	t_bytes("file content", content, expected, REGION);
}

static void check_file(struct t_buf *b)
{
	check_content(t_shadow(b, 0));
}

static void pages(struct t_pair *p, enum ibv_wr_opcode op, struct t_buf *l, struct t_buf *r)
{
	unsigned int i;

	for (i = 0; i < PAGES; i += 3)
		t_do(p, &(struct t_op){ .opcode = op, .l = l, .r = r, .loff = i * T_PAGE,
					.roff = i * T_PAGE, .len = LEN });
}

static void refused(struct t_pair *p, struct t_buf *l, struct t_buf *r, size_t off)
{
	struct ibv_sge s = t_sge(l, off, 8);
	struct ibv_send_wr wr = t_send_wr(IBV_WR_RDMA_WRITE, 1, &s, 1, r->iova + off, r->mr->rkey);

	t_expect_error(p, &wr, IBV_WC_REM_ACCESS_ERR, -1, -1);
}

static void one(struct t_pair *p, enum t_kind kind, const char *dir)
{
	static char text[REGION];
	struct t_buf l, r;

	t_case("%s, file in %s", t_kind_name(kind), dir);
	t_buf_open(&l, p->a.pd, T_PINNED, REGION, T_ACCESS_ALL);
	open_file(&r, p->b.pd, kind, dir);
	pages(p, IBV_WR_RDMA_WRITE, &l, &r);
	check_file(&r);

	t_case("%s, file in %s, after msync the device writes again", t_kind_name(kind), dir);
	msync(r.addr, REGION, MS_SYNC);
	t_buf_fill(&l, 3);
	pages(p, IBV_WR_RDMA_WRITE, &l, &r);
	fsync(file);
	check_file(&r);

	t_case("%s, file in %s, written through the file", t_kind_name(kind), dir);
	t_pattern(text, REGION, 4);
	if (pwrite(file, text, REGION, 0) != (ssize_t)REGION)
		t_die("pwrite: %s", strerror(errno));
	memcpy(t_shadow(&r, 0), text, REGION);
	pages(p, IBV_WR_RDMA_READ, &l, &r);
	t_buf_check_all("initiator side memory", &l);

	t_case("%s, file in %s, hole", t_kind_name(kind), dir);
	if (!fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 3 * T_PAGE, 4 * T_PAGE)) {
		memset(t_shadow(&r, 3 * T_PAGE), 0, 4 * T_PAGE);
		pages(p, IBV_WR_RDMA_READ, &l, &r);
		pages(p, IBV_WR_RDMA_WRITE, &l, &r);
		check_file(&r);
	}

	t_case("%s, file in %s, truncated", t_kind_name(kind), dir);
	if (kind != T_PINNED) {
		if (ftruncate(file, REGION / 2))
			t_die("ftruncate: %s", strerror(errno));
		refused(p, &l, &r, REGION - T_PAGE);
		refused(p, &l, &r, REGION / 2);
		t_case("%s, file in %s, grown again", t_kind_name(kind), dir);
		if (ftruncate(file, REGION))
			t_die("ftruncate: %s", strerror(errno));
		memset(t_shadow(&r, REGION / 2), 0, REGION / 2);
		pages(p, IBV_WR_RDMA_WRITE, &l, &r);
		check_file(&r);
	}

	/* Written, cleaned by fsync and written again through the same translation. */
	t_case("%s, file in %s, read back from the disk", t_kind_name(kind), dir);
	pages(p, IBV_WR_RDMA_WRITE, &l, &r);
	fsync(file);
	t_buf_fill(&l, 6);
	pages(p, IBV_WR_RDMA_WRITE, &l, &r);
	fsync(file);
	memcpy(text, t_shadow(&r, 0), REGION);
	t_buf_close(&r);
	posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
	check_content(text);
	t_buf_close(&l);
	close(file);
}

/* Every verb, at either side, in explicit and implicit regions. */
static void synced(struct t_dev *d, const char *dir)
{
	char name[64];

	snprintf(name, sizeof(name), "file, msync, %s", dir);
	t_file_use(dir);
	t_memory_event(d, &(struct t_memory){
		.name = name, .event = t_file_msync, .restore = t_file_msync,
		.make = t_file_make, .done = t_file_check_disk,
	});
}

int main(void)
{
	struct t_pair p;
	struct t_dev d;
	int k;

	t_start(60);
	d = t_dev_open();
	t_need_odp(&d);
	synced(&d, "/dev/shm");
	synced(&d, "/var/tmp");
	t_pair_open(&p, &d, NULL);
	for (k = T_ODP; k <= T_IMPLICIT; k++) {
		if (!t_kind_ok(&d, k, IBV_WR_RDMA_WRITE))
			continue;
		one(&p, k, "/dev/shm");
		one(&p, k, "/var/tmp");
	}
	t_pair_close(&p);
	t_dev_close(&d);
	return t_finish();
}
