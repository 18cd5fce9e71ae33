// SPDX-License-Identifier: GPL-2.0
// Copyright (c) 2026 The pinless authors
#include "report/report.h"

static const char *verdict_word(enum verdict verdict)
{
	return verdict == VERDICT_GOOD ? "true" : verdict == VERDICT_BAD ? "false" : "null";
}

enum { FIGURES = 6, FIGURE_SIZE = 24 };

static const char *const figure_name[FIGURES] = {
	"min", "median", "mean98", "p99", "p999", "max",
};

/* Empty where there are too few samples. */
static void format_figures(const struct summary *s, char text[FIGURES][FIGURE_SIZE])
{
	const uint64_t whole[FIGURES] = { s->min, s->median, 0, s->p99, s->p999, s->max };
	const bool known[FIGURES] = { s->count, s->count, false, has_p99(s), has_p999(s), s->count };

	for (unsigned int f = 0; f < FIGURES; f++) {
		text[f][0] = 0;
		if (known[f])
			snprintf(text[f], FIGURE_SIZE, "%llu", (unsigned long long)whole[f]);
	}
	if (has_mean98(s))
		snprintf(text[2], FIGURE_SIZE, "%.1f", s->mean98);
}

void report_json(FILE *out, const struct results *results)
{
	fputs("{\"kernel\":", out);
	json_string(out, results->kernel);
	fprintf(out, ",\"mode\":\"%s\",\"rows\":[", results->counted ? "counted" : "wall");
	for (size_t i = 0; i < results->count; i++) {
		struct row *row = &results->row[i];
		char text[FIGURES][FIGURE_SIZE];
		struct summary s;

		row_summary(row, &s);
		fprintf(out, "%s\n{\"device\":", i ? "," : "");
		json_string(out, row->device);
		fputs(",\"case\":", out);
		json_string(out, row->name);
		fputs(",\"reference\":", out);
		if (row->reference[0])
			json_string(out, row->reference);
		else
			fputs("null", out);
		fprintf(out, ",\"unit\":\"%s\",\"n\":%zu", row->bytes ? "B" : "ns", s.count);
		format_figures(&s, text);
		for (unsigned int f = 0; f < FIGURES; f++)
			fprintf(out, ",\"%s\":%s", figure_name[f], text[f][0] ? text[f] : "null");
		fprintf(out, ",\"verified\":%s,\"error\":", verdict_word(row->verdict));
		if (row->failed)
			json_string(out, row->error.text);
		else
			fputs("null", out);
		putc('}', out);
	}
	fputs("\n]}\n", out);
}

void report_csv(FILE *out, const struct results *results)
{
	fputs("kernel,mode,device,case,reference,unit,n,min,median,mean98,p99,p999,max,verified,error\n",
	      out);
	for (size_t i = 0; i < results->count; i++) {
		struct row *row = &results->row[i];
		char text[FIGURES][FIGURE_SIZE];
		struct summary s;

		row_summary(row, &s);
		csv_string(out, results->kernel);
		fprintf(out, ",%s,", results->counted ? "counted" : "wall");
		csv_string(out, row->device);
		putc(',', out);
		csv_string(out, row->name);
		putc(',', out);
		csv_string(out, row->reference);
		fprintf(out, ",%s,%zu", row->bytes ? "B" : "ns", s.count);
		format_figures(&s, text);
		for (unsigned int f = 0; f < FIGURES; f++)
			fprintf(out, ",%s", text[f]);
		fprintf(out, ",%s,", verdict_word(row->verdict));
		if (row->failed)
			csv_string(out, row->error.text);
		putc('\n', out);
	}
}
