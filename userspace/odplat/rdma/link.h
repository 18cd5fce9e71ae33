/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef ODPLAT_LINK_H
#define ODPLAT_LINK_H

#include "rdma/peer.h"

enum operation { OP_WRITE, OP_READ, OP_SEND, OP_FETCH_ADD };

enum end { INITIATOR, TARGET };

/** WARM_BYTES - size of the warm and pinned stores, and of the largest transfer */
#define WARM_BYTES	HUGE_BYTES

/** struct region - where a store lies and the keys of its region */
struct region {
	uint64_t memory;
	uint32_t lkey;
	uint32_t rkey;
	bool ready;
};

/** struct link - a device under measurement: two connected sides and their memory */
struct link {
	struct choice choice;
	struct peer peer[2];			/* the initiator is always in this process */
	struct region region[2][STORE_COUNT];
	bool connected;
};

/** struct place - a part of a store */
struct place {
	enum store store;
	size_t offset;
};

/**
 * link_prepare() - fork the target, where it shall be a process; for all links before link_open()
 * of the first
 */
int link_prepare(struct link *link, const struct choice *choice, bool separate,
		 struct message *why);

/** link_open() - open both sides and connect them */
int link_open(struct link *link, struct message *why);

/** link_recover() - replace both queue pairs by fresh ones, after a failed operation */
int link_recover(struct link *link, struct message *why);

/** link_close() - release everything */
void link_close(struct link *link);

/** link_local() - the side in this process */
static inline struct side *link_local(struct link *link)
{
	return &link->peer[INITIATOR].side;
}

/**
 * link_ensure() - make STORE_WARM, STORE_WARM_HUGE or STORE_PINNED ready on both sides: filled,
 * and used by the NIC
 */
int link_ensure(struct link *link, enum store store, struct message *why);

/** link_map() - new memory and a region for a store of one side, replacing the old */
int link_map(struct link *link, enum end end, enum store store, size_t length, bool huge,
	     struct message *why);

/** link_unmap() - release a store of one side */
void link_unmap(struct link *link, enum end end, enum store store);

/** link_fill() - have the CPU of one side write the pattern of @seed into a part of a store */
int link_fill(struct link *link, enum end end, struct place place, size_t length, uint64_t seed,
	      struct message *why);

/**
 * link_check() - does a part of a store hold the pattern of @seed?
 * @place: where the pattern starts
 * @from: first byte to look at, counted from @place, a multiple of 8
 * @to: end, exclusive
 * @same: becomes false when not, else stays as it is
 */
int link_check(struct link *link, enum end end, struct place place, size_t from, size_t to,
	       uint64_t seed, bool *same, struct message *why);

/** link_word() - the 8 bytes at @place */
int link_word(struct link *link, enum end end, struct place place, uint64_t *word,
	      struct message *why);

/** link_huge_bytes() - how much of a store is in transparent huge pages */
int link_huge_bytes(struct link *link, enum end end, enum store store, size_t *bytes,
		    struct message *why);

/**
 * link_transfer() - one operation, measured
 * @operation: what
 * @initiator: the initiator's memory
 * @target: the target's memory
 * @length: in bytes; 8 for OP_FETCH_ADD
 * @elapsed: out, nanoseconds; see endpoint_transfer()
 * @why: out, on failure
 *
 * OP_FETCH_ADD adds FETCH_ADD_OPERAND.
 *
 * Return: 0 or a negative errno; then the link must be recovered.
 */
int link_transfer(struct link *link, enum operation operation, struct place initiator,
		  struct place target, size_t length, uint64_t *elapsed, struct message *why);

/** FETCH_ADD_OPERAND - what OP_FETCH_ADD adds; carries reach into the upper half */
#define FETCH_ADD_OPERAND	0x1000000fffffffull

/**
 * link_exchange() - one operation between a local region and the start of the target's warm store,
 * measured
 * @operation: OP_READ or OP_WRITE
 * @length: at most WARM_BYTES
 */
int link_exchange(struct link *link, enum operation operation, const void *memory, uint32_t lkey,
		  size_t length, uint64_t *elapsed, struct message *why);

/**
 * link_read_into() - have the NIC write all of a local region by RDMA READ of the target's warm
 * store
 */
int link_read_into(struct link *link, uint64_t memory, uint32_t lkey, size_t length,
		   struct message *why);

/**
 * link_read_from() - have the NIC read @length bytes of a local region, by RDMA WRITE to the
 * target's warm store
 * @seed: the pattern expected there; the words are counted from @memory
 * @same: becomes false when other data arrived
 */
int link_read_from(struct link *link, uint64_t memory, uint32_t lkey, size_t length, uint64_t seed,
		   bool *same, struct message *why);

/** operation_supported() - does the device offer ODP for it? @why says what is missing */
bool operation_supported(const struct choice *choice, enum operation operation,
			 struct message *why);

#endif
