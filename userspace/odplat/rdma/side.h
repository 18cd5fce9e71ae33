/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef ODPLAT_SIDE_H
#define ODPLAT_SIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/area.h"
#include "rdma/endpoint.h"

/**
 * enum store - the memory that a side keeps; each is one area and at most one region over all of
 * it
 */
enum store {
	STORE_WARM,		/* 4 KiB pages, ODP, used through the NIC */
	STORE_WARM_HUGE,	/* the same in transparent huge pages */
	STORE_PINNED,		/* 4 KiB pages, pinned region */
	STORE_FRESH,		/* new for each batch of samples, ODP */
	STORE_COUNT
};

enum side_command {
	SIDE_OPEN,    /* choice */
	SIDE_ADDRESS, /* -> address */
	SIDE_CONNECT, /* address */
	SIDE_REBUILD,
	SIDE_MAP,	 /* store, length, huge -> memory, keys; replaces what the store held */
	SIDE_UNMAP,	 /* store */
	SIDE_FILL,	 /* store, offset, length, seed */
	SIDE_CHECK,	 /* store, offset, skip, length, seed -> same */
	SIDE_WORD,	 /* store, offset -> word */
	SIDE_POST_RECV,	 /* store, offset, length */
	SIDE_REAP_RECV,	 /* length */
	SIDE_HUGE_BYTES, /* store -> bytes */
};

/** struct side_request - one request to a side; which fields count, enum side_command says */
struct side_request {
	enum side_command command;
	enum store store;
	bool huge;
	size_t offset;		/* where the pattern starts in the store */
	size_t skip;		/* bytes of the pattern not looked at */
	size_t length;
	uint64_t seed;
	struct address address;
	struct choice choice;
};

/** struct side_reply - the answer */
struct side_reply {
	int err;		/* 0 or a negative errno; then why says more */
	struct message why;
	uint64_t memory;
	uint32_t lkey;
	uint32_t rkey;
	bool same;
	uint64_t word;
	size_t bytes;
	struct address address;
};

/** struct side - one end of a connection, with its memory */
struct side {
	struct choice choice;
	struct endpoint endpoint;
	struct area area[STORE_COUNT];
	struct ibv_mr *mr[STORE_COUNT];
};

/** side_close() - release everything; harmless on a side that is not open */
void side_close(struct side *side);

/** side_execute() - do what @request asks; the outcome is in @reply */
void side_execute(struct side *side, const struct side_request *request, struct side_reply *reply);

/**
 * register_memory() - ibv_reg_mr() for what the measurements do with memory
 * @odp: on demand, else pinned
 * @why: out, on failure
 *
 * Return: the region, or NULL.
 */
struct ibv_mr *register_memory(const struct endpoint *endpoint, void *memory, size_t length,
			       bool odp, struct message *why);

/** access_flags() - the access rights that register_memory() gives on this device */
int access_flags(const struct choice *choice, bool odp);

#endif
