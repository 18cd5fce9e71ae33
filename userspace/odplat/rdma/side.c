// SPDX-License-Identifier: GPL-2.0
// Copyright (c) 2026 The pinless authors
#include "rdma/side.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/pattern.h"
#include "base/text.h"

int access_flags(const struct choice *choice, bool odp)
{
	int flags = IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_WRITE | IBV_ACCESS_REMOTE_READ;

	if (choice->atomics && (!odp || choice->rc_odp & IBV_ODP_SUPPORT_ATOMIC))
		flags |= IBV_ACCESS_REMOTE_ATOMIC;
	return odp ? flags | IBV_ACCESS_ON_DEMAND : flags;
}

struct ibv_mr *register_memory(const struct endpoint *endpoint, void *memory, size_t length,
			       bool odp, struct message *why)
{
	struct ibv_mr *mr;

	errno = 0;
	mr = ibv_reg_mr(endpoint->pd, memory, length, access_flags(endpoint->choice, odp));
	if (mr)
		return mr;
	if (!errno)
		errno = EIO;
	explain_error(why, "ibv_reg_mr", errno);
	return NULL;
}

static void drop_store(struct side *side, enum store store)
{
	if (side->mr[store])
		ibv_dereg_mr(side->mr[store]);
	side->mr[store] = NULL;
	area_unmap(&side->area[store]);
}

static int map_store(struct side *side, const struct side_request *request,
		     struct side_reply *reply)
{
	enum store store = request->store;
	struct area *area = &side->area[store];
	int err;

	drop_store(side, store);
	err = area_map(area, request->length, request->huge ? AREA_HUGE : 0, &reply->why);
	if (err)
		return err;
	side->mr[store] = register_memory(&side->endpoint, area->memory, area->length,
					  store != STORE_PINNED, &reply->why);
	if (!side->mr[store]) {
		err = -errno;
		drop_store(side, store);
		return err;
	}
	reply->memory = (uintptr_t)area->memory;
	reply->lkey = side->mr[store]->lkey;
	reply->rkey = side->mr[store]->rkey;
	return 0;
}

void side_close(struct side *side)
{
	for (enum store store = 0; store < STORE_COUNT; store++)
		drop_store(side, store);
	endpoint_close(&side->endpoint);
}

void side_execute(struct side *side, const struct side_request *request, struct side_reply *reply)
{
	struct endpoint *endpoint = &side->endpoint;
	struct area *area = &side->area[request->store];
	uint8_t *memory = area->memory + request->offset;

	memset(reply, 0, sizeof(*reply));
	switch (request->command) {
	case SIDE_OPEN:
		memset(side, 0, sizeof(*side));
		side->choice = request->choice;
		reply->err = endpoint_open(endpoint, &side->choice, &reply->why);
		break;
	case SIDE_ADDRESS:
		endpoint_address(endpoint, &reply->address);
		break;
	case SIDE_CONNECT:
		reply->err = endpoint_connect(endpoint, &request->address, &reply->why);
		break;
	case SIDE_REBUILD:
		reply->err = endpoint_rebuild(endpoint, &reply->why);
		break;
	case SIDE_MAP:
		reply->err = map_store(side, request, reply);
		break;
	case SIDE_UNMAP:
		drop_store(side, request->store);
		break;
	case SIDE_FILL:
		pattern_fill(memory, 0, request->length, request->seed);
		break;
	case SIDE_CHECK:
		reply->same = pattern_check(memory, request->skip, request->skip + request->length,
					    request->seed);
		break;
	case SIDE_WORD:
		memcpy(&reply->word, memory, sizeof(reply->word));
		break;
	case SIDE_POST_RECV:
		reply->err = endpoint_post_recv(endpoint, side->mr[request->store],
						memory, (uint32_t)request->length, &reply->why);
		break;
	case SIDE_REAP_RECV:
		reply->err = endpoint_reap_recv(endpoint, (uint32_t)request->length, &reply->why);
		break;
	case SIDE_HUGE_BYTES:
		reply->bytes = area_huge_bytes(area);
		break;
	}
}
