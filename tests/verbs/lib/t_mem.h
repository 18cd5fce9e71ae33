/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright (c) 2026 The pinless authors
 *
 * Buffers whose every byte is known: a mapping with guard bytes around the
 * registered part, and a shadow that holds what each byte must be.
 */
#ifndef T_MEM_H
#define T_MEM_H

#include <infiniband/verbs.h>

#include "t_dev.h"
#include "t_test.h"

/** Bytes of mapped guard before and after the registered part of a buffer. */
#define T_GUARD		8192
/** Bytes compared before and after the target of each operation. */
#define T_WINDOW	160

#define T_PAGE		4096UL
#define T_HUGE		(2UL << 20)

#define T_ACCESS_ALL	(IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_WRITE | \
			 IBV_ACCESS_REMOTE_READ | IBV_ACCESS_REMOTE_ATOMIC)

struct t_buf {
	/** The mapping with its guards. */
	char *map;
	size_t map_len;
	/** The registered part. */
	char *addr;
	size_t len;
	/** Address of byte 0 of the registered part for the device. */
	uint64_t iova;
	struct ibv_mr *mr;
	enum t_kind kind;
	/** What each byte of the mapping must be. */
	unsigned char *shadow;
};

/** t_pattern - write the bytes of pattern @seed; any misplacement shows */
void t_pattern(void *p, size_t len, uint32_t seed);

/**
 * t_bytes - compare memory with what it must be
 * @what: names the memory in the message
 *
 * Prints the first byte that differs, both values, and how many differ.
 *
 * Return: whether all bytes are right.
 */
bool t_bytes(const char *what, const void *seen, const void *expected, size_t len);

/** t_all_bytes - check that every byte has one value */
bool t_all_bytes(const char *what, const void *seen, int value, size_t len);

/** t_mmap - anonymous private memory; ends the program on failure */
void *t_mmap(size_t len);

/** t_mmap_huge_aligned - anonymous memory aligned to 2 MiB */
void *t_mmap_huge_aligned(size_t len);

/** t_huge_kib - huge pages of the mapping at @addr, in KiB, by /proc/self/smaps; -1: unknown */
long t_huge_kib(const void *addr);

/**
 * t_try_reg - register memory in the given way
 * @kind: T_IMPLICIT registers the whole address space, whatever @addr and @len
 *
 * Return: the region, or NULL with errno set.
 */
struct ibv_mr *t_try_reg(struct ibv_pd *pd, enum t_kind kind, void *addr,
			 size_t len, int access);

/** t_reg - t_try_reg() that ends the program on failure */
struct ibv_mr *t_reg(struct ibv_pd *pd, enum t_kind kind, void *addr,
		     size_t len, int access);

/** t_dereg - deregister; a failure is recorded */
void t_dereg(struct ibv_mr *mr);

/** t_buf_open - a filled buffer of @len registered bytes at a page boundary */
void t_buf_open(struct t_buf *b, struct ibv_pd *pd, enum t_kind kind, size_t len,
		int access);

/** t_buf_map - as t_buf_open(), but not registered yet */
void t_buf_map(struct t_buf *b, size_t len);

/** t_buf_reg - register a mapped buffer */
void t_buf_reg(struct t_buf *b, struct ibv_pd *pd, enum t_kind kind, int access);

/** t_buf_close - deregister and unmap */
void t_buf_close(struct t_buf *b);

/** t_buf_fill - new content for buffer and shadow */
void t_buf_fill(struct t_buf *b, uint32_t seed);

/** t_shadow - the shadow at an offset of the registered part */
static inline unsigned char *t_shadow(const struct t_buf *b, size_t off)
{
	return b->shadow + T_GUARD + off;
}

/** t_sge - a scatter/gather element of a buffer */
static inline struct ibv_sge t_sge(const struct t_buf *b, size_t off, uint32_t len)
{
	return (struct ibv_sge){ .addr = b->iova + off, .length = len, .lkey = b->mr->lkey };
}

/**
 * t_buf_check - compare a part of a buffer and the bytes around it
 *
 * Bytes that differ are taken over into the shadow, so that one stray write
 * is reported once.
 */
bool t_buf_check(const char *what, struct t_buf *b, size_t off, size_t len);

/** t_buf_check_all - compare the whole mapping, guards included */
bool t_buf_check_all(const char *what, struct t_buf *b);

#endif
