/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef ODPLAT_TRACEFS_H
#define ODPLAT_TRACEFS_H

#include <stdbool.h>
#include <stdio.h>

#include "base/text.h"

/** struct tracer - an instance of the kernel's tracer, which records this thread's events alone */
struct tracer {
	char path[128];		/* its folder; empty: there is none */
};

/**
 * tracer_open() - make an instance
 * @tracer: out; close with tracer_close()
 * @system: the events that are recorded: a folder of tracefs' events
 * @events: how many there may be between two tracer_read()
 * @why: out, on failure: what is missing, and the remedy
 *
 * Return: 0 or a negative errno.
 */
int tracer_open(struct tracer *tracer, const char *system, unsigned int events,
		struct message *why);

/** tracer_close() - remove the instance; harmless when there is none */
void tracer_close(struct tracer *tracer);

/** tracer_switch() - start or stop recording */
int tracer_switch(struct tracer *tracer, bool on, struct message *why);

/**
 * tracer_read() - hand out what was recorded, and forget it
 * @line: called for each event, as the kernel prints it
 * @why: out, on failure, also when events were lost
 *
 * Return: 0 or a negative errno.
 */
int tracer_read(struct tracer *tracer, void (*line)(const char *text, void *arg), void *arg,
		struct message *why);

#endif
