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

static void add_references(struct job_table *table)
{
	static const struct {
		const char *name;
		job_function *run;
		size_t length;
		enum state state;		/* of what is written */
		bool huge;
		unsigned int samples, warmups;
	} kinds[] = {
		{ "syscall", run_syscall, 0, STATE_COLD, false, 1000, 20 },
		{ "touch", run_touch, PAGE_BYTES, STATE_COLD, false, 1000, 20 },
		{ "touch.thp", run_touch, HUGE_BYTES, STATE_COLD, true, 100, 1 },
		{ "pvm.8", run_copy, 8, STATE_TOUCHED, false, 1000, 20 },
		{ "pvm.8.target-cold", run_copy, 8, STATE_COLD, false, 1000, 20 },
		{ "pvm.256k", run_copy, 256 * KIB, STATE_TOUCHED, false, 500, 2 },
		{ "pvm.256k.target-cold", run_copy, 256 * KIB, STATE_COLD, false, 500, 2 },
		{ "pvm.2m", run_copy, 2 * MIB, STATE_TOUCHED, false, 100, 1 },
		{ "pvm.2m.target-cold", run_copy, 2 * MIB, STATE_COLD, false, 100, 1 },
		{ "pvm.2m.thp", run_copy, 2 * MIB, STATE_TOUCHED, true, 100, 1 },
		{ "pvm.2m.target-cold.thp", run_copy, 2 * MIB, STATE_COLD, true, 100, 1 },
	};

	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++)
		add_job(table, (struct job){
			.run = kinds[k].run, .on_cpu = true, .length = kinds[k].length,
			.state = { kinds[k].state }, .huge = kinds[k].huge,
			.samples = kinds[k].samples, .warmups = kinds[k].warmups,
		}, NULL, "%s", kinds[k].name);
}

static void add_transfers(struct job_table *table, enum operation operation, const char *verb)
{
	static const struct {
		const char *name;
		size_t length;
		unsigned int samples, warmups;
	} sizes[] = {
		{ "8", 8, 1000, 20 }, { "256k", 256 * KIB, 500, 1 }, { "2m", 2 * MIB, 100, 1 },
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
		{ "odp.1g", GIB, STATE_COLD, 200, 1 },
		{ "odp.2g", 2 * GIB, STATE_COLD, 500, 1 },
		{ "odp.64g", 64 * GIB, STATE_COLD, 500, 1 },
		{ "odp.1t", 1024 * GIB, STATE_COLD, 500, 1 },
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
		{ 1, 500, 10 }, { 64, 200, 2 }, { 512, 100, 1 }, { 16384, 4, 0 },
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
		.samples = 500, .warmups = 1,
	}, NULL, "dontneed.1g-untouched.unregistered");
	add_job(table, (struct job){
		.run = run_invalidate_untouched, .state = { STATE_COLD }, .length = GIB,
		.samples = 500, .warmups = 1,
	}, NULL, "dontneed.1g-untouched.registered");
	add_job(table, (struct job){
		.run = run_invalidate_shared, .length = PAGE_BYTES, .samples = 500, .warmups = 1,
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
				.samples = pages[p] == 64 ? 200 : 100, .warmups = 1,
			}, second, "prefetch.%u.%s", pages[p], state);
		}
	}
}

static bool is_like(const struct job *job, const struct job *wanted)
{
	return job->run == wanted->run && job->length == wanted->length &&
	       job->huge == wanted->huge && job->unmap == wanted->unmap &&
	       job->state[0] == wanted->state[0];
}

/*
 * The kernel's copy of the same bytes. Whether the NIC knows the memory makes no difference to it.
 * It has a first touch of the destination, too, but a cold source has no reference: a device may
 * serve that in its own way.
 */
static bool transfer_reference(const struct job *job, struct job *wanted)
{
	enum end source = job->operation == OP_READ ? TARGET : INITIATOR, sink = !source;

	*wanted = (struct job){ .run = run_copy, .length = job->length, .huge = job->huge,
				.state = { STATE_TOUCHED } };
	if (job->state[sink] == STATE_COLD)
		wanted->state[0] = STATE_COLD;
	return job->state[source] != STATE_COLD;
}

/* The same call for memory under no region. */
static bool discard_reference(const struct job *job, struct job *wanted)
{
	if (job->state[0] == STATE_UNREGISTERED)
		return false;
	*wanted = (struct job){ .run = job->run, .length = job->length, .unmap = job->unmap,
				.state = { STATE_UNREGISTERED } };
	if (job->run == run_invalidate_shared)
		wanted->run = run_invalidate;
	return true;
}

static bool wanted_reference(const struct job *job, struct job *wanted)
{
	if (job->run == run_transfer)
		return transfer_reference(job, wanted);
	if (job->run == run_invalidate || job->run == run_invalidate_untouched ||
	    job->run == run_invalidate_shared)
		return discard_reference(job, wanted);
	return false;
}

/* A job is known by what it does: names are for people, and may change. */
static void set_references(struct job_table *table)
{
	for (size_t j = 0; j < table->count; j++) {
		struct job wanted;
		size_t found = 0;

		if (!wanted_reference(&table->job[j], &wanted))
			continue;
		while (found < table->count && !is_like(&table->job[found], &wanted))
			found++;
		if (found == table->count) {
			fprintf(stderr, "odplat: %s: its reference is no case\n",
				table->job[j].name[0]);
			abort();
		}
		table->job[j].reference = (unsigned int)found + 1;
	}
}

const char *job_reference(const struct job *jobs, size_t number)
{
	unsigned int reference = jobs[number].reference;

	return reference ? jobs[reference - 1].name[0] : "";
}

struct job *build_jobs(size_t *count)
{
	struct job_table table = { 0 };

	add_references(&table);
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
	set_references(&table);
	*count = table.count;
	return table.job;
}
