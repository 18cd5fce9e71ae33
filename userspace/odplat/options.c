// SPDX-License-Identifier: GPL-2.0
// Copyright (c) 2026 The pinless authors
#include "options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "rdma/device.h"

static const char help[] =
	"Usage: odplat [OPTION]...\n"
	"Measure what on-demand paging (ODP) costs on RDMA devices: page faults, invalidations,\n"
	"registrations, prefetch; against pinned memory and against what the CPU needs for the same.\n"
	"\n"
	"  -d, --device NAME      measure this device; may be repeated (default: every ODP device that works)\n"
	"  -g, --gid INDEX        GID index (default: a RoCEv2 one, IPv4 before IPv6 before link-local)\n"
	"  -p, --port NUMBER      port (default: the first active one)\n"
	"  -c, --case PATTERN     measure the cases that match, such as 'write.8.*' or '{reg,dereg}.odp.*';\n"
	"                         may be repeated (default: all but growth.*)\n"
	"  -l, --list             list the cases, their numbers of samples and their references, and stop\n"
	"  -n, --iterations N     samples of every case (default: by the cost of the case)\n"
	"      --processes 1|2    1: both sides in this process (default); 2: the target in a child process\n"
	"      --poll             poll for completions all the time, never arm the queue and sleep\n"
	"      --pin CPU          run on this CPU only (default: where the scheduler likes)\n"
	"      --strict           exit with status 3 when a device corrupted data\n"
	"      --counted          the clock counts instructions: label the results so, leave out what makes no sense\n"
	"  -j, --json FILE        write the results as JSON; '-' is standard output, and no table then\n"
	"      --csv              print CSV instead of the table\n"
	"      --breakdown        show where the time of page faults goes, by the tracepoints of pinless (root)\n"
	"      --compare A B      measure devices A and B and show them side by side, with the ratio\n"
	"      --diff OLD NEW     measure nothing: show the results of two runs (JSON files) side by side\n"
	"      --read FILE        measure nothing: report the results of an earlier run (a JSON file)\n"
	"      --plot DIR         write plots (PNG and SVG, by gnuplot) and their data to DIR\n"
	"      --progress         show progress on standard error even when it is no terminal\n"
	"  -q, --quiet            never show progress\n"
	"  -h, --help             this text\n"
	"      --version          the version\n"
	"\n"
	"Exit status: 0 measured (a device that corrupted data is marked in the table), 1 could not measure,\n"
	"2 wrong usage, 3 data was corrupted (with --strict). See odplat(1).\n";

enum {
	OPTION_PROCESSES = 256,
	OPTION_COUNTED,
	OPTION_BREAKDOWN,
	OPTION_COMPARE,
	OPTION_CSV,
	OPTION_DIFF,
	OPTION_PIN,
	OPTION_PLOT,
	OPTION_POLL,
	OPTION_READ,
	OPTION_PROGRESS,
	OPTION_STRICT,
	OPTION_VERSION
};

static const struct option long_options[] = {
	{ "device", required_argument, NULL, 'd' },
	{ "gid", required_argument, NULL, 'g' },
	{ "port", required_argument, NULL, 'p' },
	{ "case", required_argument, NULL, 'c' },
	{ "list", no_argument, NULL, 'l' },
	{ "iterations", required_argument, NULL, 'n' },
	{ "processes", required_argument, NULL, OPTION_PROCESSES },
	{ "poll", no_argument, NULL, OPTION_POLL },
	{ "pin", required_argument, NULL, OPTION_PIN },
	{ "strict", no_argument, NULL, OPTION_STRICT },
	{ "counted", no_argument, NULL, OPTION_COUNTED },
	{ "breakdown", no_argument, NULL, OPTION_BREAKDOWN },
	{ "json", required_argument, NULL, 'j' },
	{ "compare", required_argument, NULL, OPTION_COMPARE },
	{ "diff", required_argument, NULL, OPTION_DIFF },
	{ "csv", no_argument, NULL, OPTION_CSV },
	{ "plot", required_argument, NULL, OPTION_PLOT },
	{ "read", required_argument, NULL, OPTION_READ },
	{ "progress", no_argument, NULL, OPTION_PROGRESS },
	{ "quiet", no_argument, NULL, 'q' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, OPTION_VERSION },
	{ NULL, 0, NULL, 0 },
};

static bool add_name(struct names *names, const char *name)
{
	const char **grown = reallocarray(names->name, names->count + 1, sizeof(*grown));

	if (!grown) {
		fputs("odplat: out of memory\n", stderr);
		return false;
	}
	names->name = grown;
	names->name[names->count++] = name;
	return true;
}

static bool number(const char *option, const char *text, unsigned int least, unsigned int most,
		   unsigned int *value)
{
	if (parse_number(text, least, most, value))
		return true;
	fprintf(stderr, "odplat: %s: \"%s\" is no number from %u to %u\n", option, text, least,
		most);
	return false;
}

static bool take_option(int option, const char *argument, struct options *options)
{
	unsigned int value;

	switch (option) {
	case 'd':
		return add_name(&options->devices, argument);
	case 'c':
		return add_name(&options->selection.cases, argument);
	case 'g':
		if (!number("--gid", argument, 0, 255, &value))
			return false;
		options->gid_index = (int)value;
		return true;
	case 'p':
		if (!number("--port", argument, 1, 254, &value))
			return false;
		options->port = (uint8_t)value;
		return true;
	case 'n':
		return number("--iterations", argument, 1, 10000000, &options->selection.iterations);
	case OPTION_PROCESSES:
		return number("--processes", argument, 1, 2, &options->processes);
	case OPTION_PIN:
		if (!number("--pin", argument, 0, 8191, &value))
			return false;
		options->pin = (int)value;
		return true;
	case OPTION_POLL:
		options->poll = true;
		return true;
	case OPTION_STRICT:
		options->strict = true;
		return true;
	case 'j':
		options->json = argument;
		return true;
	case OPTION_READ:
		options->read = argument;
		return true;
	case OPTION_PLOT:
		options->plot = argument;
		return true;
	case 'l':
		options->list = true;
		return true;
	case OPTION_COUNTED:
		options->selection.counted = true;
		return true;
	case OPTION_BREAKDOWN:
		options->breakdown = true;
		return true;
	case OPTION_CSV:
		options->csv = true;
		return true;
	case OPTION_PROGRESS:
		options->selection.progress = PROGRESS_ON;
		return true;
	case 'q':
		options->selection.progress = PROGRESS_OFF;
		return true;
	default:
		return false;
	}
}

/* What getopt_long() has not understood: the argument that it has just passed. */
static void report_unknown(int option, char **argv)
{
	const char *word = argv[optind - 1];

	if (option == ':')
		fprintf(stderr, "odplat: %s needs an argument: see \"odplat --help\"\n", word);
	else if (word[0] == '-' && word[1] != '-')
		fprintf(stderr, "odplat: \"-%c\" is no option: \"odplat --help\" lists them\n",
			optopt ? optopt : word[1]);
	else
		fprintf(stderr, "odplat: \"%s\" is no option, or not in this form: "
			"\"odplat --help\" lists them\n", word);
}

/* An option with two arguments: getopt_long() knows of the first. */
static bool take_pair(int option, const char *first, int argc, char **argv, struct options *options)
{
	const char *second = optind < argc ? argv[optind] : NULL;

	if (!second || *second == '-') {
		fprintf(stderr, "odplat: --%s needs two arguments\n",
			option == OPTION_COMPARE ? "compare" : "diff");
		return false;
	}
	optind++;
	if (option == OPTION_COMPARE) {
		options->compare = true;
		return add_name(&options->devices, first) && add_name(&options->devices, second);
	}
	options->diff[0] = first;
	options->diff[1] = second;
	return true;
}

enum parsed parse_options(int argc, char **argv, struct options *options)
{
	int option;

	*options = (struct options){ .gid_index = DEVICE_ANY_GID,
				     .port = DEVICE_ANY_PORT,
				     .processes = 1,
				     .pin = -1 };
	while ((option = getopt_long(argc, argv, ":d:g:p:c:ln:j:qh", long_options, NULL)) != -1) {
		if (option == 'h') {
			fputs(help, stdout);
			return PARSED_DONE;
		}
		if (option == OPTION_VERSION) {
			printf("odplat %s\n", ODPLAT_VERSION);
			return PARSED_DONE;
		}
		if (option == '?' || option == ':') {
			report_unknown(option, argv);
			return PARSED_WRONG;
		}
		if (option == OPTION_COMPARE || option == OPTION_DIFF
			    ? !take_pair(option, optarg, argc, argv, options)
			    : !take_option(option, optarg, options)) {
			return PARSED_WRONG;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "odplat: \"%s\" is no option: \"odplat --help\" lists them\n",
			argv[optind]);
		return PARSED_WRONG;
	}
	if (options->compare &&
	    (options->devices.count != 2 ||
	     !strcmp(options->devices.name[0], options->devices.name[1]))) {
		fputs("odplat: --compare is for two devices and no --device besides\n", stderr);
		return PARSED_WRONG;
	}
	if (options->compare && options->csv) {
		fputs("odplat: --compare and --csv are two forms of output: choose one\n", stderr);
		return PARSED_WRONG;
	}
	if (options->csv && options->json && !strcmp(options->json, "-")) {
		fputs("odplat: --csv and --json - both want standard output: give --json a file\n",
		      stderr);
		return PARSED_WRONG;
	}
	if (options->strict && (options->diff[0] || options->breakdown)) {
		fputs("odplat: --strict is about the results of one run: not with --diff or --breakdown\n",
		      stderr);
		return PARSED_WRONG;
	}
	if (options->breakdown &&
	    (options->csv || options->json || options->plot || options->compare ||
	     options->selection.cases.count || options->processes == 2)) {
		fputs("odplat: --breakdown has cases and a form of its own, in one process: leave out "
		      "--case, --json, --csv, --plot, --compare and --processes 2\n", stderr);
		return PARSED_WRONG;
	}
	if (options->breakdown && options->selection.iterations > 100000) {
		fputs("odplat: --breakdown keeps all events in memory: --iterations up to 100000\n",
		      stderr);
		return PARSED_WRONG;
	}
	return PARSED_RUN;
}

void free_options(struct options *options)
{
	free(options->devices.name);
	free(options->selection.cases.name);
}
