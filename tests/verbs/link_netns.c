// SPDX-License-Identifier: GPL-2.0
/*
 * Description: a link moved into another network namespace and back works as before, and can be
 * deleted.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <unistd.h>

#include "t_link.h"
#include "t_op.h"

#define NETNS		"tlinkns"
/* A name for the namespace that this program runs in. */
#define HOME_NETNS	"tlinkhome"

static void write_once(const char *what)
{
	struct t_dev d = t_dev_open_name(T_LINK);
	struct t_buf l, r;
	struct t_pair p;
	struct t_op op = { .opcode = IBV_WR_RDMA_WRITE, .l = &l, .r = &r, .len = 5000 };

	t_case("%s", what);
	t_pair_open(&p, &d, NULL);
	t_buf_open(&l, p.a.pd, T_ODP, 4 * T_PAGE, T_ACCESS_ALL);
	t_buf_open(&r, p.b.pd, T_ODP, 4 * T_PAGE, T_ACCESS_ALL);
	t_do(&p, &op);
	t_buf_close(&l);
	t_buf_close(&r);
	t_pair_close(&p);
	t_dev_close(&d);
}

int main(void)
{
	int round;

	t_start(60);
	t_link_need();
	/* Devices can be moved only while each belongs to one namespace. */
	if (t_run("rdma system set netns exclusive"))
		t_skip("rdma system set netns exclusive failed: a network namespace is there already");
	t_link_add();
	if (t_run("ip netns add " NETNS) || t_run("ip netns attach " HOME_NETNS " %d", getpid()))
		t_die("ip netns add or attach failed");
	for (round = 0; round < 3; round++) {
		write_once("before the move");
		t_check(!t_run("rdma dev set %s netns " NETNS, T_LINK), "move there failed");
		t_check(!t_run("ip netns exec " NETNS " rdma dev show %s", T_LINK),
			"the device is not in the other namespace");
		t_check(!t_run("ip netns exec " NETNS " rdma dev set %s netns " HOME_NETNS, T_LINK),
			"move back failed");
		write_once("after the move");
	}
	t_link_clean();
	t_run("ip netns del " NETNS);
	t_run("ip netns del " HOME_NETNS);
	t_run("rdma system set netns shared");
	return t_finish();
}
