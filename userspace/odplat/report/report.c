// SPDX-License-Identifier: GPL-2.0
// Copyright (c) 2026 The pinless authors
#include "report/report.h"

static const char *verdict_word(enum verdict verdict)
{
	return verdict == VERDICT_GOOD ? "true" : verdict == VERDICT_BAD ? "false" : "null";
}

void report_json(FILE *out, const struct results *results)
{
	fputs("{\"kernel\":", out);
	json_string(out, results->kernel);
	fprintf(out, ",\"mode\":\"%s\",\"rows\":[", results->counted ? "counted" : "wall");
	for (size_t i = 0; i < results->count; i++) {
		struct row *row = &results->row[i];
		struct summary s;

		row_summary(row, &s);
		fprintf(out, "%s\n{\"device\":", i ? "," : "");
		json_string(out, row->device);
		fputs(",\"case\":", out);
		json_string(out, row->name);
		fprintf(out, ",\"unit\":\"%s\",\"n\":%zu,", row->bytes ? "B" : "ns", s.count);
		if (s.count)
			fprintf(out,
				"\"min\":%llu,\"median\":%llu,\"mean98\":%.1f,\"p99\":%llu,\"p999\":%llu,\"max\":%llu",
				(unsigned long long)s.min, (unsigned long long)s.median, s.mean98,
				(unsigned long long)s.p99, (unsigned long long)s.p999,
				(unsigned long long)s.max);
		else
			fputs("\"min\":null,\"median\":null,\"mean98\":null,\"p99\":null,\"p999\":null,\"max\":null",
			      out);
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
	fputs("kernel,mode,device,case,unit,n,min,median,mean98,p99,p999,max,verified,error\n",
	      out);
	for (size_t i = 0; i < results->count; i++) {
		struct row *row = &results->row[i];
		struct summary s;

		row_summary(row, &s);
		csv_string(out, results->kernel);
		fprintf(out, ",%s,", results->counted ? "counted" : "wall");
		csv_string(out, row->device);
		putc(',', out);
		csv_string(out, row->name);
		fprintf(out, ",%s,%zu,", row->bytes ? "B" : "ns", s.count);
		if (s.count)
			fprintf(out, "%llu,%llu,%.1f,%llu,%llu,%llu", (unsigned long long)s.min,
				(unsigned long long)s.median, s.mean98, (unsigned long long)s.p99,
				(unsigned long long)s.p999, (unsigned long long)s.max);
		else
			fputs(",,,,,", out);
		fprintf(out, ",%s,", verdict_word(row->verdict));
		if (row->failed)
			csv_string(out, row->error.text);
		putc('\n', out);
	}
}
