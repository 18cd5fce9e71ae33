// SPDX-License-Identifier: GPL-2.0
/*
 * Description: pages that move between NUMA nodes, by mbind, move_pages and migrate_pages: all of
 * them are taken from the device, and found with their data on the other node.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <errno.h>
#include <linux/mempolicy.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "t_memory.h"

static int bind_to(void *addr, size_t len, int node, unsigned int flags)
{
	unsigned long mask = 1UL << node;

	return syscall(SYS_mbind, addr, len, MPOL_BIND, &mask, 8 * sizeof(mask), flags) ? errno : 0;
}

static unsigned int pages_on(struct t_buf *b, int node)
{
	static void *page[T_MEMORY_PAGES];
	static int status[T_MEMORY_PAGES];
	unsigned int i, n = 0;

	for (i = 0; i < T_MEMORY_PAGES; i++)
		page[i] = b->addr + i * T_PAGE;
	if (syscall(SYS_move_pages, 0, (unsigned long)T_MEMORY_PAGES, page, NULL, status, 0))
		t_die("move_pages: %s", strerror(errno));
	for (i = 0; i < T_MEMORY_PAGES; i++)
		n += status[i] == node;
	return n;
}

static void on_node_0(struct t_buf *b)
{
	int err = bind_to(b->addr, b->len, 0, 0);

	if (err)
		t_die("mbind: %s", strerror(err));
}

/* A transient reference keeps a page from moving: try again. */
static void until_moved(struct t_buf *b, void (*move)(struct t_buf *b))
{
	uint64_t end = t_ms() + t_scale(5000);
	unsigned int n;

	for (;;) {
		move(b);
		n = pages_on(b, 1);
		if (n == T_MEMORY_PAGES || t_ms() > end)
			break;
		t_sleep_ms(20);
	}
	t_eq("pages on node 1", n, T_MEMORY_PAGES);
}

static void call_mbind(struct t_buf *b)
{
	int err = bind_to(b->addr, b->len, 1, MPOL_MF_MOVE);

	if (err && err != EIO)
		t_die("mbind: %s", strerror(err));
}

static void call_move_pages(struct t_buf *b)
{
	static void *page[T_MEMORY_PAGES];
	static int node[T_MEMORY_PAGES], status[T_MEMORY_PAGES];
	unsigned int i;

	for (i = 0; i < T_MEMORY_PAGES; i++) {
		page[i] = b->addr + i * T_PAGE;
		node[i] = 1;
	}
	if (syscall(SYS_move_pages, 0, (unsigned long)T_MEMORY_PAGES, page, node, status,
		    MPOL_MF_MOVE) < 0)
		t_die("move_pages: %s", strerror(errno));
}

/* The whole process; what is pinned stays. */
static void call_migrate_pages(struct t_buf *b)
{
	unsigned long from = 1, to = 2;

	(void)b;
	if (syscall(SYS_migrate_pages, 0, 8 * sizeof(from), &from, &to) < 0)
		t_die("migrate_pages: %s", strerror(errno));
}

static void by_mbind(struct t_buf *b)
{
	until_moved(b, call_mbind);
}

static void by_move_pages(struct t_buf *b)
{
	until_moved(b, call_move_pages);
}

static void by_migrate_pages(struct t_buf *b)
{
	until_moved(b, call_migrate_pages);
}

int main(void)
{
	struct t_dev d;

	t_start(60);
	d = t_dev_open();
	t_need_odp(&d);
	if (access("/sys/devices/system/node/node1", F_OK))
		t_skip("this machine has one NUMA node (numa=fake=2 makes two)");
	t_memory_event(&d, &(struct t_memory){
		.name = "mbind to another node", .event = by_mbind, .drops = true,
		.make = on_node_0,
	});
	t_memory_event(&d, &(struct t_memory){
		.name = "move_pages to another node", .event = by_move_pages, .drops = true,
		.make = on_node_0,
	});
	t_memory_event(&d, &(struct t_memory){
		.name = "migrate_pages to another node", .event = by_migrate_pages, .drops = true,
		.make = on_node_0,
	});
	t_dev_close(&d);
	return t_finish();
}
