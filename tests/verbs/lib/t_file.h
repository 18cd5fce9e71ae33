/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright (c) 2026 The pinless authors
 *
 * Shared mappings of a file, and what happens to the file, as parts of a
 * struct t_memory.
 */
#ifndef T_FILE_H
#define T_FILE_H

#include "t_mem.h"

/**
 * t_file_open - make a file without a name
 * @dir: the directory; NULL: a memfd
 * @len: its length in bytes; nothing is written
 *
 * Fails where there is no room for as much.
 *
 * Return: the descriptor.
 */
int t_file_open(const char *dir, size_t len);

/**
 * t_file_use - the directory of the files that t_file_make() makes
 * @dir: NULL: a memfd
 */
void t_file_use(const char *dir);

/** t_file_make - map a new file over the registered part of a buffer (.make) */
void t_file_make(struct t_buf *b);

/** t_file_hole - take all pages out of the file (.event); it reads as zero */
void t_file_hole(struct t_buf *b);

/** t_file_truncate - cut the file to nothing (.event) */
void t_file_truncate(struct t_buf *b);

/** t_file_grow - give it its length again (.restore); it reads as zero */
void t_file_grow(struct t_buf *b);

/** t_file_write - new content by write(2) (.event) */
void t_file_write(struct t_buf *b);

/** t_file_msync - msync, which makes every page clean (.event, .restore) */
void t_file_msync(struct t_buf *b);

/**
 * t_file_map - map the file over the registered part again
 * @prot: PROT_*
 * @flags: MAP_SHARED or MAP_PRIVATE
 */
void t_file_map(struct t_buf *b, int prot, int flags);

/** t_file_sync - fsync, which makes every page clean (.event, .restore) */
void t_file_sync(struct t_buf *b);

/** t_file_check - compare what read(2) gives with the shadow, and close the file (.done) */
void t_file_check(struct t_buf *b);

/**
 * t_file_check_disk - the same, with what is on the disk (.done)
 *
 * Unmaps the file, writes it back and drops it from the cache before.
 */
void t_file_check_disk(struct t_buf *b);

#endif
