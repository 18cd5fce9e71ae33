// SPDX-License-Identifier: GPL-2.0
/*
 * Description: rdma link add refuses what cannot work (a name twice, a network device that is
 * not there), leaves nothing behind, and works on the loopback device; 8 links at once.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include "t_link.h"
#include "t_op.h"

int main(void)
{
	struct t_buf l, r;
	struct t_pair p;
	struct t_dev d;
	int i;

	t_start(120);
	t_link_need();
	t_link_add();
	t_case("the same name again");
	t_check(t_run("rdma link add %s type pinless netdev %s", T_LINK, T_LINK_NETDEV) != 0,
		"expected an error, seen success");
	t_case("a network device that is not there");
	t_check(t_run("rdma link add tlink1 type pinless netdev nosuchdev0") != 0,
		"expected an error, seen success");
	t_check(!t_link_exists("tlink1"), "expected no device, seen one");
	t_case("a link that is not there");
	t_check(t_run("rdma link delete tlink1") != 0, "expected an error, seen success");
	t_link_clean();

	t_case("on the loopback device");
	if (t_check(!t_run("rdma link add %s type pinless netdev lo", T_LINK),
		    "expected success, seen an error")) {
		d = t_dev_open_name(T_LINK);
		t_pair_open(&p, &d, NULL);
		t_buf_open(&l, p.a.pd, T_ODP, T_PAGE, T_ACCESS_ALL);
		t_buf_open(&r, p.b.pd, T_ODP, T_PAGE, T_ACCESS_ALL);
		t_do(&p, &(struct t_op){ .opcode = IBV_WR_RDMA_READ, .l = &l, .r = &r, .len = 99 });
		t_buf_close(&l);
		t_buf_close(&r);
		t_pair_close(&p);
		t_dev_close(&d);
		t_check(!t_run("rdma link delete %s", T_LINK), "rdma link delete failed");
	}
	t_case("8 links");
	for (i = 0; i < 8; i++)
		t_check(!t_run("ip link add tln%d type dummy && ip link set tln%d up && "
			       "rdma link add tl%d type pinless netdev tln%d", i, i, i, i),
			"link %d failed", i);
	for (i = 0; i < 8; i++)
		t_check(!t_run("rdma link delete tl%d && ip link del tln%d", i, i),
			"deleting link %d failed", i);
	t_link_clean();
	return t_finish();
}
