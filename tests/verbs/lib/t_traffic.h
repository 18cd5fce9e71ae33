/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright (c) 2026 The pinless authors
 *
 * A stream of WRITEs to memory whose pages are changed meanwhile. The pages
 * belong to files in memory that are mapped a second time, so that nothing that
 * the device writes can go unseen, or do harm elsewhere.
 */
#ifndef T_TRAFFIC_H
#define T_TRAFFIC_H

#include <pthread.h>

#include "t_op.h"

/** Two files of the same length, one of which is mapped at @addr at a time. */
struct t_twin {
	char *addr;
	size_t len;
	int fd[2];
	/** Where each file is mapped besides. */
	char *alias[2];
	/** What a file was when it was last unmapped from @addr. */
	char *was[2];
	/** The file at @addr. */
	int here;
	struct ibv_mr *mr;
};

/** t_twin_open - two files, the first of them mapped and registered on demand */
void t_twin_open(struct t_twin *t, struct ibv_pd *pd, size_t len);

/** t_twin_close - all of it goes */
void t_twin_close(struct t_twin *t);

/** t_twin_swap - map the other file over the one at @addr, and note what that was */
void t_twin_swap(struct t_twin *t);

/** t_twin_untouched - check that the file that is not at @addr is as it was */
bool t_twin_untouched(struct t_twin *t, const char *what);

/** WRITEs of a number that grows, without pause. */
struct t_stream {
	pthread_t thread;
	struct t_pair p;
	struct t_buf l;
	struct t_twin *t;
	/** WRITEs completed. */
	volatile uint64_t done;
	volatile int stop;
};

/** t_stream_open - the queue pairs, and two files whose pages will be written */
void t_stream_open(struct t_stream *s, struct t_dev *d, struct t_twin *t, size_t len);

/** t_stream_start - begin to write to all pages of the twin, in turn */
void t_stream_start(struct t_stream *s);

/** t_stream_wait - wait until so many more WRITEs have begun and completed */
bool t_stream_wait(struct t_stream *s, unsigned int writes);

/** t_stream_close - end it and close the files */
void t_stream_close(struct t_stream *s);

#endif
