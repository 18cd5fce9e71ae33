// SPDX-License-Identifier: GPL-2.0
/* Copyright (c) 2026 The pinless authors */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include <rdma/rdma_user_ioctl.h>

#include "pinless-abi.h"
#include "t_mem.h"
#include "t_queue.h"
#include "t_test.h"

void t_areas_find(struct t_areas *all)
{
	FILE *f = fopen("/proc/self/maps", "r");
	unsigned long from, to;
	char line[512];

	if (!f)
		t_die("/proc/self/maps: %s", strerror(errno));
	all->n = 0;
	while (fgets(line, sizeof(line), f) && all->n < T_MAX_AREAS) {
		if (!strstr(line, "/uverbs") || sscanf(line, "%lx-%lx", &from, &to) != 2)
			continue;
		all->area[all->n++] = (struct t_area){ (char *)from, to - from };
	}
	fclose(f);
}

static bool has(const struct t_areas *all, const char *start)
{
	unsigned int i;

	for (i = 0; i < all->n; i++) {
		if (all->area[i].start == start)
			return true;
	}
	return false;
}

struct t_area t_area_of(const struct t_areas *old, size_t bytes)
{
	size_t len = (bytes + T_PAGE - 1) & ~(T_PAGE - 1);
	struct t_areas now;
	unsigned int i;

	t_areas_find(&now);
	for (i = 0; i < now.n; i++) {
		if (now.area[i].len == len && !has(old, now.area[i].start))
			return now.area[i];
	}
	t_die("mapped queue of %zu bytes: expected one, seen none", len);
}

static void sge_random(struct pinless_sge *sge, const struct t_region *region, unsigned int nr,
		       uint64_t *seed)
{
	const struct t_region *r = &region[t_rand(seed) % nr];

	sge->addr = r->iova + t_rand(seed) % (r->len + 64);
	sge->length = t_rand(seed) % 8 ? t_rand(seed) % 8192 : t_rand(seed);
	sge->lkey = t_rand(seed) % 16 ? r->key : t_rand(seed);
}

void t_entry_random(char *slot, const struct t_region *region, unsigned int nr, uint64_t *seed)
{
	struct pinless_send_wqe *wqe = (void *)slot;
	struct pinless_sge *sge = (void *)(wqe + 1);
	struct pinless_sge far;
	unsigned int i;

	sge_random(&far, region, nr, seed);
	wqe->wr_id = t_rand(seed);
	wqe->opcode = t_rand(seed) % (PINLESS_OP_COUNT + 1);
	wqe->flags = t_rand(seed) % 8 ? t_rand(seed) & 7 : t_rand(seed);
	wqe->num_sge = t_rand(seed) % 16 ? t_rand(seed) % 4 : t_rand(seed);
	wqe->inline_len = t_rand(seed) % 4 ? t_rand(seed) % 512 : t_rand(seed);
	wqe->rkey = far.lkey;
	wqe->remote_addr = t_rand(seed) % 4 ? far.addr & ~7ULL : t_rand(seed);
	wqe->compare_add = t_rand(seed);
	for (i = 0; i < (T_ENTRY_BYTES - sizeof(*wqe)) / sizeof(*sge); i++)
		sge_random(&sge[i], region, nr, seed);
}

int t_ring(struct ibv_context *ctx, uint32_t queue, uint32_t prod)
{
	struct {
		struct ib_uverbs_ioctl_hdr hdr;
		struct ib_uverbs_attr attr;
	} cmd = {
		.hdr = {
			.length = sizeof(cmd),
			.object_id = PINLESS_OBJECT_QUEUE,
			.method_id = PINLESS_METHOD_RING,
			.num_attrs = 1,
			.driver_id = PINLESS_DRIVER_ID,
		},
		.attr = {
			.attr_id = PINLESS_ATTR_RING_WORD,
			.len = sizeof(uint64_t),
			.flags = UVERBS_ATTR_F_MANDATORY,
			.data = (uint64_t)prod << 32 | queue,
		},
	};

	return ioctl(ctx->cmd_fd, RDMA_VERBS_IOCTL, &cmd) ? errno : 0;
}
