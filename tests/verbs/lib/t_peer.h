/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright (c) 2026 The pinless authors
 *
 * Two processes with one queue pair each, in step with one another.
 */
#ifndef T_PEER_H
#define T_PEER_H

#include "t_pair.h"

/** Shared by the two processes: made before the fork. */
struct t_meet {
	struct t_remote remote[2];
	/** The last step that each side has reached. */
	volatile int step[2];
	/** For the program's own use. */
	volatile uint64_t word[8];
};

/** t_meet_new - shared memory for two processes */
struct t_meet *t_meet_new(void);

/**
 * t_meet_at - wait until the other process has reached a step too
 * @me: 0 or 1
 * @step: 1, 2, 3, ... in this order
 */
void t_meet_at(struct t_meet *m, int me, int step);

/**
 * t_peer_connect - publish this side, wait for the other and connect to it
 * @mr_addr: what the other side may address, with its key
 */
void t_peer_connect(struct t_meet *m, int me, struct t_side *s, const struct t_attr *at,
		    const void *mr_addr, uint32_t rkey);

#endif
