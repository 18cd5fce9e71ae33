// SPDX-License-Identifier: GPL-2.0
// Copyright (c) 2026 The pinless authors
#include "cases/runner.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/turns.h"
#include "cases/cases.h"

/* One job on one device, and where its samples go. */
struct unit {
	const struct job *job;
	struct link *link;
	struct row *rows[2];
	unsigned int samples;
};

struct plan {
	struct unit *unit;
	size_t count;
};

bool job_selected(const struct job *job, unsigned int which, const struct selection *selection)
{
	if (!job->name[which][0] || (job->wall_only && selection->counted))
		return false;
	for (size_t i = 0; i < selection->cases.count; i++)
		if (glob_match(selection->cases.name[i], job->name[which]))
			return true;
	return !selection->cases.count && !job->named_only;
}

/* Seconds from one line to the next, where lines do not overwrite each other. */
#define PROGRESS_SECONDS	5

/* Shows what runs now; on a terminal in one line that is overwritten. */
struct progress_line {
	bool shown, terminal;
	uint64_t start, next;
	size_t done, total;
};

static void show_progress(struct progress_line *line, const char *what, const struct unit *unit)
{
	uint64_t seconds = (now_ns() - line->start) / 1000000000ull;

	if (!line->shown || (!line->terminal && seconds < line->next))
		return;
	line->next = seconds + PROGRESS_SECONDS;
	fprintf(stderr, "%s%4llu s  %3zu %%  %s: %s on %s%s", line->terminal ? "\r\033[K" : "",
		(unsigned long long)seconds, line->total ? line->done * 100 / line->total : 0, what,
		unit->job->name[0], unit->link ? unit->link->choice.name : CPU_DEVICE,
		line->terminal ? "" : "\n");
}

static void end_progress(const struct progress_line *line)
{
	if (line->shown && line->terminal)
		fputs("\r\033[K", stderr);
}

static bool unit_failed(const struct unit *unit)
{
	return (unit->rows[0] && unit->rows[0]->failed) || (unit->rows[1] && unit->rows[1]->failed);
}

static void fail_unit(const struct unit *unit, const struct message *why)
{
	for (unsigned int r = 0; r < 2; r++)
		if (unit->rows[r])
			row_fail(unit->rows[r], why);
}

static void run_unit(const struct unit *unit, unsigned int count, struct row *const rows[2],
		     uint64_t *seed)
{
	struct bench bench = { .link = unit->link, .seed = *seed };
	struct message why = { "unknown error" };
	int err;

	if (unit->link && !unit->link->connected && link_recover(unit->link, &why)) {
		struct message lost;

		snprintf(lost.text, sizeof(lost.text),
			 "the connection could not be made again: %.180s", why.text);
		fail_unit(unit, &lost);
		return;
	}
	err = unit->job->run(&bench, unit->job, count, rows, &why);
	*seed = bench.seed;
	if (err)
		fail_unit(unit, &why);
}

static void count_part(const struct unit *unit, unsigned int round, unsigned int *from,
		       unsigned int *to)
{
	if (unit->job->in_one_round) {
		*from = round ? unit->samples : 0;
		*to = unit->samples;
		return;
	}
	*from = (unsigned int)((uint64_t)unit->samples * round / ROUNDS);
	*to = (unsigned int)((uint64_t)unit->samples * (round + 1) / ROUNDS);
}

/*
 * The unit at place @u of a round: the devices of a job are adjacent, and take turns in going
 * first. With a job of a single round the first one depends on its place in the plan.
 */
static const struct unit *turn_unit(const struct plan *plan, size_t u, unsigned int round)
{
	const struct job *job = plan->unit[u].job;
	size_t first = u, end = u + 1;

	while (first && plan->unit[first - 1].job == job)
		first--;
	while (end < plan->count && plan->unit[end].job == job)
		end++;
	return &plan->unit[first + turn_of(end - first, round + first, u - first)];
}

static void run_plan(const struct plan *plan, struct progress_line *line)
{
	struct row *const nowhere[2] = { NULL, NULL };
	uint64_t seed = 0;

	line->total = plan->count * ROUNDS;
	for (size_t u = 0; u < plan->count; u++) {
		show_progress(line, "warming up", &plan->unit[u]);
		if (plan->unit[u].job->warmups)
			run_unit(&plan->unit[u], plan->unit[u].job->warmups, nowhere, &seed);
	}
	for (unsigned int round = 0; round < ROUNDS; round++) {
		for (size_t u = 0; u < plan->count; u++) {
			const struct unit *unit = turn_unit(plan, u, round);
			unsigned int from, to;

			line->done = round * plan->count + u;
			count_part(unit, round, &from, &to);
			if (from == to || unit_failed(unit))
				continue;
			/* In counted time seconds are long: then a line for each round. */
			if (!u)
				line->next = 0;
			show_progress(line, "measuring", unit);
			run_unit(unit, to - from, unit->rows, &seed);
		}
	}
	end_progress(line);
}

static bool unit_wanted(const struct job *job, const struct selection *selection)
{
	return job_selected(job, 0, selection) || job_selected(job, 1, selection);
}

/* Rows lie in the order of the cases; all devices of a case follow each other. */
static void lay_out(const struct job *jobs, size_t job_count, struct link *links, size_t link_count,
		    const struct selection *selection, struct results *results, struct plan *plan)
{
	for (size_t j = 0; j < job_count; j++) {
		size_t devices = jobs[j].on_cpu ? 1 : link_count;
		struct unit *unit = &plan->unit[plan->count];

		if (!unit_wanted(&jobs[j], selection))
			continue;
		for (size_t d = 0; d < devices; d++)
			unit[d] = (struct unit){
				.job = &jobs[j],
				.link = jobs[j].on_cpu ? NULL : &links[d],
				.samples = selection->iterations ? selection->iterations
							       : jobs[j].samples,
			};
		for (unsigned int which = 0; which < 2; which++) {
			if (!job_selected(&jobs[j], which, selection))
				continue;
			for (size_t d = 0; d < devices; d++) {
				struct row *row = &results->row[results->count++];

				unit[d].rows[which] = row;
				row->device = unit[d].link ? unit[d].link->choice.name : CPU_DEVICE;
				memcpy(row->name, jobs[j].name[which], sizeof(row->name));
				snprintf(row->reference, sizeof(row->reference), "%s",
					 job_reference(jobs, j));
			}
		}
		plan->count += devices;
	}
}

int run_jobs(const struct job *jobs, size_t job_count, struct link *links, size_t link_count,
	     const struct selection *selection, struct results *results)
{
	size_t most = job_count * (link_count ? link_count : 1);
	struct progress_line line = {
		.terminal = isatty(STDERR_FILENO), .start = now_ns(),
	};
	struct utsname name;
	struct plan plan;

	line.shown = selection->progress == PROGRESS_ON ||
		     (selection->progress == PROGRESS_AUTO && line.terminal);
	memset(results, 0, sizeof(*results));
	results->counted = selection->counted;
	if (!uname(&name))
		snprintf(results->kernel, sizeof(results->kernel), "%s", name.release);
	plan = (struct plan){ .unit = calloc(most, sizeof(*plan.unit)) };
	results->row = calloc(2 * most, sizeof(*results->row));
	if (!plan.unit || !results->row) {
		free(plan.unit);
		free(results->row);
		return -ENOMEM;
	}
	lay_out(jobs, job_count, links, link_count, selection, results, &plan);
	run_plan(&plan, &line);
	free(plan.unit);
	return 0;
}
