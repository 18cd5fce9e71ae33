// SPDX-License-Identifier: GPL-2.0
// Copyright (c) 2026 The pinless authors
/* Parses the JSON that report_json() writes (RFC 8259). */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/results.h"

/* Deeper than odplat's own files go, and shallow enough for any stack. */
#define DEEPEST	32

/*
 * The text is parsed in place: a string that has been read ends with a NUL where its closing
 * quote was, and escapes only make it shorter.
 */
struct reader {
	char *at;
	const char *wrong;	/* what was expected instead; NULL: all is well */
};

typedef bool member_function(struct reader *reader, const char *key, void *context);

static bool fail(struct reader *reader, const char *wrong)
{
	if (!reader->wrong)
		reader->wrong = wrong;
	return false;
}

static void skip_blanks(struct reader *reader)
{
	reader->at += strspn(reader->at, " \t\r\n");
}

static bool accept(struct reader *reader, char character)
{
	skip_blanks(reader);
	if (*reader->at != character)
		return false;
	reader->at++;
	return true;
}

static bool accept_word(struct reader *reader, const char *word)
{
	size_t length = strlen(word);

	skip_blanks(reader);
	if (strncmp(reader->at, word, length))
		return false;
	reader->at += length;
	return true;
}

static char *put_utf8(char *to, unsigned int code)
{
	if (code < 0x80) {
		*to++ = (char)code;
	} else if (code < 0x800) {
		*to++ = (char)(0xc0 | code >> 6);
		*to++ = (char)(0x80 | (code & 0x3f));
	} else {
		*to++ = (char)(0xe0 | code >> 12);
		*to++ = (char)(0x80 | (code >> 6 & 0x3f));
		*to++ = (char)(0x80 | (code & 0x3f));
	}
	return to;
}

/* Returns the end of what was written, or NULL. */
static char *unescape(struct reader *reader, char *to)
{
	static const char names[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
	char digits[5] = "";
	const char *name;

	if (*reader->at == 'u') {
		memcpy(digits, reader->at + 1, strnlen(reader->at + 1, 4));
		if (strspn(digits, "0123456789abcdefABCDEF") != 4)
			return NULL;
		reader->at += 5;
		return put_utf8(to, (unsigned int)strtoul(digits, NULL, 16));
	}
	name = *reader->at ? strchr(names, *reader->at) : NULL;
	if (!name)
		return NULL;
	reader->at++;
	*to++ = meant[name - names];
	return to;
}

static bool read_string(struct reader *reader, char **text)
{
	char *to;

	if (!accept(reader, '"'))
		return fail(reader, "a string");
	*text = to = reader->at;
	while (*reader->at && *reader->at != '"') {
		if (*reader->at != '\\') {
			*to++ = *reader->at++;
			continue;
		}
		reader->at++;
		to = unescape(reader, to);
		if (!to)
			return fail(reader, "an escape that JSON knows");
	}
	if (!*reader->at)
		return fail(reader, "the end of a string");
	reader->at++;
	*to = 0;
	return true;
}

/* null counts as 0. */
static bool read_number(struct reader *reader, double *number)
{
	char *end;

	*number = 0;
	if (accept_word(reader, "null"))
		return true;
	if (*reader->at != '-' && !isdigit((unsigned char)*reader->at))
		return fail(reader, "a number");
	*number = strtod(reader->at, &end);
	reader->at = end;
	return true;
}

static bool read_object(struct reader *reader, member_function *member, void *context)
{
	char *key;

	if (!accept(reader, '{'))
		return fail(reader, "an object");
	if (accept(reader, '}'))
		return true;
	do {
		if (!read_string(reader, &key))
			return false;
		if (!accept(reader, ':'))
			return fail(reader, "a colon");
		if (!member(reader, key, context))
			return false;
	} while (accept(reader, ','));
	return accept(reader, '}') || fail(reader, "the end of an object");
}

static bool skip_value(struct reader *reader, unsigned int depth);

static bool skip_member(struct reader *reader, const char *key, void *context)
{
	(void)key;
	return skip_value(reader, *(unsigned int *)context);
}

static bool skip_value(struct reader *reader, unsigned int depth)
{
	double number;
	char *text;

	if (!depth--)
		return fail(reader, "less depth");
	skip_blanks(reader);
	if (*reader->at == '"')
		return read_string(reader, &text);
	if (*reader->at == '{')
		return read_object(reader, skip_member, &depth);
	if (accept(reader, '[')) {
		if (accept(reader, ']'))
			return true;
		do {
			if (!skip_value(reader, depth))
				return false;
		} while (accept(reader, ','));
		return accept(reader, ']') || fail(reader, "the end of a list");
	}
	if (accept_word(reader, "true") || accept_word(reader, "false"))
		return true;
	return read_number(reader, &number);
}

static bool read_verdict(struct reader *reader, enum verdict *verdict)
{
	if (accept_word(reader, "true"))
		*verdict = VERDICT_GOOD;
	else if (accept_word(reader, "false"))
		*verdict = VERDICT_BAD;
	else if (accept_word(reader, "null"))
		*verdict = VERDICT_NONE;
	else
		return fail(reader, "true, false or null");
	return true;
}

static bool read_error(struct reader *reader, struct row *row)
{
	char *text;

	if (accept_word(reader, "null"))
		return true;
	if (!read_string(reader, &text))
		return false;
	row->failed = true;
	snprintf(row->error.text, sizeof(row->error.text), "%s", text);
	return true;
}

static bool read_reference(struct reader *reader, struct row *row)
{
	char *text;

	if (accept_word(reader, "null"))
		return true;
	if (!read_string(reader, &text))
		return false;
	snprintf(row->reference, sizeof(row->reference), "%s", text);
	return true;
}

static bool row_member(struct reader *reader, const char *key, void *context)
{
	struct row *row = context;
	struct {
		const char *key;
		uint64_t *value;
	} figures[] = {
		{ "min", &row->read.min }, { "median", &row->read.median },
		{ "p99", &row->read.p99 }, { "p999", &row->read.p999 },
		{ "max", &row->read.max },
	};
	double number;
	char *text;

	if (!strcmp(key, "device") || !strcmp(key, "case") || !strcmp(key, "unit")) {
		if (!read_string(reader, &text))
			return false;
		if (*key == 'd')
			row->device = text;
		else if (*key == 'c')
			snprintf(row->name, sizeof(row->name), "%s", text);
		else
			row->bytes = !strcmp(text, "B");
		return true;
	}
	if (!strcmp(key, "reference"))
		return read_reference(reader, row);
	if (!strcmp(key, "verified"))
		return read_verdict(reader, &row->verdict);
	if (!strcmp(key, "error"))
		return read_error(reader, row);
	if (!strcmp(key, "mean98"))
		return read_number(reader, &row->read.mean98);
	if (!strcmp(key, "n")) {
		if (!read_number(reader, &number))
			return false;
		row->read.count = number > 0 ? (size_t)number : 0;
		return true;
	}
	for (size_t f = 0; f < sizeof(figures) / sizeof(figures[0]); f++) {
		if (strcmp(key, figures[f].key))
			continue;
		if (!read_number(reader, &number))
			return false;
		*figures[f].value = number > 0 ? (uint64_t)number : 0;
		return true;
	}
	return skip_value(reader, DEEPEST);
}

static bool read_rows(struct reader *reader, struct results *results)
{
	size_t room = 0;

	if (!accept(reader, '['))
		return fail(reader, "a list of rows");
	if (accept(reader, ']'))
		return true;
	do {
		if (results->count == room) {
			size_t more = room ? room * 2 : 256;
			struct row *grown = reallocarray(results->row, more, sizeof(*grown));

			if (!grown)
				return fail(reader, "more memory");
			results->row = grown;
			room = more;
		}
		results->row[results->count] = (struct row){ .is_read = true };
		if (!read_object(reader, row_member, &results->row[results->count]))
			return false;
		if (!results->row[results->count].device || !results->row[results->count].name[0])
			return fail(reader, "a row with device and case");
		results->count++;
	} while (accept(reader, ','));
	return accept(reader, ']') || fail(reader, "the end of the rows");
}

static bool results_member(struct reader *reader, const char *key, void *context)
{
	struct results *results = context;
	char *text;

	if (!strcmp(key, "rows"))
		return read_rows(reader, results);
	if (strcmp(key, "kernel") && strcmp(key, "mode"))
		return skip_value(reader, DEEPEST);
	if (!read_string(reader, &text))
		return false;
	if (*key == 'k')
		snprintf(results->kernel, sizeof(results->kernel), "%s", text);
	else
		results->counted = !strcmp(text, "counted");
	return true;
}

int results_parse(struct results *results, char *text, struct message *why)
{
	struct reader reader = { .at = text };

	memset(results, 0, sizeof(*results));
	results->text = text;
	if (read_object(&reader, results_member, results)) {
		skip_blanks(&reader);
		if (!*reader.at && results->count)
			return 0;
		fail(&reader, results->count ? "the end of the file" : "rows");
	}
	snprintf(why->text, sizeof(why->text), "no results of odplat: %s was expected at byte %td",
		 reader.wrong, reader.at - text);
	free_results(results);
	return -EINVAL;
}

static char *read_all(FILE *file)
{
	size_t room = 1 << 16, used = 0, got;
	char *text = malloc(room), *grown;

	while (text) {
		got = fread(text + used, 1, room - used - 1, file);
		used += got;
		if (!got)
			break;
		if (used + 1 < room)
			continue;
		grown = realloc(text, room *= 2);
		if (!grown)
			free(text);
		text = grown;
	}
	if (text)
		text[used] = 0;
	return text;
}

int results_read(struct results *results, const char *path, struct message *why)
{
	FILE *file = fopen(path, "re");
	struct message cause;
	char *text;
	int err;

	memset(results, 0, sizeof(*results));
	if (!file) {
		snprintf(why->text, sizeof(why->text), "%.150s cannot be read: %s", path,
			 errno_name(errno));
		return -errno;
	}
	text = read_all(file);
	err = ferror(file) ? -EIO : text ? 0 : -ENOMEM;
	fclose(file);
	if (err) {
		free(text);
		snprintf(why->text, sizeof(why->text), "%.150s cannot be read: %s", path,
			 errno_name(-err));
		return err;
	}
	err = results_parse(results, text, &cause);
	if (err)
		snprintf(why->text, sizeof(why->text), "%.100s: %.140s", path, cause.text);
	return err;
}
