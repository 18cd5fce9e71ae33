/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef ODPLAT_PEER_H
#define ODPLAT_PEER_H

#include <sys/types.h>

#include "rdma/side.h"

/**
 * struct peer - a side in this process, or in a child that serves the same requests through a
 * socket
 */
struct peer {
	struct side side;	/* of use only while child is 0 */
	pid_t child;
	int socket;
};

/**
 * peer_start() - make a peer, not yet open (see SIDE_OPEN)
 * @separate: put it into a child process
 *
 * The child is forked here; start all peers before any device is opened, so that no region is
 * copied by fork().
 *
 * Return: 0 or a negative errno.
 */
int peer_start(struct peer *peer, bool separate, struct message *why);

/**
 * peer_ask() - have the peer execute a request
 *
 * Return: reply->err; a child that is gone answers -EPIPE.
 */
int peer_ask(struct peer *peer, const struct side_request *request, struct side_reply *reply);

/** peer_stop() - close the peer's side and end its process */
void peer_stop(struct peer *peer);

#endif
