// SPDX-License-Identifier: GPL-2.0
// Copyright (c) 2026 The pinless authors
#include "rdma/link.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/pattern.h"

/* What the warm stores hold between measurements. */
#define WARM_SEED	0x77616d

int link_prepare(struct link *link, const struct choice *choice, bool separate, struct message *why)
{
	int err;

	memset(link, 0, sizeof(*link));
	link->choice = *choice;
	err = peer_start(&link->peer[INITIATOR], false, why);
	return err ? err : peer_start(&link->peer[TARGET], separate, why);
}

static int ask(struct link *link, enum end end, const struct side_request *request,
	       struct side_reply *reply, struct message *why)
{
	int err = peer_ask(&link->peer[end], request, reply);

	if (err)
		*why = reply->why;
	return err;
}

static int connect_ends(struct link *link, struct message *why)
{
	struct side_request connect[2] = { { .command = SIDE_CONNECT },
					   { .command = SIDE_CONNECT } };
	struct side_request address = { .command = SIDE_ADDRESS };
	struct side_reply reply;
	int err;

	for (enum end end = INITIATOR; end <= TARGET; end++) {
		err = ask(link, end, &address, &reply, why);
		if (err)
			return err;
		connect[!end].address = reply.address;
	}
	for (enum end end = INITIATOR; end <= TARGET; end++) {
		err = ask(link, end, &connect[end], &reply, why);
		if (err)
			return err;
	}
	link->connected = true;
	return 0;
}

int link_open(struct link *link, struct message *why)
{
	struct side_request request = { .command = SIDE_OPEN, .choice = link->choice };
	struct side_reply reply;
	int err;

	for (enum end end = INITIATOR; end <= TARGET; end++) {
		err = ask(link, end, &request, &reply, why);
		if (err)
			return err;
	}
	return connect_ends(link, why);
}

int link_recover(struct link *link, struct message *why)
{
	struct side_request request = { .command = SIDE_REBUILD };
	struct side_reply reply;
	int err;

	link->connected = false;
	for (enum end end = INITIATOR; end <= TARGET; end++) {
		err = ask(link, end, &request, &reply, why);
		if (err)
			return err;
	}
	return connect_ends(link, why);
}

void link_close(struct link *link)
{
	peer_stop(&link->peer[INITIATOR]);
	peer_stop(&link->peer[TARGET]);
}

int link_map(struct link *link, enum end end, enum store store, size_t length, bool huge,
	     struct message *why)
{
	struct side_request request = {
		.command = SIDE_MAP, .store = store, .length = length, .huge = huge
	};
	struct side_reply reply;
	int err;

	link->region[end][store].ready = false;
	err = ask(link, end, &request, &reply, why);
	if (!err)
		link->region[end][store] = (struct region){
			.memory = reply.memory,
			.lkey = reply.lkey,
			.rkey = reply.rkey,
			.ready = true,
		};
	return err;
}

void link_unmap(struct link *link, enum end end, enum store store)
{
	struct side_request request = { .command = SIDE_UNMAP, .store = store };
	struct side_reply reply;

	link->region[end][store].ready = false;
	peer_ask(&link->peer[end], &request, &reply);
}

int link_fill(struct link *link, enum end end, struct place place, size_t length, uint64_t seed,
	      struct message *why)
{
	struct side_request request = {
		.command = SIDE_FILL,
		.store = place.store,
		.offset = place.offset,
		.length = length,
		.seed = seed,
	};
	struct side_reply reply;

	return ask(link, end, &request, &reply, why);
}

int link_check(struct link *link, enum end end, struct place place, size_t from, size_t to,
	       uint64_t seed, bool *same, struct message *why)
{
	struct side_request request = {
		.command = SIDE_CHECK, .store = place.store, .offset = place.offset, .skip = from,
		.length = to - from, .seed = seed,
	};
	struct side_reply reply;
	int err = ask(link, end, &request, &reply, why);

	if (!err && !reply.same)
		*same = false;
	return err;
}

int link_word(struct link *link, enum end end, struct place place, uint64_t *word,
	      struct message *why)
{
	struct side_request request = {
		.command = SIDE_WORD, .store = place.store, .offset = place.offset,
	};
	struct side_reply reply;
	int err = ask(link, end, &request, &reply, why);

	*word = err ? 0 : reply.word;
	return err;
}

int link_huge_bytes(struct link *link, enum end end, enum store store, size_t *bytes,
		    struct message *why)
{
	struct side_request request = { .command = SIDE_HUGE_BYTES, .store = store };
	struct side_reply reply;
	int err = ask(link, end, &request, &reply, why);

	*bytes = err ? 0 : reply.bytes;
	return err;
}

static int run_request(struct link *link, struct ibv_send_wr *request, uint64_t *elapsed,
		       struct message *why)
{
	int err = endpoint_transfer(&link_local(link)->endpoint, request, elapsed, why);

	if (err)
		link->connected = false;
	return err;
}

int link_transfer(struct link *link, enum operation operation, struct place initiator,
		  struct place target, size_t length, uint64_t *elapsed, struct message *why)
{
	static const enum ibv_wr_opcode opcode[] = {
		[OP_WRITE] = IBV_WR_RDMA_WRITE, [OP_READ] = IBV_WR_RDMA_READ,
		[OP_SEND] = IBV_WR_SEND, [OP_FETCH_ADD] = IBV_WR_ATOMIC_FETCH_AND_ADD,
	};
	const struct region *here = &link->region[INITIATOR][initiator.store];
	const struct region *there = &link->region[TARGET][target.store];
	struct side_request receive = {
		.store = target.store, .offset = target.offset, .length = length,
	};
	struct ibv_sge sge = {
		.addr = here->memory + initiator.offset,
		.length = (uint32_t)length,
		.lkey = here->lkey,
	};
	struct ibv_send_wr request = { .sg_list = &sge, .num_sge = 1, .opcode = opcode[operation] };
	struct side_reply reply;
	int err;

	if (operation == OP_FETCH_ADD) {
		request.wr.atomic.remote_addr = there->memory + target.offset;
		request.wr.atomic.rkey = there->rkey;
		request.wr.atomic.compare_add = FETCH_ADD_OPERAND;
	} else {
		request.wr.rdma.remote_addr = there->memory + target.offset;
		request.wr.rdma.rkey = there->rkey;
	}
	if (operation == OP_SEND) {
		receive.command = SIDE_POST_RECV;
		err = ask(link, TARGET, &receive, &reply, why);
		if (err)
			return err;
	}
	err = run_request(link, &request, elapsed, why);
	if (!err && operation == OP_SEND) {
		receive.command = SIDE_REAP_RECV;
		err = ask(link, TARGET, &receive, &reply, why);
		if (err)
			link->connected = false;
	}
	return err;
}

/* One operation between local memory that is no store and the start of the target's warm store. */
static int exchange(struct link *link, enum ibv_wr_opcode opcode, uint64_t memory, uint32_t lkey,
		    size_t length, uint64_t *elapsed, struct message *why)
{
	const struct region *warm = &link->region[TARGET][STORE_WARM];
	struct ibv_sge sge = { .addr = memory, .length = (uint32_t)length, .lkey = lkey };
	struct ibv_send_wr request = {
		.sg_list = &sge, .num_sge = 1, .opcode = opcode,
		.wr.rdma = { .remote_addr = warm->memory, .rkey = warm->rkey },
	};

	return run_request(link, &request, elapsed, why);
}

/* As often as @length needs it. */
static int stream(struct link *link, enum ibv_wr_opcode opcode, uint64_t memory, uint32_t lkey,
		  size_t length, struct message *why)
{
	uint64_t elapsed;
	int err = 0;

	for (size_t done = 0; done < length && !err; done += WARM_BYTES)
		err = exchange(link, opcode, memory + done, lkey,
			       length - done < WARM_BYTES ? length - done : WARM_BYTES, &elapsed,
			       why);
	return err;
}

int link_ensure(struct link *link, enum store store, struct message *why)
{
	struct place start = { .store = store };
	bool huge = store == STORE_WARM_HUGE;
	uint64_t elapsed;
	size_t bytes;
	int err = 0;

	if (link->region[INITIATOR][store].ready && link->region[TARGET][store].ready)
		return 0;
	for (enum end end = INITIATOR; end <= TARGET && !err; end++) {
		err = link_map(link, end, store, WARM_BYTES, huge, why);
		if (!err)
			err = link_fill(link, end, start, WARM_BYTES, WARM_SEED, why);
		if (!err && huge) {
			err = link_huge_bytes(link, end, store, &bytes, why);
			if (!err && bytes < WARM_BYTES)
				err = lacks_huge_pages(why);
		}
	}
	/* Both ways, so that either side has been read and written by the NIC. */
	if (!err)
		err = link_transfer(link, OP_WRITE, start, start, WARM_BYTES, &elapsed, why);
	if (!err)
		err = link_transfer(link, OP_READ, start, start, WARM_BYTES, &elapsed, why);
	if (err) {
		link_unmap(link, INITIATOR, store);
		link_unmap(link, TARGET, store);
	}
	return err;
}

int link_exchange(struct link *link, enum operation operation, const void *memory, uint32_t lkey,
		  size_t length, uint64_t *elapsed, struct message *why)
{
	return exchange(link, operation == OP_READ ? IBV_WR_RDMA_READ : IBV_WR_RDMA_WRITE,
			(uintptr_t)memory, lkey, length, elapsed, why);
}

int link_read_into(struct link *link, uint64_t memory, uint32_t lkey, size_t length,
		   struct message *why)
{
	return stream(link, IBV_WR_RDMA_READ, memory, lkey, length, why);
}

int link_read_from(struct link *link, uint64_t memory, uint32_t lkey, size_t length, uint64_t seed,
		   bool *same, struct message *why)
{
	struct place start = { .store = STORE_WARM };
	int err = link_fill(link, TARGET, start, length, ~seed, why);

	if (!err)
		err = stream(link, IBV_WR_RDMA_WRITE, memory, lkey, length, why);
	return err ? err : link_check(link, TARGET, start, 0, length, seed, same, why);
}

bool operation_supported(const struct choice *choice, enum operation operation, struct message *why)
{
	static const struct {
		uint32_t bits;
		const char *name;
	} need[] = {
		[OP_WRITE] = { IBV_ODP_SUPPORT_WRITE, "write" },
		[OP_READ] = { IBV_ODP_SUPPORT_READ, "read" },
		[OP_SEND] = { IBV_ODP_SUPPORT_SEND | IBV_ODP_SUPPORT_RECV, "send and receive" },
		[OP_FETCH_ADD] = { IBV_ODP_SUPPORT_ATOMIC, "atomics" },
	};

	if ((choice->rc_odp & need[operation].bits) == need[operation].bits &&
	    (operation != OP_FETCH_ADD || choice->atomics))
		return true;
	snprintf(why->text, sizeof(why->text), "the device offers no on-demand paging for RC %s",
		 need[operation].name);
	return false;
}
