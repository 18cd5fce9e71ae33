/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef ODPLAT_JOB_H
#define ODPLAT_JOB_H

#include "rdma/link.h"
#include "base/results.h"

/** enum state - what has happened to memory before it is measured */
enum state {
	STATE_PINNED,		/* pinned region */
	STATE_WARM,		/* ODP, already used through the NIC */
	STATE_COLD,		/* ODP, never touched */
	STATE_TOUCHED,		/* ODP, touched by the CPU, new to the NIC */
	STATE_UNREGISTERED,	/* no region */
};

/** enum sharing - what faults at the same time have in common */
enum sharing {
	SHARING_LEAF,		/* 2 MiB of one process */
	SHARING_MIRROR,		/* one process */
	SHARING_NOTHING,	/* each has a process of its own */
};

/** enum memory_object - objects whose memory use is measured */
enum memory_object { MEMORY_QP, MEMORY_CQ, MEMORY_MR };

/** struct bench - what a case is measured on */
struct bench {
	struct link *link;	/* NULL for the references */
	uint64_t seed;		/* the last pattern used */
};

struct job;

/**
 * job_function - take @count samples of a job
 * @rows: where they go, one for each name of the job; an entry is NULL when it is not wanted
 * @why: out, on failure
 *
 * Return: 0, or a negative errno when the case cannot be measured on this device.
 */
typedef int job_function(struct bench *bench, const struct job *job, unsigned int count,
			 struct row *const rows[2], struct message *why);

/** struct job - one measurement, which yields one or two cases */
struct job {
	char name[2][CASE_NAME_SIZE];	/* the second is empty where there is one case */
	job_function *run;
	unsigned int samples;		/* in a whole run */
	unsigned int warmups;		/* samples taken before, and thrown away */
	bool on_cpu;			/* a reference: needs no device */
	bool wall_only;			/* makes no sense counted */
	enum operation operation;	/* transfers */
	enum state state[2];		/* transfers: of each end; others: [0] */
	unsigned int reference;		/* 1 + number of the job that does it without RDMA; 0: none */
	size_t length;			/* bytes worked on */
	bool huge;			/* in transparent huge pages */
	bool unmap;			/* invalidations: munmap() instead of MADV_DONTNEED */
	bool named_only;		/* left out unless a pattern matches */
	bool in_one_round;		/* setting it up is expensive */
	unsigned int many;		/* growth: regions, leaves, queue pairs or objects */
	enum sharing sharing;		/* growth: faults at the same time */
	enum memory_object object;	/* growth: memory */
};

#endif
