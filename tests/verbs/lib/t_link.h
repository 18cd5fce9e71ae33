/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright (c) 2026 The pinless authors
 *
 * Links of the tests' own: an RDMA device over a dummy network device, made
 * and taken away while it is in use.
 *
 * PINLESS_TEST_TYPE must be "pinless": deleting devices under traffic is not
 * tried on other drivers.
 */
#ifndef T_LINK_H
#define T_LINK_H

#include "t_pair.h"

/** Names that no user's device has. */
#define T_LINK		"tlink0"
#define T_LINK_NETDEV	"tlinknet0"

/** t_link_need - root, PINLESS_TEST_TYPE and the rdma command; else skip */
void t_link_need(void);

/** t_link_add - make T_LINK_NETDEV and T_LINK on it; ends the program on failure */
void t_link_add(void);

/** t_link_clean - remove whatever is left of what t_link_add() made */
void t_link_clean(void);

/** t_link_exists - is there an RDMA device of this name? */
bool t_link_exists(const char *name);

/** t_link_wait_gone - wait until an RDMA device is gone */
bool t_link_wait_gone(const char *name, unsigned int ms);

/** A process that moves data over T_LINK without pause. */
struct t_traffic {
	pid_t pid;
	struct t_traffic_shared {
		/** Operations done so far. */
		volatile uint64_t done;
		/** Set when the event IBV_EVENT_DEVICE_FATAL came. */
		volatile int fatal;
		/** Time of the last sign of life, t_ms(). */
		volatile uint64_t last;
	} *s;
};

/**
 * t_traffic_start - begin traffic on regions of @kind, and wait until it flows
 *
 * The process ends with success when the device goes away under it.
 */
struct t_traffic t_traffic_start(enum t_kind kind);

/** t_traffic_end - wait for the end of the process and check how it ended */
void t_traffic_end(struct t_traffic *t, bool device_gone);

#endif
