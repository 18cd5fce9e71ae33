// SPDX-License-Identifier: GPL-2.0
/*
 * Description: a fault that may wait for a file system is handed to a worker, and is counted so:
 * one for a WRITE to a file's page that is not in memory, none for one that is, nor for anonymous
 * memory.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "t_counters.h"
#include "t_op.h"

#define FILENAME "/var/tmp/pinless-test-deferred"

static void write_page(struct t_pair *p, struct t_buf *l, struct ibv_mr *mr, char *m)
{
	struct ibv_sge s = t_sge(l, 0, T_PAGE);
	struct ibv_send_wr wr = t_send_wr(IBV_WR_RDMA_WRITE, 1, &s, 1, (uintptr_t)m, mr->rkey);

	t_post(&p->a, &wr);
	t_expect_wc("WRITE", p->a.scq, 1, IBV_WC_SUCCESS, NULL);
	t_bytes("page", m, l->addr, T_PAGE);
}

int main(void)
{
	struct t_port_count deferred;
	unsigned char there = 1;
	struct ibv_mr *mr;
	struct t_pair p;
	struct t_dev d;
	struct t_buf l;
	char *m;
	int fd;

	t_start(30);
	d = t_dev_open();
	if (!d.pinless)
		t_skip("the counters of the port are those of pinless");
	t_counters_steady();
	t_pair_open(&p, &d, NULL);
	t_buf_open(&l, p.a.pd, T_PINNED, T_PAGE, T_ACCESS_ALL);
	deferred = t_port_count(d.ctx, "odp_faults_deferred");

	t_case("anonymous memory");
	m = t_mmap(T_PAGE);
	mr = t_reg(p.b.pd, T_ODP, m, T_PAGE, T_ACCESS_ALL);
	write_page(&p, &l, mr, m);
	t_port_expect("WRITE", &deferred, 0);
	t_dereg(mr);
	munmap(m, T_PAGE);

	t_case("a page of a file that is not in memory");
	fd = open(FILENAME, O_RDWR | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 || unlink(FILENAME) || write(fd, l.addr, T_PAGE) != (ssize_t)T_PAGE ||
	    fsync(fd) || posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED))
		t_die("%s: %s", FILENAME, strerror(errno));
	m = mmap(NULL, T_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (m == MAP_FAILED)
		t_die("mmap of %s: %s", FILENAME, strerror(errno));
	if (mincore(m, T_PAGE, &there) || (there & 1)) {
		t_skip_case("the page of %s stays in memory", FILENAME);
	} else {
		mr = t_reg(p.b.pd, T_ODP, m, T_PAGE, T_ACCESS_ALL);
		t_buf_fill(&l, 9);
		write_page(&p, &l, mr, m);
		t_port_expect("WRITE", &deferred, 1);
		t_case("the same page again");
		t_buf_fill(&l, 10);
		write_page(&p, &l, mr, m);
		t_port_expect("WRITE", &deferred, 0);
		t_dereg(mr);
	}
	munmap(m, T_PAGE);
	close(fd);
	t_buf_close(&l);
	t_pair_close(&p);
	t_dev_close(&d);
	return t_finish();
}
