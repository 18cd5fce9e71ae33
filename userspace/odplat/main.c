// SPDX-License-Identifier: GPL-2.0
// Copyright (c) 2026 The pinless authors
/* odplat: what on-demand paging costs, on any RDMA device that has it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cpu.h"
#include "cases/cases.h"
#include "cases/runner.h"
#include "options.h"
#include "plot/plot.h"
#include "report/report.h"
#include "trace/breakdown.h"

enum { EXIT_MEASURED = 0, EXIT_NOT_MEASURED = 1, EXIT_USAGE = 2, EXIT_CORRUPT = 3 };

/* Which devices and cases this run is about. */
struct run {
	struct job *jobs;
	size_t job_count;
	struct link *links;
	size_t link_count;
};

static void list_cases(const struct run *run, const struct options *options)
{
	for (size_t j = 0; j < run->job_count; j++)
		for (unsigned int which = 0; which < 2; which++)
			if (job_selected(&run->jobs[j], which, &options->selection))
				printf("%-38s %5u  %s\n", run->jobs[j].name[which],
				       options->selection.iterations ? options->selection.iterations
								     : run->jobs[j].samples,
				       job_reference(run->jobs, j));
}

/* Returns whether any case is wanted; *@needs_device whether any of them needs a device. */
static bool survey(const struct run *run, const struct options *options, bool *needs_device)
{
	bool any = false;

	*needs_device = false;
	for (size_t j = 0; j < run->job_count; j++) {
		if (!job_selected(&run->jobs[j], 0, &options->selection) &&
		    !job_selected(&run->jobs[j], 1, &options->selection))
			continue;
		any = true;
		*needs_device |= !run->jobs[j].on_cpu;
	}
	return any;
}

static bool add_link(struct run *run, const char *name, const struct options *options,
		     struct message *why)
{
	struct choice choice;

	if (choose_device(name, options->port, options->gid_index, &choice, why->text,
			  sizeof(why->text)))
		return false;
	choice.poll = options->poll;
	return !link_prepare(&run->links[run->link_count++], &choice, options->processes == 2, why);
}

/* A device that was asked for by name must work. */
static bool use_named(struct run *run, const struct options *options)
{
	struct message why;

	run->links = calloc(options->devices.count, sizeof(*run->links));
	if (!run->links)
		return false;
	for (size_t d = 0; d < options->devices.count; d++) {
		if (!add_link(run, options->devices.name[d], options, &why)) {
			fprintf(stderr, "odplat: %s\n", why.text);
			return false;
		}
	}
	return true;
}

/* Of the others, those that cannot be measured are named and left out. */
static bool use_all(struct run *run, const struct options *options)
{
	struct message why;
	char **names;
	int count = list_devices(&names, why.text, sizeof(why.text));

	if (count <= 0) {
		fprintf(stderr, "odplat: %s\n", why.text);
		free_device_names(names);
		return false;
	}
	run->links = calloc((size_t)count, sizeof(*run->links));
	for (int d = 0; run->links && d < count; d++)
		if (!add_link(run, names[d], options, &why))
			fprintf(stderr, "odplat: left out: %s\n", why.text);
	free_device_names(names);
	if (run->links && run->link_count)
		return true;
	fputs("odplat: no device can be measured\n", stderr);
	return false;
}

static bool open_links(struct run *run)
{
	struct message why;

	for (size_t l = 0; l < run->link_count; l++) {
		if (link_open(&run->links[l], &why)) {
			fprintf(stderr, "odplat: %s: %s\n", run->links[l].choice.name, why.text);
			return false;
		}
	}
	return true;
}

static bool write_json(const struct results *results, const char *path)
{
	FILE *out = !strcmp(path, "-") ? stdout : fopen(path, "we");
	bool good = out;

	if (out) {
		report_json(out, results);
		good = !ferror(out);
		good &= (out == stdout ? fflush(out) : fclose(out)) == 0;
	}
	if (!good)
		fprintf(stderr, "odplat: %s cannot be written: %s\n", path, strerror(errno));
	return good;
}

static bool report(const struct results *results, const struct options *options)
{
	bool json_only = options->json && !strcmp(options->json, "-");
	struct message why;
	bool good = true;

	if (options->csv)
		report_csv(stdout, results);
	else if (options->compare && !json_only)
		report_compare(stdout, results, options->devices.name[0],
			       options->devices.name[1]);
	else if (!json_only)
		report_table(stdout, results);
	if (options->json)
		good = write_json(results, options->json);
	if (options->plot && plot_results(results, options->plot, &why)) {
		fprintf(stderr, "odplat: %s\n", why.text);
		good = false;
	}
	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, "odplat: standard output: %s\n", strerror(errno));
		good = false;
	}
	return good;
}

static bool any_sample(const struct results *results)
{
	for (size_t i = 0; i < results->count; i++)
		if (results->row[i].samples.count)
			return true;
	return false;
}

/* @good: everything was measured and reported. */
static int verdict(const struct results *results, const struct options *options, bool good)
{
	if (!good)
		return EXIT_NOT_MEASURED;
	if (options->strict && results_corrupt(results)) {
		fputs("odplat: a device corrupted data\n", stderr);
		return EXIT_CORRUPT;
	}
	return EXIT_MEASURED;
}

static int measure(struct run *run, const struct options *options)
{
	struct results results;
	bool good;
	int status;

	if (run_jobs(run->jobs, run->job_count, run->links, run->link_count, &options->selection, &results)) {
		fputs("odplat: out of memory\n", stderr);
		return EXIT_NOT_MEASURED;
	}
	good = report(&results, options);
	if (!any_sample(&results)) {
		fputs("odplat: no case could be measured\n", stderr);
		good = false;
	}
	status = verdict(&results, options, good);
	free_results(&results);
	return status;
}

#define BREAKDOWN_SAMPLES	256

/* Of the devices that were not asked for by name, those of other drivers are left out. */
static int breakdown(struct run *run, const struct options *options)
{
	unsigned int samples = options->selection.iterations ? options->selection.iterations : BREAKDOWN_SAMPLES;
	bool shown = false, good = true;
	struct message why;
	int err;

	for (size_t l = 0; l < run->link_count; l++) {
		err = run_breakdown(stdout, &run->links[l], samples, options->selection.counted, &why);
		if (!err)
			shown = true;
		else
			fprintf(stderr, "odplat: %s\n", why.text);
		good &= !err || (err == -EOPNOTSUPP && !options->devices.count);
	}
	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, "odplat: standard output: %s\n", strerror(errno));
		good = false;
	}
	return good && shown ? EXIT_MEASURED : EXIT_NOT_MEASURED;
}

/* The last part of a path. */
static const char *file_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

static int diff(const struct options *options)
{
	const char *titles[2] = { file_name(options->diff[0]), file_name(options->diff[1]) };
	struct results results[2] = { { 0 }, { 0 } };
	int status = EXIT_NOT_MEASURED;
	struct message why;

	/* Files of one name lie in folders of different names. */
	if (!strcmp(titles[0], titles[1])) {
		titles[0] = "old";
		titles[1] = "new";
	}
	if (results_read(&results[0], options->diff[0], &why) ||
	    results_read(&results[1], options->diff[1], &why)) {
		fprintf(stderr, "odplat: %s\n", why.text);
	} else if (report_diff(stdout, &results[0], &results[1], titles)) {
		fprintf(stderr, "odplat: %s is %s and %s is not: only runs of one mode can be compared\n",
			options->diff[0], results[0].counted ? "counted" : "wall-clock",
			options->diff[1]);
	} else if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, "odplat: standard output: %s\n", strerror(errno));
	} else {
		status = EXIT_MEASURED;
	}
	free_results(&results[0]);
	free_results(&results[1]);
	return status;
}

/* Of an earlier run all but the distributions can be shown again. */
static int report_again(const struct options *options)
{
	struct results results;
	struct message why;
	int status;

	if (results_read(&results, options->read, &why)) {
		fprintf(stderr, "odplat: %s\n", why.text);
		return EXIT_NOT_MEASURED;
	}
	status = verdict(&results, options, report(&results, options));
	free_results(&results);
	return status;
}

int main(int argc, char **argv)
{
	struct options options;
	struct run run = { 0 };
	bool needs_device, ready = true;
	struct message why;
	int status = EXIT_NOT_MEASURED;
	enum parsed parsed = parse_options(argc, argv, &options);

	if (parsed != PARSED_RUN) {
		free_options(&options);
		return parsed == PARSED_DONE ? EXIT_MEASURED : EXIT_USAGE;
	}
	if (options.diff[0] || options.read) {
		status = options.read ? report_again(&options) : diff(&options);
		free_options(&options);
		return status;
	}
	run.jobs = build_jobs(&run.job_count);
	if (!run.jobs) {
		fputs("odplat: out of memory\n", stderr);
		goto out;
	}
	if (!survey(&run, &options, &needs_device)) {
		fputs("odplat: no case matches: \"odplat --list\" shows them all\n", stderr);
		status = EXIT_USAGE;
		goto out;
	}
	if (options.list) {
		list_cases(&run, &options);
		status = EXIT_MEASURED;
		goto out;
	}
	if (options.pin >= 0 && cpu_pin((unsigned int)options.pin, &why)) {
		fprintf(stderr, "odplat: %s\n", why.text);
		status = EXIT_USAGE;
		goto out;
	}
	if (needs_device || options.breakdown)
		ready = (options.devices.count ? use_named(&run, &options)
					       : use_all(&run, &options)) &&
			open_links(&run);
	if (ready)
		status = options.breakdown ? breakdown(&run, &options) : measure(&run, &options);
out:
	for (size_t l = 0; l < run.link_count; l++)
		link_close(&run.links[l]);
	free(run.links);
	free(run.jobs);
	free_options(&options);
	return status;
}
