// SPDX-License-Identifier: GPL-2.0
// Copyright (c) 2026 The pinless authors
#include "base/text.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

void json_string(FILE *out, const char *text)
{
	putc('"', out);
	for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
		if (*c == '"' || *c == '\\')
			fprintf(out, "\\%c", *c);
		else if (*c == '\n')
			fputs("\\n", out);
		else if (*c == '\t')
			fputs("\\t", out);
		else if (*c < 0x20 || *c == 0x7f)
			fprintf(out, "\\u%04x", *c);
		else
			putc(*c, out);
	}
	putc('"', out);
}

void csv_string(FILE *out, const char *text)
{
	if (!strpbrk(text, ",\"\r\n")) {
		fputs(text, out);
		return;
	}
	putc('"', out);
	for (; *text; text++) {
		if (*text == '"')
			putc('"', out);
		putc(*text, out);
	}
	putc('"', out);
}

/* The brace that closes the one at @open, or NULL. */
static const char *closing_brace(const char *open)
{
	int depth = 0;

	for (const char *c = open; *c; c++) {
		if (*c == '{')
			depth++;
		else if (*c == '}' && --depth == 0)
			return c;
	}
	return NULL;
}

static bool match_alternative(const char *pattern, const char *open, const char *close,
			      const char *from, const char *to, const char *name)
{
	size_t head = (size_t)(open - pattern), middle = (size_t)(to - from);
	size_t tail = strlen(close + 1);
	char *one = malloc(head + middle + tail + 1);
	bool matches;

	if (!one)
		return false;
	memcpy(one, pattern, head);
	memcpy(one + head, from, middle);
	memcpy(one + head + middle, close + 1, tail + 1);
	matches = glob_match(one, name);
	free(one);
	return matches;
}

bool glob_match(const char *pattern, const char *name)
{
	const char *open = strchr(pattern, '{');
	const char *close = open ? closing_brace(open) : NULL;
	const char *from;
	int depth = 0;

	if (!close)
		return fnmatch(pattern, name, 0) == 0;
	from = open + 1;
	for (const char *c = from; c <= close; c++) {
		if (depth == 0 && (*c == ',' || c == close)) {
			if (match_alternative(pattern, open, close, from, c, name))
				return true;
			from = c + 1;
		} else if (*c == '{') {
			depth++;
		} else if (*c == '}') {
			depth--;
		}
	}
	return false;
}

bool parse_number(const char *text, unsigned int least, unsigned int most, unsigned int *value)
{
	unsigned long number;
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	number = strtoul(text, &end, 10);
	if (errno || *end || number < least || number > most)
		return false;
	*value = (unsigned int)number;
	return true;
}

void format_thousandth(char *out, size_t size, double value)
{
	double shown = value / 1000;
	int digits = shown < 10 ? 3 : shown < 100 ? 2 : shown < 1000 ? 1 : 0;

	snprintf(out, size, "%.*f", digits, shown);
}

const char *errno_name(int error)
{
	static char text[96];
	const char *symbol = strerrorname_np(error);

	snprintf(text, sizeof(text), "%s (%s)", symbol ? symbol : "?", strerror(error));
	return text;
}

int explain_error(struct message *why, const char *what, int error)
{
	struct rlimit limit;

	/* Root's own limit does not count (CAP_IPC_LOCK), so it is never the cause. */
	if (error == ENOMEM && geteuid() && !getrlimit(RLIMIT_MEMLOCK, &limit) &&
	    limit.rlim_cur != RLIM_INFINITY)
		snprintf(why->text, sizeof(why->text),
			 "%s: %s; locked memory is limited to %llu KiB: %s", what,
			 errno_name(error), (unsigned long long)limit.rlim_cur / 1024,
			 "\"ulimit -l unlimited\", or run as root");
	else
		snprintf(why->text, sizeof(why->text), "%s: %s", what, errno_name(error));
	return -error;
}
