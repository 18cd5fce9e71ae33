// SPDX-License-Identifier: GPL-2.0
// Copyright (c) 2026 The pinless authors
#include "trace/breakdown.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/pattern.h"
#include "trace/stages.h"
#include "trace/tracefs.h"

/* Events for one fault: that it begins, its end, the copy. */
#define EVENTS_A_FAULT	3

/** struct shape - a row of the table */
struct shape {
	const char *name;
	enum operation operation;
	enum end end;		/* whose page is missing; the other side is warm */
	bool touched;		/* the CPU has it */
	size_t length;
};

static const struct shape shapes[] = {
	{ "write.8.target.cold", OP_WRITE, TARGET, false, 8 },
	{ "write.8.target.touched", OP_WRITE, TARGET, true, 8 },
	{ "write.4096.target.cold", OP_WRITE, TARGET, false, PAGE_BYTES },
	{ "write.8.initiator.touched", OP_WRITE, INITIATOR, true, 8 },
	{ "read.8.initiator.cold", OP_READ, INITIATOR, false, 8 },
	{ "read.8.target.touched", OP_READ, TARGET, true, 8 },
};

/* The driver is known by a counter of its own. */
static bool has_tracepoints(const struct choice *choice, struct message *why)
{
	char path[256];
	DIR *folder;

	snprintf(path, sizeof(path), "/sys/class/infiniband/%s/ports/%u/hw_counters/odp_fault_calls",
		 choice->name, choice->port);
	if (!access(path, F_OK))
		return true;
	snprintf(path, sizeof(path), "/sys/class/infiniband/%s", choice->name);
	folder = opendir(path);
	snprintf(why->text, sizeof(why->text),
		 folder ? "%s: its driver has no tracepoints: --breakdown is for pinless" :
			  "%s: there is no such device in /sys/class/infiniband", choice->name);
	if (folder)
		closedir(folder);
	return false;
}

static void take_line(const char *text, void *arg)
{
	stages_add(arg, text);
}

/* Fills both ends, and causes one fault. */
static int one_fault(struct link *link, const struct shape *shape, unsigned int slot,
		     struct tracer *tracer, bool *same, struct message *why)
{
	enum end source = shape->operation == OP_READ ? TARGET : INITIATOR, sink = !source;
	uint64_t seed = slot + 1, elapsed;
	struct place place[2];
	int err;

	place[shape->end] = (struct place){ STORE_FRESH, slot * PAGE_BYTES };
	place[!shape->end] = (struct place){ .store = STORE_WARM };
	if (source == shape->end || shape->touched) {
		err = link_fill(link, shape->end, place[shape->end], PAGE_BYTES, seed ^ 0x5a5a,
				why);
		if (err)
			return err;
	}
	err = link_fill(link, source, place[source], PAGE_BYTES, seed, why);
	if (!err)
		err = tracer_switch(tracer, true, why);
	if (!err)
		err = link_transfer(link, shape->operation, place[INITIATOR], place[TARGET],
				    shape->length, &elapsed, why);
	if (!err)
		err = tracer_switch(tracer, false, why);
	if (!err)
		err = link_check(link, sink, place[sink], 0, shape->length, seed, same, why);
	return err;
}

/* The first operation pays for what a driver keeps for 2 MiB. */
static int prepare(struct link *link, const struct shape *shape, unsigned int samples,
		   struct message *why)
{
	struct place place[2];
	uint64_t elapsed;
	int err = link_ensure(link, STORE_WARM, why);

	if (!err)
		err = link_map(link, shape->end, STORE_FRESH, (samples + 1) * PAGE_BYTES, false,
			       why);
	if (err)
		return err;
	place[shape->end] = (struct place){ STORE_FRESH, samples * PAGE_BYTES };
	place[!shape->end] = (struct place){ .store = STORE_WARM };
	return link_transfer(link, shape->operation, place[INITIATOR], place[TARGET], 8, &elapsed,
			     why);
}

static int check(const struct shape *shape, const struct stages *stages, unsigned int samples,
		 bool same, struct message *why)
{
	if (!same)
		snprintf(why->text, sizeof(why->text), "%s: wrong data", shape->name);
	else if (stages->wrong)
		snprintf(why->text, sizeof(why->text),
			 "%s: %u events tell of failures, or of stages that exceed the whole",
			 shape->name, stages->wrong);
	else if (stages->faults + stages->left != samples || stages->copies != stages->faults)
		snprintf(why->text, sizeof(why->text),
			 "%s: %u faults caused, %u traced, %u left to a worker, %u copies",
			 shape->name, samples, stages->faults, stages->left, stages->copies);
	else
		return 0;
	return -EIO;
}

static void print_row(FILE *out, const struct shape *shape, const struct stages *stages)
{
	uint64_t n = stages->faults ? stages->faults : 1;

	fprintf(out, "%-26s %6u", shape->name, stages->faults);
	for (enum stage stage = STAGE_LOCK; stage <= STAGE_REST; stage++)
		fprintf(out, " %8llu", (unsigned long long)(stages->sum[stage] / n));
	fprintf(out, " %8llu", (unsigned long long)(stages->total / n));
	for (enum stage stage = STAGE_COPY; stage <= STAGE_COMPLETION; stage++)
		fprintf(out, " %10llu", (unsigned long long)(stages->sum[stage] / n));
	fprintf(out, " %7u %6u\n", stages->retries, stages->left);
}

static int run_shape(FILE *out, struct link *link, const struct shape *shape, unsigned int samples,
		     struct tracer *tracer, struct message *why)
{
	struct stages stages = { 0 };
	bool same = true;
	int err = prepare(link, shape, samples, why);

	/* Backwards, so that nothing is taken along that comes later. */
	for (unsigned int i = samples; i-- && !err;)
		err = one_fault(link, shape, i, tracer, &same, why);
	if (!err)
		err = tracer_read(tracer, take_line, &stages, why);
	link_unmap(link, shape->end, STORE_FRESH);
	if (!err)
		err = check(shape, &stages, samples, same, why);
	if (!err)
		print_row(out, shape, &stages);
	return err;
}

int run_breakdown(FILE *out, struct link *link, unsigned int samples, bool counted,
		  struct message *why)
{
	struct tracer tracer;
	int err;

	if (!has_tracepoints(&link->choice, why))
		return -EOPNOTSUPP;
	err = tracer_open(&tracer, "pinless", samples * EVENTS_A_FAULT, why);
	if (err)
		return err;
	fprintf(out, "Where a page fault's time goes on %s: mean of each stage, %s\n",
		link->choice.name, counted ? "instructions" : "ns");
	fprintf(out, "%-26s %6s", "case", "faults");
	for (enum stage stage = STAGE_LOCK; stage <= STAGE_REST; stage++)
		fprintf(out, " %8s", stages_name(stage));
	fprintf(out, " %8s %10s %10s %7s %6s\n", "fault", stages_name(STAGE_COPY),
		stages_name(STAGE_COMPLETION), "retries", "left");
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]) && !err; i++)
		err = run_shape(out, link, &shapes[i], samples, &tracer, why);
	tracer_close(&tracer);
	return err;
}
