// SPDX-License-Identifier: GPL-2.0
// Copyright (c) 2026 The pinless authors
/*
 * Description: the parts of odplat that need no device: statistics, text, patterns, references.
 */
#include <stdlib.h>
#include <string.h>

#include "base/pattern.h"
#include "base/results.h"
#include "base/turns.h"
#include "trace/stages.h"

/* One row as report_json() writes it, with @more members. */
#define ROW(more)								\
	"{\"kernel\":\"6\",\"mode\":\"counted\",\"rows\":[{\"device\":\"d\",\"case\":\"c\"," more "}]}"

static unsigned int failures;

#define CHECK(condition)								\
	do {										\
		if (!(condition)) {							\
			printf("%s:%d: not true: %s\n", __func__, __LINE__, #condition);	\
			failures++;							\
		}									\
	} while (0)

static void fill_samples(struct samples *samples, uint64_t from, uint64_t to)
{
	samples_clear(samples);
	/* Backwards, so that sorting has something to do. */
	for (uint64_t value = to; value >= from; value--)
		CHECK(samples_add(samples, value));
}

static void test_statistics(void)
{
	struct samples samples = { 0 };
	struct summary s;

	samples_summarize(&samples, &s);
	CHECK(s.count == 0 && s.min == 0 && s.max == 0 && s.mean98 == 0);

	fill_samples(&samples, 7, 7);
	samples_summarize(&samples, &s);
	CHECK(s.count == 1 && s.min == 7 && s.median == 7 && s.p99 == 7 && s.p999 == 7 &&
	      s.max == 7);
	CHECK(s.mean98 == 7);

	fill_samples(&samples, 1, 100);
	samples_summarize(&samples, &s);
	CHECK(s.min == 1 && s.max == 100 && s.median == 50 && s.p99 == 99 && s.p999 == 100);
	CHECK(s.mean98 == 49.5);	/* of 1..98 */

	fill_samples(&samples, 1, 1000);
	samples_summarize(&samples, &s);
	CHECK(s.p99 == 990 && s.p999 == 999 && s.max == 1000 && s.mean98 == 490.5);

	fill_samples(&samples, 1, 49);	/* 2 % of 49 is no whole sample: nothing is left out */
	samples_summarize(&samples, &s);
	CHECK(s.mean98 == 25 && s.median == 25);

	samples_clear(&samples);
	CHECK(samples_add(&samples, UINT64_MAX) && samples_add(&samples, UINT64_MAX - 2));
	samples_summarize(&samples, &s);
	CHECK(s.median == UINT64_MAX - 1);
	samples_free(&samples);
	CHECK(samples.count == 0);
	CHECK(samples_add(&samples, 1));
	samples_free(&samples);
}

static void check_writer(void (*writer)(FILE *out, const char *text), const char *text,
			 const char *expected)
{
	char *written = NULL;
	size_t size;
	FILE *out = open_memstream(&written, &size);

	writer(out, text);
	fclose(out);
	if (strcmp(written, expected)) {
		printf("written: %s\nexpected: %s\n", written, expected);
		failures++;
	}
	free(written);
}

static void test_escapes(void)
{
	check_writer(json_string, "", "\"\"");
	check_writer(json_string, "plain", "\"plain\"");
	check_writer(json_string, "a\"b\\c", "\"a\\\"b\\\\c\"");
	check_writer(json_string, "\n\t\r\x01\x7f", "\"\\n\\t\\u000d\\u0001\\u007f\"");
	check_writer(json_string, "\xc3\xa9", "\"\xc3\xa9\"");
	check_writer(csv_string, "plain text", "plain text");
	check_writer(csv_string, "a,b", "\"a,b\"");
	check_writer(csv_string, "say \"so\"", "\"say \"\"so\"\"\"");
	check_writer(csv_string, "two\nlines", "\"two\nlines\"");
}

static void test_glob(void)
{
	CHECK(glob_match("*", "write.8.warm"));
	CHECK(glob_match("write.8.*", "write.8.warm"));
	CHECK(!glob_match("write.8.*", "write.256k.warm"));
	CHECK(glob_match("{write,read}.8.warm", "read.8.warm"));
	CHECK(!glob_match("{write,read}.8.warm", "send.8.warm"));
	CHECK(glob_match("{reg,dereg}.{odp.*,implicit}", "dereg.implicit"));
	CHECK(glob_match("{reg,dereg}.{odp.*,implicit}", "reg.odp.1g"));
	CHECK(!glob_match("{reg,dereg}.{odp.*,implicit}", "reg.pinned.1m"));
	CHECK(glob_match("{a{b,c},d}e", "ace") && glob_match("{a{b,c},d}e", "de"));
	CHECK(!glob_match("{a{b,c},d}e", "ae"));
	CHECK(glob_match("touch{,.thp}", "touch") && glob_match("touch{,.thp}", "touch.thp"));
	CHECK(!glob_match("touch{,.thp}", "touch."));
	CHECK(glob_match("{open", "{open"));
	CHECK(glob_match("[wr]*.?.warm", "read.8.warm"));
	CHECK(!glob_match("", "x") && glob_match("", ""));
}

static void test_numbers(void)
{
	unsigned int value = 77;
	char text[24];

	CHECK(parse_number("12", 1, 20, &value) && value == 12);
	CHECK(!parse_number("0", 1, 20, &value) && !parse_number("21", 1, 20, &value));
	CHECK(!parse_number("", 0, 20, &value) && !parse_number("-1", 0, 20, &value));
	CHECK(!parse_number("3x", 0, 20, &value) && !parse_number(" 3", 0, 20, &value));
	CHECK(!parse_number("99999999999999999999", 0, 20, &value) && value == 12);
	format_thousandth(text, sizeof(text), 3512);
	CHECK(!strcmp(text, "3.512"));
	format_thousandth(text, sizeof(text), 35412);
	CHECK(!strcmp(text, "35.41"));
	format_thousandth(text, sizeof(text), 7146400);
	CHECK(!strcmp(text, "7146"));
	CHECK(strstr(errno_name(22), "EINVAL"));
}

static void test_pattern(void)
{
	uint64_t memory[64] = { 0 };

	CHECK(pattern_check(memory, 0, sizeof(memory), PATTERN_ZERO));
	pattern_fill(memory, 64, 256, 5);
	CHECK(pattern_check(memory, 64, 256, 5));
	CHECK(!pattern_check(memory, 64, 256, 6) && !pattern_check(memory, 56, 256, 5));
	CHECK(pattern_check(memory, 0, 64, PATTERN_ZERO) &&
	      pattern_check(memory, 256, sizeof(memory), PATTERN_ZERO));
	((uint8_t *)memory)[255] ^= 1;
	CHECK(!pattern_check(memory, 64, 256, 5) && pattern_check(memory, 64, 248, 5));
	CHECK(pattern_word(1, 0) != pattern_word(1, 1) && pattern_word(1, 0) != pattern_word(2, 0));
}

static void test_rows(void)
{
	static const struct message first = { "first" }, second = { "second" };
	struct row row = { .device = "x", .name = "dontneed.1.nic-warm" };
	struct results results = { .row = &row, .count = 1 };
	double figure;

	CHECK(results_find(&results, "x", "dontneed.1.nic-warm") == &row);
	CHECK(!results_find(&results, "y", "dontneed.1.nic-warm"));
	CHECK(!results_figure(&results, &row, &figure) && !results_figure(&results, NULL, &figure));
	row_sample(NULL, 1);
	row_verify(NULL, false);
	row_sample(&row, 10);
	row_sample(&row, 20);
	row_sample(&row, 90);
	CHECK(results_figure(&results, &row, &figure) && figure == 20);
	results.counted = true;
	CHECK(results_figure(&results, &row, &figure) && figure == 20);
	for (unsigned int i = 0; i < SAMPLES_OF_MEAN98 - 3; i++)
		row_sample(&row, 20);
	/* Of 50 the one of 90 is left out. */
	CHECK(results_figure(&results, &row, &figure) && figure == (10 + 48 * 20) / 49.0);
	row_verify(&row, true);
	CHECK(row.verdict == VERDICT_GOOD && !results_corrupt(&results));
	row_verify(&row, false);
	CHECK(results_corrupt(&results));
	row_verify(&row, true);
	CHECK(row.verdict == VERDICT_BAD);
	row_fail(&row, &first);
	row_fail(&row, &second);
	CHECK(row.failed && !strcmp(row.error.text, "first"));
	CHECK(!results_figure(&results, &row, &figure));
	samples_free(&row.samples);
}

static void test_references(void)
{
	struct row rows[] = {
		{ .device = CPU_DEVICE, .name = "copy" },
		{ .device = "x", .name = "call" },
		{ .device = "y", .name = "call" },
		{ .device = "y", .name = "under a region", .reference = "call" },
		{ .device = "y", .name = "write", .reference = "copy" },
		{ .device = "y", .name = "gone", .reference = "not measured" },
	};
	struct results results = { .row = rows, .count = 6 };

	CHECK(!results_reference(&results, &rows[0]) && !results_reference(&results, &rows[5]));
	CHECK(results_reference(&results, &rows[3]) == &rows[2]);
	CHECK(results_reference(&results, &rows[4]) == &rows[0]);
}

static void test_enough_samples(void)
{
	struct summary s = { .count = 49 };

	CHECK(!has_mean98(&s) && !has_p99(&s) && !has_p999(&s));
	s.count = 50;
	CHECK(has_mean98(&s) && !has_p99(&s) && !has_p999(&s));
	s.count = 99;
	CHECK(!has_p99(&s));
	s.count = 100;
	CHECK(has_p99(&s) && !has_p999(&s));
	s.count = 1000;
	CHECK(has_p999(&s));
}

/* In as many rounds as there are members each has had each place once. */
static void test_turns(void)
{
	for (size_t members = 1; members <= 5; members++) {
		for (size_t place = 0; place < members; place++) {
			unsigned int seen = 0;

			for (size_t round = 0; round < members; round++)
				seen |= 1u << turn_of(members, round, place);
			CHECK(seen == (1u << members) - 1);
		}
	}
	CHECK(turn_of(2, 0, 0) == 0 && turn_of(2, 0, 1) == 1);
	CHECK(turn_of(2, 1, 0) == 1 && turn_of(2, 1, 1) == 0);
}

static int parse(struct results *results, const char *text)
{
	struct message why;

	return results_parse(results, strdup(text), &why);
}

static void test_reading(void)
{
	static const char *const wrong[] = {
		"", "{", "[]", "{}", "{\"rows\":[]}", "{\"rows\":[{}]}", ROW("\"n\":x"), ROW("\"n\":"),
		ROW("\"error\":\"\\q\""), ROW("\"error\":\"\\u12\""), ROW("\"verified\":1"),
		ROW("\"n\":1") "x", "{\"rows\":[{\"device\":\"d\",\"case\":\"c\"}", "{\"a\":\"",
		"{\"a\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
	};
	struct results results;
	struct row *row;
	double figure;

	CHECK(!parse(&results, ROW("\"unit\":\"B\",\"reference\":\"r\",\"n\":50,\"min\":1,\"median\":2,\"mean98\":2.5,"
				   "\"p99\":3,\"p999\":4,\"max\":5,\"verified\":true,\"error\":null")));
	CHECK(results.counted && !strcmp(results.kernel, "6") && results.count == 1);
	row = results_find(&results, "d", "c");
	CHECK(row && row->bytes && row->verdict == VERDICT_GOOD && !row->failed);
	CHECK(results_figure(&results, row, &figure) && figure == 2.5);
	CHECK(row && !strcmp(row->reference, "r"));
	CHECK(row && row->read.max == 5 && row->read.p999 == 4);
	free_results(&results);

	CHECK(!parse(&results, ROW("\"reference\":null,\"n\":0,\"min\":null,\"new\":{\"a\":[1,{}]},"
				   "\"error\":\"a \\\"b\\\" \\u00e9\\n\"")));
	row = results_find(&results, "d", "c");
	CHECK(row && row->failed && !strcmp(row->error.text, "a \"b\" \xc3\xa9\n"));
	CHECK(!results_figure(&results, row, &figure));
	free_results(&results);

	for (size_t w = 0; w < sizeof(wrong) / sizeof(wrong[0]); w++) {
		CHECK(parse(&results, wrong[w]));
		CHECK(!results.row && !results.text);
	}
}

#define FAULT(err, total, lock, hmm, commit)					\
	" odplat-7 [000] ..... 1.000000: pinless_fault: dev=1 addr=0x7f0000000000 len=8 flags=write" \
	" err=" err " pages=1 neighbours=0 calls=1 retries=2 total_ns=" total " lock_ns=" lock	\
	" hmm_ns=" hmm " commit_ns=" commit "\n"

static void test_stages(void)
{
	struct stages stages = { 0 };

	stages_add(&stages, FAULT("0", "100", "10", "50", "30"));
	stages_add(&stages, FAULT("0", "60", "10", "30", "20"));
	CHECK(stages.faults == 2 && stages.pages == 2 && stages.retries == 4);
	CHECK(stages.total == 160 && stages.sum[STAGE_LOCK] == 20 && stages.sum[STAGE_HMM] == 80);
	CHECK(stages.sum[STAGE_COMMIT] == 50 && stages.sum[STAGE_REST] == 10 && !stages.wrong);
	stages_add(&stages, FAULT("-11", "9", "9", "0", "0"));
	CHECK(stages.left == 1 && stages.faults == 2);
	/* More than the whole; a fault that failed; an event that lacks a field. */
	stages_add(&stages, FAULT("0", "99", "10", "50", "40"));
	stages_add(&stages, FAULT("-14", "99", "10", "50", "30"));
	stages_add(&stages, " x: pinless_fault: err=0 total_ns=5\n");
	CHECK(stages.wrong == 3 && stages.faults == 2 && stages.total == 160);
	stages_add(&stages, " x: pinless_copy: dev=1 qpn=0x11 bytes=8 over=1 copy_ns=7"
			    " completion_ns=5\n");
	CHECK(stages.copies == 1 && stages.sum[STAGE_COPY] == 7 &&
	      stages.sum[STAGE_COMPLETION] == 5);
	stages_add(&stages, " x: pinless_fault_begin: dev=1 addr=0x1 len=8 flags=write\n");
	CHECK(stages.faults == 2 && stages.copies == 1 && stages.wrong == 3);
}

int main(void)
{
	test_statistics();
	test_stages();
	test_escapes();
	test_glob();
	test_numbers();
	test_pattern();
	test_rows();
	test_references();
	test_enough_samples();
	test_turns();
	test_reading();
	printf("%u checks failed\n", failures);
	return failures != 0;
}
