/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright (c) 2026 The pinless authors
 *
 * The debug build of the driver (kernel/obs/debug.c): rules that can be broken,
 * faults and invalidations that can be held; and what is needed beside it.
 */
#ifndef T_DEBUG_H
#define T_DEBUG_H

#include <pthread.h>
#include <semaphore.h>

#include "t_op.h"

/** t_debug_have - is the loaded module a debug build, and are we root? */
bool t_debug_have(void);

/** t_debug_need - skip the program unless it is */
void t_debug_need(const struct t_dev *d);

/**
 * t_debug_set - write a parameter of the module
 *
 * Return: 0, or the errno that write() ended with.
 */
int t_debug_set(const char *param, const char *fmt, ...) T_PRINTF(2, 3);

/** t_debug_get - the number that a parameter reads as */
long t_debug_get(const char *param);

/** t_debug_wait - wait until a parameter reads as @value; a failure if it never does */
bool t_debug_wait(const char *param, long value);

/** A WRITE that a thread of its own posts, because posting may not return. */
struct t_later {
	pthread_t thread;
	sem_t go;
	struct t_side *s;
	struct ibv_sge sge;
	struct ibv_send_wr wr;
};

/**
 * t_later_prepare - start the thread, which does nothing yet
 *
 * To be called before anything is held: a new thread wants a lock of the address space.
 */
void t_later_prepare(struct t_later *w, struct t_side *s);

/** t_later_write - begin a WRITE of @len bytes of @l to @raddr */
void t_later_write(struct t_later *w, struct t_buf *l, size_t len, const void *raddr,
		   uint32_t rkey);

/** t_later_end - wait until posting has returned */
void t_later_end(struct t_later *w);

/** t_write_to - WRITE @len bytes of @l to @raddr and expect success */
void t_write_to(struct t_pair *p, struct t_buf *l, size_t len, const void *raddr, uint32_t rkey);

/** A madvise() that a thread of its own does, because it may be held. */
struct t_drop {
	pthread_t thread;
	sem_t go;
	void *addr;
	size_t len;
};

/** t_drop_prepare - start the thread, which does nothing yet */
void t_drop_prepare(struct t_drop *e);

/** t_drop_begin - begin MADV_DONTNEED of a range */
void t_drop_begin(struct t_drop *e, void *addr, size_t len);

/** t_drop_end - wait until it has returned */
void t_drop_end(struct t_drop *e);

/**
 * Anonymous memory without huge pages, aligned to 2 MiB, for the device by two regions:
 * one on demand, and a pinned one, which keeps the first pages alive whatever happens, so
 * that a broken driver only writes to them.
 */
struct t_spot {
	char *addr;
	size_t len;
	struct ibv_mr *odp, *pinned;
};

/** t_spot_open - @len bytes, filled with 0x11 */
void t_spot_open(struct t_spot *s, struct ibv_pd *pd, size_t len);

/** t_spot_close - deregister and unmap */
void t_spot_close(struct t_spot *s);

#endif
