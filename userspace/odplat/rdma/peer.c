// SPDX-License-Identifier: GPL-2.0
// Copyright (c) 2026 The pinless authors
#include "rdma/peer.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* Sequenced packets keep each request and reply whole. */
static bool send_packet(int socket, const void *data, size_t size)
{
	ssize_t sent;

	do
		sent = send(socket, data, size, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	return sent == (ssize_t)size;
}

static bool receive_packet(int socket, void *data, size_t size)
{
	ssize_t received;

	do
		received = recv(socket, data, size, 0);
	while (received < 0 && errno == EINTR);
	return received == (ssize_t)size;
}

static void serve(int socket)
{
	struct side_request request;
	struct side_reply reply;
	struct side side = { 0 };

	while (receive_packet(socket, &request, sizeof(request))) {
		side_execute(&side, &request, &reply);
		if (!send_packet(socket, &reply, sizeof(reply)))
			break;
	}
	side_close(&side);
}

int peer_start(struct peer *peer, bool separate, struct message *why)
{
	pid_t parent = getpid();
	int pair[2];

	memset(peer, 0, sizeof(*peer));
	peer->socket = -1;
	if (!separate)
		return 0;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return explain_error(why, "socketpair", errno);
	/* What is buffered must not be written twice. */
	fflush(NULL);
	peer->child = fork();
	if (peer->child < 0) {
		int error = errno;

		peer->child = 0;
		close(pair[0]);
		close(pair[1]);
		return explain_error(why, "fork", error);
	}
	if (!peer->child) {
		close(pair[0]);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() == parent)
			serve(pair[1]);
		_exit(0);
	}
	close(pair[1]);
	peer->socket = pair[0];
	return 0;
}

int peer_ask(struct peer *peer, const struct side_request *request, struct side_reply *reply)
{
	if (!peer->child) {
		side_execute(&peer->side, request, reply);
	} else if (!send_packet(peer->socket, request, sizeof(*request)) ||
		   !receive_packet(peer->socket, reply, sizeof(*reply))) {
		memset(reply, 0, sizeof(*reply));
		reply->err = -EPIPE;
		snprintf(reply->why.text, sizeof(reply->why.text), "the target process is gone");
	}
	return reply->err;
}

void peer_stop(struct peer *peer)
{
	if (!peer->child) {
		side_close(&peer->side);
		return;
	}
	/* A later child holds a copy of this socket, so that closing it would end nothing. */
	shutdown(peer->socket, SHUT_RDWR);
	close(peer->socket);
	while (waitpid(peer->child, NULL, 0) < 0 && errno == EINTR)
		;
	peer->child = 0;
}
