// SPDX-License-Identifier: GPL-2.0
/*
 * Description: memory mapped PROT_READ (anonymous, a file, .rodata) in a region without local
 * write access is a good source of SEND, WRITE and READ, and is refused as the target of a
 * WRITE. A read-only mapping in the place of memory that the device wrote refuses every write.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "t_file.h"
#include "t_memory.h"

#define LEN	(2 * T_PAGE + 100)

static const char rodata[LEN] = { 1, 2, 3, [T_PAGE] = 4, [LEN - 1] = 5 };

static void transfer(struct t_pair *p, enum t_kind kind, const char *src)
{
	struct ibv_mr *la = t_try_reg(p->a.pd, kind, (void *)src, LEN, 0);
	struct ibv_mr *rb = t_try_reg(p->b.pd, kind, (void *)src, LEN, IBV_ACCESS_REMOTE_READ);
	static const enum ibv_wr_opcode ops[] = { IBV_WR_RDMA_WRITE, IBV_WR_SEND };
	struct t_buf dst, own;
	struct ibv_sge s, d;
	struct ibv_send_wr wr;
	unsigned int i;

	if ((!la || !rb) && kind == T_PINNED && errno == EFAULT && t_kernel_before(6, 2)) {
		t_skip_case("kernels before 6.2 pin for writing, which this mapping refuses");
		goto out;
	}
	if (!t_check(la && rb, "register %s read-only memory: %s", t_kind_name(kind),
		     strerror(errno)))
		goto out;
	t_buf_open(&dst, p->b.pd, T_PINNED, LEN, T_ACCESS_ALL);
	t_buf_open(&own, p->a.pd, T_PINNED, LEN, T_ACCESS_ALL);
	s = (struct ibv_sge){ (uintptr_t)src, LEN, la->lkey };
	for (i = 0; i < T_ARRAY_SIZE(ops); i++) {
		d = t_sge(&dst, 0, LEN);
		t_buf_fill(&dst, i);
		if (ops[i] == IBV_WR_SEND)
			t_post_recv(&p->b, 2, &d, 1);
		wr = t_send_wr(ops[i], 1, &s, 1, dst.iova, dst.mr->rkey);
		t_post(&p->a, &wr);
		t_expect_wc(t_op_name(ops[i]), p->a.scq, 1, IBV_WC_SUCCESS, NULL);
		if (ops[i] == IBV_WR_SEND)
			t_expect_wc("receive", p->b.rcq, 2, IBV_WC_SUCCESS, NULL);
		t_bytes(t_op_name(ops[i]), dst.addr, src, LEN);
	}
	s = t_sge(&own, 0, LEN);
	wr = t_send_wr(IBV_WR_RDMA_READ, 1, &s, 1, (uintptr_t)src, rb->rkey);
	t_post(&p->a, &wr);
	t_expect_wc("READ", p->a.scq, 1, IBV_WC_SUCCESS, NULL);
	t_bytes("READ", own.addr, src, LEN);
	wr = t_send_wr(IBV_WR_RDMA_WRITE, 1, &s, 1, (uintptr_t)src, rb->rkey);
	t_expect_error(p, &wr, IBV_WC_REM_ACCESS_ERR, -1, IBV_EVENT_QP_ACCESS_ERR);
	t_buf_close(&dst);
	t_buf_close(&own);
out:
	if (la)
		t_dereg(la);
	if (rb)
		t_dereg(rb);
}

/* A region with every right over a read-only mapping: pinned refuses it, ODP refuses the access. */
static void writable_region(struct t_pair *p, enum t_kind kind, char *ro)
{
	struct ibv_mr *mr = t_try_reg(p->b.pd, kind, ro, LEN, T_ACCESS_ALL);
	struct ibv_send_wr wr;
	struct ibv_sge s;
	struct t_buf src;

	if (kind == T_PINNED) {
		t_check(!mr,
			"register read-only memory for writing: expected an error, seen success");
		if (mr)
			t_dereg(mr);
		return;
	}
	if (!t_check(mr != NULL, "register: %s", strerror(errno)))
		return;
	t_buf_open(&src, p->a.pd, T_PINNED, LEN, T_ACCESS_ALL);
	s = t_sge(&src, 0, 64);
	wr = t_send_wr(IBV_WR_RDMA_WRITE, 1, &s, 1, (uintptr_t)ro, mr->rkey);
	t_expect_error(p, &wr, IBV_WC_REM_ACCESS_ERR, -1, IBV_EVENT_QP_ACCESS_ERR);
	t_buf_close(&src);
	t_dereg(mr);
}

static void read_only_shared(struct t_buf *b)
{
	t_file_map(b, PROT_READ, MAP_SHARED);
}

/* As the .rodata of a program is mapped. */
static void read_only_private(struct t_buf *b)
{
	t_file_map(b, PROT_READ, MAP_PRIVATE);
}

static void read_write(struct t_buf *b)
{
	t_file_map(b, PROT_READ | PROT_WRITE, MAP_SHARED);
}

/* In the place of memory that could be written: every verb, at either side. */
static void events(struct t_dev *d)
{
	t_file_use("/var/tmp");
	t_memory_event(d, &(struct t_memory){
		.name = "read-only mapping of a file", .event = read_only_shared,
		.refuse = T_REFUSE_WRITE, .restore = read_write, .drops = true,
		.make = t_file_make, .done = t_file_check,
	});
	t_memory_event(d, &(struct t_memory){
		.name = "private read-only mapping of a file", .event = read_only_private,
		.refuse = T_REFUSE_WRITE, .restore = read_write, .drops = true,
		.make = t_file_make, .done = t_file_check,
	});
}

int main(void)
{
	char path[] = "/tmp/pinless-readonly-XXXXXX";
	static char content[LEN];
	char *anon, *file;
	struct t_pair p;
	struct t_dev d;
	int fd, k;

	t_start(60);
	d = t_dev_open();
	if (t_kind_ok(&d, T_ODP, IBV_WR_SEND))
		events(&d);
	t_pair_open(&p, &d, NULL);
	t_pattern(content, LEN, 5);
	anon = t_mmap(LEN);
	memcpy(anon, content, LEN);
	if (mprotect(anon, LEN, PROT_READ))
		t_die("mprotect: %s", strerror(errno));
	fd = mkstemp(path);
	if (fd < 0 || write(fd, content, LEN) != LEN)
		t_die("%s: %s", path, strerror(errno));
	unlink(path);
	file = mmap(NULL, LEN, PROT_READ, MAP_SHARED, fd, 0);
	if (file == MAP_FAILED)
		t_die("mmap of a file: %s", strerror(errno));
	for (k = 0; k < T_KINDS; k++) {
		if (!t_kind_ok(&d, k, IBV_WR_SEND))
			continue;
		t_case("anonymous memory, %s", t_kind_name(k));
		transfer(&p, k, anon);
		t_bytes("source afterwards", anon, content, LEN);
		t_case(".rodata, %s", t_kind_name(k));
		transfer(&p, k, rodata);
		t_case("file mapping, %s", t_kind_name(k));
		transfer(&p, k, file);
		t_bytes("source afterwards", file, content, LEN);
		t_case("region with all rights over a read-only mapping, %s", t_kind_name(k));
		writable_region(&p, k, anon);
		t_bytes("memory afterwards", anon, content, LEN);
	}
	t_pair_close(&p);
	t_dev_close(&d);
	return t_finish();
}
