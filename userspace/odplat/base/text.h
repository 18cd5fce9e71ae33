/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef ODPLAT_TEXT_H
#define ODPLAT_TEXT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/**
 * json_string() - write @text as a JSON string, quotes included (RFC 8259 section 7)
 *
 * Bytes above 0x7f pass as they are: what comes from a UTF-8 system stays UTF-8.
 */
void json_string(FILE *out, const char *text);

/** csv_string() - write @text as one CSV field, quoted only where it must be (RFC 4180) */
void csv_string(FILE *out, const char *text);

/**
 * glob_match() - does @name match @pattern?
 *
 * The pattern knows what a shell knows: ``*``, ``?``, ``[...]`` and alternatives ``{a,b}``, which
 * nest. A brace without its partner stands for itself.
 */
bool glob_match(const char *pattern, const char *name);

/**
 * parse_number() - read an unsigned decimal number
 * @text: the whole string must be the number
 * @least: smallest value allowed
 * @most: largest value allowed
 * @value: out, untouched on failure
 *
 * Return: false when @text is no number or not within @least..@most.
 */
bool parse_number(const char *text, unsigned int least, unsigned int most, unsigned int *value);

/**
 * format_thousandth() - @value / 1000 with about four figures that matter, such as "35.41" or
 * "7146"
 */
void format_thousandth(char *out, size_t size, double value);

/** struct message - a line of text for the user, such as why something failed */
struct message {
	char text[256];
};

/**
 * explain_error() - say which step failed, with which error, and for a locked-memory limit what to
 * do
 * @why: out
 * @what: the step, such as a function's name
 * @error: positive errno
 *
 * Return: -@error.
 */
int explain_error(struct message *why, const char *what, int error);

/**
 * errno_name() - the symbol and the text of @error, "EINVAL (Invalid argument)"; one static buffer
 */
const char *errno_name(int error);

#endif
