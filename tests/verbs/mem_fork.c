// SPDX-License-Identifier: GPL-2.0
/*
 * Description: fork between two accesses: a child that looks and exits, one that writes and
 * exits, one that executes another program; the child keeps the old data, the parent's device
 * goes on with the parent's memory, on either side.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "t_memory.h"
#include "t_peer.h"

/* Steps of parent and child. */
enum { FORKED = 1, PARENT_WROTE };

static struct t_meet *meet;
static struct t_buf *buf;
static pid_t pid;

/* The child's shadow is the parent's when it forked: memory like any other. */
static void old_data(void)
{
	t_bytes("child's memory after the parent's device went on", buf->addr, t_shadow(buf, 0),
		buf->len);
}

static int verdict(void)
{
	return t_failures() ? T_EXIT_FAIL : T_EXIT_PASS;
}

static int looks(void *arg)
{
	(void)arg;
	t_meet_at(meet, 1, FORKED);
	t_meet_at(meet, 1, PARENT_WROTE);
	old_data();
	return verdict();
}

static int writes(void *arg)
{
	(void)arg;
	memset(buf->addr, 0xcc, buf->len / 2);
	t_meet_at(meet, 1, FORKED);
	t_meet_at(meet, 1, PARENT_WROTE);
	t_all_bytes("what the child wrote", buf->addr, 0xcc, buf->len / 2);
	t_bytes("child's memory that it did not write", buf->addr + buf->len / 2,
		t_shadow(buf, buf->len / 2), buf->len / 2);
	return verdict();
}

static int executes(void *arg)
{
	(void)arg;
	t_meet_at(meet, 1, FORKED);
	t_meet_at(meet, 1, PARENT_WROTE);
	old_data();
	if (t_failures())
		return T_EXIT_FAIL;
	execl("/bin/true", "true", (char *)NULL);
	t_die("/bin/true: %s", strerror(errno));
}

static void fork_with(struct t_buf *b, int (*fn)(void *arg))
{
	meet = t_meet_new();
	buf = b;
	pid = t_fork(fn, NULL);
	t_meet_at(meet, 0, FORKED);
}

static void fork_looks(struct t_buf *b)
{
	fork_with(b, looks);
}

static void fork_writes(struct t_buf *b)
{
	fork_with(b, writes);
}

static void fork_executes(struct t_buf *b)
{
	fork_with(b, executes);
}

static void child_ends(struct t_buf *b)
{
	(void)b;
	t_meet_at(meet, 0, PARENT_WROTE);
	t_wait(pid, "child");
	munmap(meet, sizeof(*meet));
}

int main(void)
{
	static const struct t_memory events[] = {
		{
			.name = "fork, the child exits", .event = fork_looks, .restore = child_ends,
		},
		{
			.name = "fork, the child writes", .event = fork_writes, .restore = child_ends,
		},
		{
			.name = "fork, the child executes",
			.event = fork_executes, .restore = child_ends,
		},
	};

	return t_memory_main(60, events, T_ARRAY_SIZE(events));
}
