// SPDX-License-Identifier: GPL-2.0
/*
 * Description: the network device goes down and up: the port is DOWN (physically disabled when
 * the network device is down, polling when it has no carrier) and ACTIVE again, with the
 * asynchronous events, and data flows afterwards.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include "t_event.h"
#include "t_link.h"
#include "t_op.h"

/* IBTA 14.2.5.6, PortPhysicalState. */
enum { PHYS_POLLING = 2, PHYS_DISABLED = 3, PHYS_LINK_UP = 5 };

static bool wait_state(struct t_dev *d, enum ibv_port_state want, uint8_t phys)
{
	uint64_t end = t_ms() + t_scale(5000);
	struct ibv_port_attr port;

	do {
		if (ibv_query_port(d->ctx, 1, &port))
			t_die("ibv_query_port failed");
		if (port.state == want)
			return t_eq("phys_state", port.phys_state, phys);
		t_sleep_ms(10);
	} while (t_ms() < end);
	return t_check(false, "port state: expected %s, seen %s", ibv_port_state_str(want),
		       ibv_port_state_str(port.state));
}

int main(void)
{
	struct t_buf l, r;
	struct t_pair p;
	struct t_dev d;
	int i;

	t_start(60);
	t_link_need();
	t_link_add();
	d = t_dev_open_name(T_LINK);
	for (i = 0; i < 3; i++) {
		t_case("down, round %d", i);
		t_events_drop(d.ctx);
		t_run("ip link set %s down", T_LINK_NETDEV);
		wait_state(&d, IBV_PORT_DOWN, PHYS_DISABLED);
		t_check(t_event_wait(d.ctx, IBV_EVENT_PORT_ERR, NULL, t_scale(3000)),
			"event: expected '%s', seen none in 3 s",
			ibv_event_type_str(IBV_EVENT_PORT_ERR));
		t_case("up, round %d", i);
		t_run("ip link set %s up", T_LINK_NETDEV);
		wait_state(&d, IBV_PORT_ACTIVE, PHYS_LINK_UP);
		t_check(t_event_wait(d.ctx, IBV_EVENT_PORT_ACTIVE, NULL, t_scale(3000)),
			"event: expected '%s', seen none in 3 s",
			ibv_event_type_str(IBV_EVENT_PORT_ACTIVE));
	}
	t_case("no carrier");
	if (t_run("ip link set %s carrier off", T_LINK_NETDEV))
		t_die("the carrier of %s cannot be taken away", T_LINK_NETDEV);
	wait_state(&d, IBV_PORT_DOWN, PHYS_POLLING);
	t_run("ip link set %s carrier on", T_LINK_NETDEV);
	wait_state(&d, IBV_PORT_ACTIVE, PHYS_LINK_UP);
	t_dev_close(&d);
	t_case("data after that");
	d = t_dev_open_name(T_LINK);
	t_pair_open(&p, &d, NULL);
	t_buf_open(&l, p.a.pd, T_ODP, T_PAGE, T_ACCESS_ALL);
	t_buf_open(&r, p.b.pd, T_ODP, T_PAGE, T_ACCESS_ALL);
	t_do(&p, &(struct t_op){ .opcode = IBV_WR_RDMA_WRITE, .l = &l, .r = &r, .len = 100 });
	t_buf_close(&l);
	t_buf_close(&r);
	t_pair_close(&p);
	t_dev_close(&d);
	t_link_clean();
	return t_finish();
}
