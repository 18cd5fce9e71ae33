// SPDX-License-Identifier: GPL-2.0
// Copyright (c) 2026 The pinless authors
#include "cases/cases.h"

#include <stdio.h>
#include <stdlib.h>

#include "cases/cases_growth.h"
#include "cases/job_table.h"
#include "cases/run.h"

#define KIB	((size_t)1 << 10)
#define MIB	((size_t)1 << 20)
#define GIB	((size_t)1 << 30)

static void add_floors(struct job_table *table)
{
	static const struct {
		const char *name;
		job_function *run;
		size_t length;
		bool huge;
		unsigned int samples, warmups;
	} floors[] = {
		{ "syscall", run_syscall, 0, false, 1000, 20 },
		{ "touch", run_touch, PAGE_BYTES, false, 1000, 20 },
		{ "touch.thp", run_touch, HUGE_BYTES, true, 20, 1 },
		{ "pvm.8", run_copy, 8, false, 1000, 20 },
		{ "pvm.256k", run_copy, 256 * KIB, false, 100, 2 },
		{ "pvm.2m", run_copy, 2 * MIB, false, 40, 1 },
		{ "pvm.2m.thp", run_copy, 2 * MIB, true, 40, 1 },
	};

	for (size_t f = 0; f < sizeof(floors) / sizeof(floors[0]); f++)
		add_job(table, (struct job){
			.run = floors[f].run, .on_cpu = true, .length = floors[f].length,
			.huge = floors[f].huge, .samples = floors[f].samples,
			.warmups = floors[f].warmups,
		}, NULL, "%s", floors[f].name);
}

static void add_transfers(struct job_table *table, enum operation operation, const char *verb)
{
	static const struct {
		const char *name;
		size_t length;
		unsigned int samples, warmups;
	} sizes[] = {
		{ "8", 8, 1000, 20 }, { "256k", 256 * KIB, 40, 1 }, { "2m", 2 * MIB, 20, 1 },
	};
	static const struct {
		const char *name;
		enum state initiator, target;
		bool huge;
	} endings[] = {
		{ "pinned", STATE_PINNED, STATE_PINNED, false },
		{ "warm", STATE_WARM, STATE_WARM, false },
		{ "target-cold", STATE_WARM, STATE_COLD, false },
		{ "target-touched", STATE_WARM, STATE_TOUCHED, false },
		{ "initiator-cold", STATE_COLD, STATE_WARM, false },
		{ "initiator-touched", STATE_TOUCHED, STATE_WARM, false },
		{ "warm.thp", STATE_WARM, STATE_WARM, true },
		{ "target-cold.thp", STATE_WARM, STATE_COLD, true },
	};

	for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
		if (operation == OP_FETCH_ADD && sizes[s].length != 8)
			continue;
		for (size_t e = 0; e < sizeof(endings) / sizeof(endings[0]); e++) {
			/* Less than a huge page cannot fill one. */
			if (endings[e].huge && sizes[s].length < HUGE_BYTES)
				continue;
			add_job(table,
			    (struct job){
				    .run = run_transfer,
				    .operation = operation,
				    .length = sizes[s].length,
				    .state = { endings[e].initiator, endings[e].target },
				    .huge = endings[e].huge,
				    .samples = sizes[s].samples,
				    .warmups = sizes[s].warmups,
			    },
			    NULL, "%s.%s.%s", verb, sizes[s].name, endings[e].name);
		}
	}
}

static void add_registrations(struct job_table *table)
{
	static const struct {
		const char *name;
		size_t length;		/* 0: implicit */
		enum state state;
		unsigned int samples, warmups;
	} kinds[] = {
		{ "odp.4k", 4 * KIB, STATE_COLD, 500, 10 },
		{ "odp.1g", GIB, STATE_COLD, 50, 1 },
		{ "odp.2g", 2 * GIB, STATE_COLD, 100, 1 },
		{ "odp.64g", 64 * GIB, STATE_COLD, 100, 1 },
		{ "odp.1t", 1024 * GIB, STATE_COLD, 100, 1 },
		{ "implicit", 0, STATE_COLD, 500, 10 },
		{ "pinned.1m", MIB, STATE_PINNED, 100, 2 },
		{ "pinned.256m", 256 * MIB, STATE_PINNED, 10, 0 },
	};

	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		char second[CASE_NAME_SIZE];

		snprintf(second, sizeof(second), "dereg.%s", kinds[k].name);
		add_job(table, (struct job){
			.run = run_register, .length = kinds[k].length, .state = { kinds[k].state },
			.samples = kinds[k].samples, .warmups = kinds[k].warmups,
		}, second, "reg.%s", kinds[k].name);
	}
}

static void add_invalidations(struct job_table *table, bool unmap)
{
	static const struct {
		unsigned int pages, samples, warmups;
	} sizes[] = {
		{ 1, 500, 10 }, { 64, 100, 2 }, { 512, 20, 1 }, { 16384, 4, 0 },
	};
	static const struct {
		const char *name;
		enum state state;
	} kinds[] = {
		{ "unregistered", STATE_UNREGISTERED },
		{ "nic-cold", STATE_TOUCHED },
		{ "nic-warm", STATE_WARM },
	};

	for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++)
		for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++)
			add_job(table,
			    (struct job){
				    .run = run_invalidate,
				    .unmap = unmap,
				    .state = { kinds[k].state },
				    .length = sizes[s].pages * PAGE_BYTES,
				    .samples = sizes[s].samples,
				    .warmups = sizes[s].warmups,
			    },
			    NULL, "%s.%u.%s", unmap ? "munmap" : "dontneed", sizes[s].pages,
			    kinds[k].name);
	if (unmap)
		return;
	add_job(table, (struct job){
		.run = run_invalidate_untouched, .state = { STATE_UNREGISTERED }, .length = GIB,
		.samples = 40, .warmups = 1,
	}, NULL, "dontneed.1g-untouched.unregistered");
	add_job(table, (struct job){
		.run = run_invalidate_untouched, .state = { STATE_COLD }, .length = GIB,
		.samples = 40, .warmups = 1,
	}, NULL, "dontneed.1g-untouched.registered");
	add_job(table, (struct job){
		.run = run_invalidate_shared, .length = PAGE_BYTES, .samples = 40, .warmups = 1,
	}, NULL, "dontneed.1.registered-64-times");
}

static void add_prefetches(struct job_table *table)
{
	static const unsigned int pages[] = { 64, 512 };

	for (size_t p = 0; p < sizeof(pages) / sizeof(pages[0]); p++) {
		for (unsigned int touched = 0; touched < 2; touched++) {
			const char *state = touched ? "touched" : "cold";
			char second[CASE_NAME_SIZE];

			snprintf(second, sizeof(second), "prefetch.%u.%s.first-access", pages[p],
				 state);
			add_job(table, (struct job){
				.run = run_prefetch, .length = pages[p] * PAGE_BYTES,
				.state = { touched ? STATE_TOUCHED : STATE_COLD },
				.samples = pages[p] == 64 ? 40 : 20, .warmups = 1,
			}, second, "prefetch.%u.%s", pages[p], state);
		}
	}
}

struct job *build_jobs(size_t *count)
{
	struct job_table table = { 0 };

	add_floors(&table);
	add_transfers(&table, OP_WRITE, "write");
	add_transfers(&table, OP_READ, "read");
	add_transfers(&table, OP_SEND, "send");
	add_transfers(&table, OP_FETCH_ADD, "fetch-add");
	add_registrations(&table);
	add_invalidations(&table, false);
	add_invalidations(&table, true);
	add_prefetches(&table);
	add_job(&table, (struct job){
		.run = run_mrelease, .length = 256 * MIB, .samples = 3, .wall_only = true,
	}, NULL, "mrelease.256m");
	add_growth_jobs(&table);
	if (table.failed) {
		free(table.job);
		return NULL;
	}
	*count = table.count;
	return table.job;
}
