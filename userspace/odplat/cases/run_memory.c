// SPDX-License-Identifier: GPL-2.0
// Copyright (c) 2026 The pinless authors
/* Memory used by objects and translations: how much less the system has free, in bytes. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cases/run.h"

#define GIB	((size_t)1 << 30)

/* Entries of a queue; a queue pair has two such queues, of one SGE per request. */
#define QUEUE_ENTRIES	16

/*
 * Free pages, including those on the lists of the CPUs, which no single line of /proc/meminfo
 * has. Reading stat_refresh brings the counts up to date; only root may.
 */
static int64_t free_bytes(void)
{
	FILE *refresh = fopen("/proc/sys/vm/stat_refresh", "re");
	FILE *zones = fopen("/proc/zoneinfo", "re");
	int64_t pages = 0, number;
	char line[256];

	if (refresh) {
		while (fgets(line, sizeof(line), refresh))
			;
		fclose(refresh);
	}
	if (!zones)
		return -1;
	while (fgets(line, sizeof(line), zones))
		if (sscanf(line, " pages free %" SCNd64, &number) == 1 ||
		    sscanf(line, " count: %" SCNd64, &number) == 1)
			pages += number;
	fclose(zones);
	return pages * (int64_t)PAGE_BYTES;
}

/* @scale times the difference of two readings; what other processes did meanwhile is included. */
static void note_memory(struct row *row, int64_t before, int64_t after, double scale)
{
	double bytes = (double)(before - after) * scale;

	if (row)
		row->bytes = true;
	row_sample(row, bytes > 0 ? (uint64_t)bytes : 0);
}

static void *make_object(struct endpoint *endpoint, enum memory_object kind, struct ibv_cq *cq,
			 const struct area *area, struct message *why)
{
	struct ibv_qp_init_attr init = {
		.qp_type = IBV_QPT_RC, .send_cq = cq, .recv_cq = cq,
		.cap = {
			.max_send_wr = QUEUE_ENTRIES, .max_recv_wr = QUEUE_ENTRIES,
			.max_send_sge = 1, .max_recv_sge = 1,
		},
	};
	void *object;

	errno = 0;
	switch (kind) {
	case MEMORY_QP:
		object = ibv_create_qp(endpoint->pd, &init);
		break;
	case MEMORY_CQ:
		object = ibv_create_cq(endpoint->context, QUEUE_ENTRIES, NULL, NULL, 0);
		break;
	default:
		return register_memory(endpoint, area->memory, PAGE_BYTES, true, why);
	}
	if (!object)
		explain_error(why, kind == MEMORY_QP ? "ibv_create_qp" : "ibv_create_cq",
			      errno ? errno : EIO);
	return object;
}

static void drop_object(enum memory_object kind, void *object)
{
	switch (kind) {
	case MEMORY_QP:
		ibv_destroy_qp(object);
		break;
	case MEMORY_CQ:
		ibv_destroy_cq(object);
		break;
	default:
		ibv_dereg_mr(object);
		break;
	}
}

int run_memory_objects(struct bench *bench, const struct job *job, unsigned int count,
		       struct row *const rows[2], struct message *why)
{
	struct endpoint *endpoint = &link_local(bench->link)->endpoint;
	void **object = calloc(job->many, sizeof(*object));
	struct area area;
	int err;

	if (!object)
		return explain_error(why, "calloc", ENOMEM);
	/* So that the list itself is no part of what is measured. */
	for (unsigned int o = 0; o < job->many; o++)
		((void *volatile *)object)[o] = endpoint;
	err = area_map(&area, PAGE_BYTES, 0, why);
	for (unsigned int i = 0; i < count && !err; i++) {
		int64_t before = free_bytes(), after;
		unsigned int made = 0;

		while (made < job->many && !err) {
			object[made] = make_object(endpoint, job->object, endpoint->send_cq, &area,
						   why);
			if (object[made])
				made++;
			else
				err = -EIO;
		}
		after = free_bytes();
		while (made)
			drop_object(job->object, object[--made]);
		if (!err)
			note_memory(rows[0], before, after, 1.0 / job->many);
	}
	area_unmap(&area);
	free(object);
	return err;
}

int run_memory_region(struct bench *bench, const struct job *job, unsigned int count,
		      struct row *const rows[2], struct message *why)
{
	struct endpoint *endpoint = &link_local(bench->link)->endpoint;
	bool populated = job->state[0] == STATE_WARM;
	unsigned int flags = (job->huge ? AREA_HUGE : 0) | (populated ? AREA_LARGE : 0);
	int err = link_ensure(bench->link, STORE_WARM, why);

	for (unsigned int i = 0; i < count && !err; i++) {
		struct ibv_mr *mr;
		struct area area;
		int64_t before;

		err = area_map(&area, job->length, flags | AREA_NEW_ADDRESS, why);
		if (err)
			break;
		if (populated)
			area_touch(&area);
		if (job->huge && area_huge_bytes(&area) < area.length)
			err = lacks_huge_pages(why);
		before = free_bytes();
		mr = err ? NULL : register_memory(endpoint, area.memory, area.length, true, why);
		if (!err && !mr)
			err = -errno;
		if (!err && populated)
			err = link_read_into(bench->link, (uintptr_t)area.memory, mr->lkey,
					     area.length, why);
		if (!err)
			note_memory(rows[0], before, free_bytes(),
				    (double)GIB / (double)job->length);
		if (mr)
			ibv_dereg_mr(mr);
		area_unmap(&area);
	}
	return err;
}
