// SPDX-License-Identifier: GPL-2.0
/*
 * Description: each cause of a fault, and each event that takes pages from the device, moves the
 * port's counters for it by exactly the pages that it is about, and no other counter.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "counters.h"
#include "t_counters.h"
#include "t_op.h"

#define X(member, name, text) name,
static const char *const names[] = { PINLESS_COUNTERS(X) };

#undef X
#define COUNTERS	T_ARRAY_SIZE(names)

/* How far a counter must go. */
struct moved {
	const char *name;
	unsigned long by;
};

/* Depend on how the work was split up, and on memory, which may be reclaimed at any time. */
static const char *const may_move[] = {
	"odp_fault_calls", "odp_fault_retries", "odp_faults_deferred", "odp_neighbours",
	"odp_table_bytes",
};

#define PAGES	8
#define LEN	(PAGES * T_PAGE)
/* Above all addresses of user space. */
#define BEYOND	(1ul << 62)
#define FILENAME "/var/tmp/pinless-test-counters"

static unsigned long long before[COUNTERS];
static const char *dev;

static unsigned long long counter(const char *name)
{
	unsigned long long value;
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "/sys/class/infiniband/%s/ports/1/hw_counters/%s", dev, name);
	f = fopen(path, "r");
	if (!f || fscanf(f, "%llu", &value) != 1)
		t_die("%s: cannot be read", path);
	fclose(f);
	return value;
}

static void look(void)
{
	size_t i;

	for (i = 0; i < COUNTERS; i++)
		before[i] = counter(names[i]);
}

static bool free_to_move(const char *name)
{
	size_t i;

	for (i = 0; i < T_ARRAY_SIZE(may_move); i++) {
		if (!strcmp(may_move[i], name))
			return true;
	}
	return strncmp(name, "odp_", 4);
}

/* Compares all odp_* with what they were at look(), and looks again. */
static void moved(const char *what, const struct moved *m)
{
	unsigned long long now, by;
	const struct moved *e;
	size_t i;

	for (i = 0; i < COUNTERS; i++) {
		now = counter(names[i]);
		by = 0;
		for (e = m; e->name; e++) {
			if (!strcmp(e->name, names[i]))
				by = e->by;
		}
		if (by || !free_to_move(names[i]))
			t_check(now - before[i] == by, "%s: %s: expected %llu more, seen %lld more",
				what, names[i], by, (long long)(now - before[i]));
	}
	look();
}

#define MOVED(what, ...) moved(what, (const struct moved[]){ __VA_ARGS__, { NULL, 0 } })

/* Memory of one leaf without huge pages. */
static char *fresh(void)
{
	char *m = t_mmap_huge_aligned(T_HUGE);

	madvise(m, T_HUGE, MADV_NOHUGEPAGE);
	return m;
}

/* WRITE from the pinned buffer to @m, or READ from it to @m, and a look at the data. */
static void move_data(struct t_pair *p, enum ibv_wr_opcode op, struct t_buf *pinned,
		      struct ibv_mr *mr, char *m, size_t len)
{
	bool read = op == IBV_WR_RDMA_READ;
	struct ibv_sge s = read ? (struct ibv_sge){ (uintptr_t)m, len, mr->lkey } :
				  (struct ibv_sge){ pinned->iova, len, pinned->mr->lkey };
	struct ibv_send_wr wr = t_send_wr(op, 1, &s, 1, read ? pinned->iova : (uintptr_t)m,
					  read ? pinned->mr->rkey : mr->rkey);

	t_post(&p->a, &wr);
	t_expect_wc(t_op_name(op), p->a.scq, 1, IBV_WC_SUCCESS, NULL);
}

static void causes(struct t_pair *p, struct t_buf *pinned, struct t_buf *far)
{
	char *m = fresh();
	struct ibv_mr *mr = t_reg(p->b.pd, T_ODP, m, T_HUGE, T_ACCESS_ALL);
	struct ibv_mr *near = t_reg(p->a.pd, T_ODP, m, T_HUGE, T_ACCESS_ALL);

	look();
	t_case("target, pages never touched");
	move_data(p, IBV_WR_RDMA_WRITE, pinned, mr, m, 4 * T_PAGE);
	MOVED("WRITE to 4 new pages", { "odp_faults", 4 }, { "odp_faults_target", 4 },
	      { "odp_faults_minor", 4 });
	t_bytes("pages written", m, pinned->addr, 4 * T_PAGE);
	look();
	t_case("target, warm");
	move_data(p, IBV_WR_RDMA_WRITE, pinned, mr, m, 4 * T_PAGE);
	MOVED("WRITE to 4 warm pages", { NULL, 0 });
	t_case("initiator, pages never touched");
	move_data(p, IBV_WR_RDMA_READ, far, near, m + 8 * T_PAGE, 3 * T_PAGE);
	MOVED("READ to 3 new pages", { "odp_faults", 3 }, { "odp_faults_initiator", 3 },
	      { "odp_faults_minor", 3 });
	t_bytes("pages read into", m + 8 * T_PAGE, far->addr, 3 * T_PAGE);
	t_case("target, pages present for the CPU");
	memset(m + 64 * T_PAGE, 1, 5 * T_PAGE);
	look();
	move_data(p, IBV_WR_RDMA_WRITE, pinned, mr, m + 64 * T_PAGE, 5 * T_PAGE);
	MOVED("WRITE to 5 pages that the CPU has", { "odp_faults", 5 },
	      { "odp_faults_target", 5 });
	t_bytes("pages written", m + 64 * T_PAGE, pinned->addr, 5 * T_PAGE);
	t_dereg(near);
	t_dereg(mr);
	munmap(m, T_HUGE);
}

static void advise(struct t_pair *p, struct ibv_mr *mr, void *addr, int expected)
{
	struct ibv_sge s = { (uintptr_t)addr, LEN, mr->lkey };

	t_eq("ibv_advise_mr",
	     ibv_advise_mr(p->b.pd, IBV_ADVISE_MR_ADVICE_PREFETCH_WRITE, IBV_ADVISE_MR_FLAG_FLUSH,
			   &s, 1), expected);
}

static void prefetches(struct t_pair *p)
{
	char *m = fresh();
	struct ibv_mr *mr = t_reg(p->b.pd, T_ODP, m, T_HUGE, T_ACCESS_ALL);

	t_case("prefetch");
	look();
	advise(p, mr, m, 0);
	MOVED("prefetch of new pages", { "odp_prefetched", PAGES }, { "odp_faults_minor", PAGES });
	t_case("prefetch for writing of read-only memory");
	mprotect(m + LEN, LEN, PROT_READ);
	look();
	advise(p, mr, m + LEN, EPERM);
	MOVED("it", { "odp_fault_errors", 1 }, { "odp_fault_err_denied", 1 });
	t_case("prefetch of what is not mapped");
	munmap(m + 2 * LEN, LEN);
	look();
	advise(p, mr, m + 2 * LEN, EFAULT);
	MOVED("it", { "odp_fault_errors", 1 }, { "odp_fault_err_unmapped", 1 });
	t_dereg(mr);
	t_case("prefetch of what no process can have");
	mr = t_reg(p->b.pd, T_IMPLICIT, m, T_HUGE, T_ACCESS_ALL);
	look();
	advise(p, mr, (void *)BEYOND, EFAULT);
	MOVED("it", { "odp_fault_errors", 1 }, { "odp_fault_err_unmapped", 1 });
	t_dereg(mr);
	munmap(m, T_HUGE);
}

static void event_munmap(char *m)
{
	munmap(m, T_HUGE);
}

static void event_dontneed(char *m)
{
	madvise(m, T_HUGE, MADV_DONTNEED);
}

static void event_mprotect(char *m)
{
	mprotect(m, T_HUGE, PROT_READ);
}

static int nothing(void *arg)
{
	(void)arg;
	return 0;
}

static void event_fork(char *m)
{
	(void)m;
	t_wait(t_fork(nothing, NULL), "child");
}

static void event_soft_dirty(char *m)
{
	int fd = open("/proc/self/clear_refs", O_WRONLY);

	(void)m;
	if (fd < 0 || write(fd, "4", 1) != 1)
		t_die("/proc/self/clear_refs: %s", strerror(errno));
	close(fd);
}

/* PAGES pages are warm when @event comes. */
static void takes(struct t_pair *p, struct t_buf *pinned, const char *what, void (*event)(char *),
		  const char *counter, bool drops)
{
	char *m = fresh();
	struct ibv_mr *mr = t_reg(p->b.pd, T_ODP, m, T_HUGE, T_ACCESS_ALL);

	t_case("%s", what);
	move_data(p, IBV_WR_RDMA_WRITE, pinned, mr, m, LEN);
	t_bytes(what, m, pinned->addr, LEN);
	look();
	event(m);
	MOVED(what, { counter, PAGES }, { "odp_drop_calls", 1 },
	      { "odp_dropped", drops ? PAGES : 0 });
	t_dereg(mr);
	munmap(m, T_HUGE);
}

/* A process that ends as it is, with its pages in the translation. */
static int ends(void *arg)
{
	struct t_dev d = t_dev_open();
	struct t_buf pinned;
	struct ibv_mr *mr;
	struct t_pair p;
	char *m;

	(void)arg;
	t_pair_open(&p, &d, NULL);
	t_buf_open(&pinned, p.a.pd, T_PINNED, LEN, T_ACCESS_ALL);
	m = fresh();
	mr = t_reg(p.b.pd, T_ODP, m, T_HUGE, T_ACCESS_ALL);
	move_data(&p, IBV_WR_RDMA_WRITE, &pinned, mr, m, LEN);
	t_bytes("pages of the process that ends", m, pinned.addr, LEN);
	return t_finish();
}

static void process_end(void)
{
	t_case("end of a process");
	look();
	t_wait(t_fork(ends, NULL), "process that ends");
	MOVED("it", { "odp_faults", PAGES }, { "odp_faults_target", PAGES },
	      { "odp_faults_minor", PAGES }, { "odp_inval_release", PAGES },
	      { "odp_dropped", PAGES }, { "odp_drop_calls", 1 });
}

/* A page of a file that has to be read from a disk. */
static void major(struct t_pair *p, struct t_buf *pinned)
{
	int fd = open(FILENAME, O_RDWR | O_CREAT | O_TRUNC, 0600);
	unsigned char there = 1;
	unsigned long long n;
	struct ibv_mr *mr;
	char *m;

	t_case("major");
	if (fd < 0 || unlink(FILENAME) || write(fd, pinned->addr, T_PAGE) != (ssize_t)T_PAGE ||
	    fsync(fd) || posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED))
		t_die("%s: %s", FILENAME, strerror(errno));
	m = mmap(NULL, T_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (m == MAP_FAILED)
		t_die("mmap of %s: %s", FILENAME, strerror(errno));
	if (mincore(m, T_PAGE, &there) || (there & 1)) {
		t_skip_case("the page of %s stays in memory", FILENAME);
	} else {
		mr = t_reg(p->b.pd, T_ODP, m, T_PAGE, T_ACCESS_ALL);
		n = counter("odp_faults_major") + counter("odp_faults_minor");
		move_data(p, IBV_WR_RDMA_WRITE, pinned, mr, m, T_PAGE);
		/* The file system decides in how many steps a page becomes writable. */
		t_check(counter("odp_faults_major") + counter("odp_faults_minor") > n,
			"WRITE to a page on a disk: neither major nor minor, of which there were %llu",
			n);
		/* Later ones drop mmap_lock for the read, and retry the fault: docs/counters.md. */
		if (t_kernel_before(7, 0))
			t_check(counter("odp_faults_major"),
				"WRITE to a page on a disk: odp_faults_major is still 0");
		t_bytes("page of the file", m, pinned->addr, T_PAGE);
		t_dereg(mr);
	}
	munmap(m, T_PAGE);
	close(fd);
}

int main(void)
{
	struct t_buf pinned, far;
	struct t_pair p;
	struct t_dev d;

	t_start(60);
	d = t_dev_open();
	if (!d.pinless)
		t_skip("kernel/obs/counters.h lists the counters of pinless");
	t_counters_steady();
	dev = ibv_get_device_name(d.ctx->device);
	process_end();
	t_pair_open(&p, &d, NULL);
	t_buf_open(&pinned, p.a.pd, T_PINNED, LEN, T_ACCESS_ALL);
	t_buf_open(&far, p.b.pd, T_PINNED, LEN, T_ACCESS_ALL);
	causes(&p, &pinned, &far);
	t_buf_close(&far);
	prefetches(&p);
	takes(&p, &pinned, "munmap", event_munmap, "odp_inval_unmap", true);
	takes(&p, &pinned, "MADV_DONTNEED", event_dontneed, "odp_inval_clear", true);
	takes(&p, &pinned, "mprotect", event_mprotect, "odp_inval_protect_vma", true);
	takes(&p, &pinned, "fork", event_fork, "odp_inval_protect_page", false);
	takes(&p, &pinned, "clear_refs", event_soft_dirty, "odp_inval_soft_dirty", true);
	major(&p, &pinned);
	t_buf_close(&pinned);
	t_pair_close(&p);
	t_dev_close(&d);
	return t_finish();
}
