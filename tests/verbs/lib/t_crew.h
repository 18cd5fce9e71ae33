/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright (c) 2026 The pinless authors
 *
 * Processes in a ring, each of which moves words (t_words.h) to and from the
 * next one's memory by all verbs, while memory events (t_storm.h) happen to the
 * memory of all of them.
 */
#ifndef T_CREW_H
#define T_CREW_H

#include "t_cgroup.h"
#include "t_pair.h"
#include "t_storm.h"

#define T_CREW_MAX	16
/** Threads of a process that post. */
#define T_CREW_WORKERS	2
/** Threads of a process that do memory events. */
#define T_CREW_STORMS	2
/** Six MiB, of which the last two are never discarded. */
#define T_CREW_CHUNKS	192

enum t_crew_op {
	T_CREW_WRITE,
	T_CREW_READ,
	T_CREW_SEND,
	T_CREW_CAS,
	T_CREW_ADD,
	T_CREW_OPS
};

/** What a worker is doing, for the report of one that is stuck. */
struct t_crew_worker {
	/** A string of the program. */
	const char *where;
	unsigned int chunk;
	/** t_ms() of the last step. */
	uint64_t ms;
	bool ended;
	/** It ended with an error that was expected. */
	bool error;
};

struct t_crew_process {
	pid_t pid;
	struct t_remote remote[T_CREW_WORKERS];
	/** Queue pairs that others post to. */
	uint32_t qpn_in[T_CREW_WORKERS];
	struct t_crew_worker worker[T_CREW_WORKERS];
	struct t_chunk chunk[T_CREW_CHUNKS];
	/** Additions to the counter that were posted, and that are done. */
	uint64_t adding, added;
};

/** Shared by all processes of a round. */
struct t_crew {
	unsigned int processes;
	uint64_t seed;
	/** The memory cgroup to be in, or NULL. */
	const struct t_cgroup *group;
	/** Use T_LINK instead of the device under test. */
	bool link;

	/** Ends the workers; then the processes end. */
	volatile int stop;
	/** A process has failed. */
	volatile int failed;
	/** The link is about to go, and when: every request may fail. */
	volatile int gone;
	/** Allocations fail: every request may fail. */
	volatile int starving;
	/** The process that is about to be killed, or -1. */
	volatile int victim;
	/** All are connected and at work. */
	volatile int working;

	int arrived[8];
	uint64_t ops[T_CREW_OPS], words, zero, looks, errors;
	uint64_t events[T_STORM_EVENTS], bystander;
	struct t_crew_process process[T_CREW_MAX];
};

/** t_crew_op_name - the name of an operation */
const char *t_crew_op_name(enum t_crew_op op);

/** t_crew_new - shared memory for a crew */
struct t_crew *t_crew_new(unsigned int processes);

/** t_crew_reset - before each round; @seed determines everything but the order of threads */
void t_crew_reset(struct t_crew *c, uint64_t seed);

/**
 * t_crew_process - the life of process @me, as for t_fork()
 * @arg: struct t_crew_job
 */
int t_crew_process(void *arg);

struct t_crew_job {
	struct t_crew *crew;
	unsigned int me;
};

/** t_crew_alive - processes that are not killed */
static inline unsigned int t_crew_alive(const struct t_crew *c)
{
	return c->processes - (c->victim >= 0);
}

/** t_crew_targets - the process to whose memory @me writes */
static inline unsigned int t_crew_targets(const struct t_crew *c, unsigned int me)
{
	return (me + 1) % c->processes;
}

/** Steps at which all processes meet, in struct t_crew's arrived. */
enum t_crew_step {
	T_CREW_MADE,
	T_CREW_CONNECTED,
	T_CREW_WORKED,
};

/** t_crew_meet - wait for all that live; false when the crew has failed */
bool t_crew_meet(struct t_crew *c, enum t_crew_step step);

/** One thread that posts. */
struct t_work {
	struct t_crew *crew;
	unsigned int me, index;
	/** Connected to the process that is written to. */
	struct t_side *side;
	/** This process's memory. */
	char *mem;
	struct ibv_mr *mr;
	uint64_t seed;
	/** SENDs so far. */
	unsigned int sends;
};

/** t_work - post, wait and check until told to stop; @arg is a struct t_work */
void *t_work(void *arg);

/** t_crew_recv_chunk - where receive number @n of a worker's queue pair goes */
unsigned int t_crew_recv_chunk(unsigned int worker, unsigned int n);

/** Receives that are posted at a time. */
#define T_CREW_RECVS	4

#endif
