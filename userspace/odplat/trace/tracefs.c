// SPDX-License-Identifier: GPL-2.0
// Copyright (c) 2026 The pinless authors
#include "trace/tracefs.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Where it is mounted since 4.1, and where it was before. */
static const char *const mounts[] = { "/sys/kernel/tracing", "/sys/kernel/debug/tracing" };

/* An event, with what the buffer adds to it, takes less than this. */
#define EVENT_BYTES	256

/* Returns where tracefs is, or NULL. */
static const char *find_mount(struct message *why)
{
	char path[64];

	for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
		snprintf(path, sizeof(path), "%s/instances", mounts[i]);
		if (!access(path, W_OK | X_OK))
			return mounts[i];
		if (errno == EACCES || errno == EPERM) {
			snprintf(why->text, sizeof(why->text),
				 "%s may not be used by this user: run as root", mounts[i]);
			return NULL;
		}
	}
	snprintf(why->text, sizeof(why->text),
		 "tracefs is not mounted on %s: \"mount -t tracefs nodev %s\", on a kernel with CONFIG_FTRACE",
		 mounts[0], mounts[0]);
	return NULL;
}

static int put(const struct tracer *tracer, const char *file, const char *text, struct message *why)
{
	char path[256];
	int fd, err = 0;

	snprintf(path, sizeof(path), "%s/%s", tracer->path, file);
	fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	if (fd < 0 || (*text && write(fd, text, strlen(text)) != (ssize_t)strlen(text)))
		err = explain_error(why, path, errno);
	if (fd >= 0)
		close(fd);
	return err;
}

int tracer_open(struct tracer *tracer, const char *system, unsigned int events, struct message *why)
{
	const char *mount = find_mount(why);
	char text[64], file[64];
	int err;

	tracer->path[0] = '\0';
	if (!mount)
		return -ENOENT;
	snprintf(tracer->path, sizeof(tracer->path), "%s/events/%s", mount, system);
	if (access(tracer->path, F_OK)) {
		snprintf(why->text, sizeof(why->text),
			 "%s is not there: the module %s is not loaded, or has no tracepoints",
			 tracer->path, system);
		tracer->path[0] = '\0';
		return -ENOENT;
	}
	snprintf(tracer->path, sizeof(tracer->path), "%s/instances/odplat-%d", mount, getpid());
	if (mkdir(tracer->path, 0700)) {
		err = explain_error(why, tracer->path, errno);
		tracer->path[0] = '\0';
		return err;
	}
	err = tracer_switch(tracer, false, why);
	snprintf(text, sizeof(text), "%zu", (size_t)events * EVENT_BYTES / 1024 + 64);
	if (!err)
		err = put(tracer, "buffer_size_kb", text, why);
	/* Not set_event_pid, which switches on the scheduler's tracepoints, for all of the machine. */
	snprintf(text, sizeof(text), "common_pid == %ld", syscall(SYS_gettid));
	snprintf(file, sizeof(file), "events/%s/filter", system);
	if (!err)
		err = put(tracer, file, text, why);
	snprintf(file, sizeof(file), "events/%s/enable", system);
	if (!err)
		err = put(tracer, file, "1", why);
	if (err)
		tracer_close(tracer);
	return err;
}

void tracer_close(struct tracer *tracer)
{
	if (tracer->path[0])
		rmdir(tracer->path);
	tracer->path[0] = '\0';
}

int tracer_switch(struct tracer *tracer, bool on, struct message *why)
{
	return put(tracer, "tracing_on", on ? "1" : "0", why);
}

/* The kernel tells in the heading how many events are in the buffer, and how many were written. */
static bool lost_some(const char *heading)
{
	static const char words[] = "entries-in-buffer/entries-written:";
	unsigned long there, written;
	const char *p = strstr(heading, words);

	return p && sscanf(p + sizeof(words) - 1, "%lu/%lu", &there, &written) == 2 &&
	       there != written;
}

int tracer_read(struct tracer *tracer, void (*line)(const char *text, void *arg), void *arg,
		struct message *why)
{
	char path[160], text[1024];
	int err = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/trace", tracer->path);
	file = fopen(path, "re");
	if (!file)
		return explain_error(why, path, errno);
	while (!err && fgets(text, sizeof(text), file)) {
		if (text[0] != '#') {
			line(text, arg);
		} else if (lost_some(text)) {
			snprintf(why->text, sizeof(why->text),
				 "the kernel's buffer lost events: ask for fewer with --iterations");
			err = -ENOBUFS;
		}
	}
	fclose(file);
	return err ? err : put(tracer, "trace", "", why);
}
