// SPDX-License-Identifier: GPL-2.0
// Copyright (c) 2026 The pinless authors
/* The cases growth.*: how costs grow with the number of everything, and memory use. */
#include "cases/cases_growth.h"

#include <stdio.h>

#include "cases/run.h"

#define MIB	((size_t)1 << 20)
#define GIB	((size_t)1 << 30)

static void add_regions(struct job_table *table)
{
	static const struct {
		unsigned int regions, samples;
		const char *name;
	} counts[] = { { 1, 200, "1" }, { 1000, 200, "1k" }, { 100000, 200, "100k" } };
	char second[CASE_NAME_SIZE];

	for (size_t c = 0; c < sizeof(counts) / sizeof(counts[0]); c++) {
		snprintf(second, sizeof(second), "growth.dontneed.1.elsewhere.%s", counts[c].name);
		add_job(table, (struct job){
			.run = run_growth_elsewhere, .many = counts[c].regions,
			.samples = counts[c].samples, .in_one_round = true, .named_only = true,
		}, second, "growth.write.8.regions.%s", counts[c].name);
	}
	for (size_t c = 0; c < sizeof(counts) / sizeof(counts[0]); c++) {
		snprintf(second, sizeof(second), "growth.reg.odp.4k.over.%s", counts[c].name);
		add_job(table, (struct job){
			.run = run_growth_over, .many = counts[c].regions, .samples = 100,
			.in_one_round = true, .named_only = true,
		}, second, "growth.dontneed.1.over.%s", counts[c].name);
	}
}

static void add_leaves(struct job_table *table)
{
	static const struct {
		unsigned int leaves;
		const char *name;
	} counts[] = { { 1, "1" }, { 32, "32" }, { 1000, "1k" } };
	char second[CASE_NAME_SIZE];

	for (size_t c = 0; c < sizeof(counts) / sizeof(counts[0]); c++) {
		snprintf(second, sizeof(second), "growth.dontneed.1.leaves.%s", counts[c].name);
		add_job(table, (struct job){
			.run = run_growth_leaves, .many = counts[c].leaves, .samples = 200,
			.in_one_round = true, .named_only = true,
		}, second, "growth.fault.leaves.%s", counts[c].name);
	}
}

static void add_faults(struct job_table *table)
{
	static const struct {
		enum sharing sharing;
		const char *name;
	} kinds[] = {
		{ SHARING_LEAF, "one-leaf" }, { SHARING_MIRROR, "one-mirror" },
		{ SHARING_NOTHING, "apart" },
	};
	static const unsigned int members[] = { 1, 2, 16 };

	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++)
		for (size_t m = 0; m < sizeof(members) / sizeof(members[0]); m++)
			add_job(table, (struct job){
				.run = run_growth_faults, .sharing = kinds[k].sharing,
				.many = members[m], .samples = 50, .in_one_round = true,
				.named_only = true,
			}, NULL, "growth.fault.%s.qps.%u", kinds[k].name, members[m]);
}

static void add_memory(struct job_table *table)
{
	static const struct {
		enum memory_object object;
		unsigned int many;
		const char *name;
	} objects[] = {
		{ MEMORY_QP, 1000, "qp" }, { MEMORY_CQ, 1000, "cq" }, { MEMORY_MR, 10000, "region" },
	};
	static const struct {
		enum state state;
		size_t length;
		bool huge;
		const char *name;
	} regions[] = {
		{ STATE_COLD, GIB, false, "1g.untouched" },
		{ STATE_WARM, 512 * MIB, false, "1g.populated" },
		{ STATE_WARM, 512 * MIB, true, "1g.populated.thp" },
	};

	for (size_t o = 0; o < sizeof(objects) / sizeof(objects[0]); o++)
		add_job(table, (struct job){
			.run = run_memory_objects, .object = objects[o].object,
			.many = objects[o].many, .samples = 3, .warmups = 1, .in_one_round = true,
			.named_only = true,
		}, NULL, "growth.memory.%s", objects[o].name);
	for (size_t r = 0; r < sizeof(regions) / sizeof(regions[0]); r++)
		add_job(table, (struct job){
			.run = run_memory_region, .state = { regions[r].state },
			.length = regions[r].length, .huge = regions[r].huge, .samples = 3,
			.warmups = 1, .in_one_round = true, .named_only = true,
		}, NULL, "growth.memory.%s", regions[r].name);
}

void add_growth_jobs(struct job_table *table)
{
	add_regions(table);
	add_leaves(table);
	add_faults(table);
	add_memory(table);
}
