// SPDX-License-Identifier: GPL-2.0
// Copyright (c) 2026 The pinless authors
#include "trace/stages.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *stages_name(enum stage stage)
{
	static const char *const name[STAGE_COUNT] = {
		[STAGE_LOCK] = "lock", [STAGE_HMM] = "hmm", [STAGE_COMMIT] = "commit",
		[STAGE_REST] = "rest", [STAGE_COPY] = "copy", [STAGE_COMPLETION] = "completion",
	};

	return name[stage];
}

/* The number after " name="; false when there is none. */
static bool field(const char *line, const char *name, int64_t *value)
{
	char key[32], *end;
	const char *p;

	snprintf(key, sizeof(key), " %s=", name);
	p = strstr(line, key);
	if (!p)
		return false;
	p += strlen(key);
	errno = 0;
	*value = strtoll(p, &end, 0);
	return end != p && !errno;
}

static void add_fault(struct stages *stages, const char *line)
{
	int64_t err, total, lock, hmm, commit, pages, retries;

	if (!field(line, "err", &err) || !field(line, "total_ns", &total) ||
	    !field(line, "lock_ns", &lock) || !field(line, "hmm_ns", &hmm) ||
	    !field(line, "commit_ns", &commit) || !field(line, "pages", &pages) ||
	    !field(line, "retries", &retries)) {
		stages->wrong++;
		return;
	}
	if (err == -EAGAIN) {
		stages->left++;
		return;
	}
	if (err || lock < 0 || hmm < 0 || commit < 0 || lock + hmm + commit > total) {
		stages->wrong++;
		return;
	}
	stages->faults++;
	stages->pages += (uint64_t)pages;
	stages->retries += (unsigned int)retries;
	stages->total += (uint64_t)total;
	stages->sum[STAGE_LOCK] += (uint64_t)lock;
	stages->sum[STAGE_HMM] += (uint64_t)hmm;
	stages->sum[STAGE_COMMIT] += (uint64_t)commit;
	stages->sum[STAGE_REST] += (uint64_t)(total - lock - hmm - commit);
}

static void add_copy(struct stages *stages, const char *line)
{
	int64_t copy, completion;

	if (!field(line, "copy_ns", &copy) || !field(line, "completion_ns", &completion) ||
	    copy < 0 || completion < 0) {
		stages->wrong++;
		return;
	}
	stages->copies++;
	stages->sum[STAGE_COPY] += (uint64_t)copy;
	stages->sum[STAGE_COMPLETION] += (uint64_t)completion;
}

void stages_add(struct stages *stages, const char *line)
{
	if (strstr(line, " pinless_fault: "))
		add_fault(stages, line);
	else if (strstr(line, " pinless_copy: "))
		add_copy(stages, line);
}
