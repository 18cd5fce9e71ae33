/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright (c) 2026 The pinless authors
 *
 * Words that name their writer, their place and their write, in memory that is
 * discarded, moved and unmapped at random meanwhile: which values a word may
 * have at any moment, and what a wrong value says of its cause.
 *
 * Memory is divided into chunks of eight pages. Each has one writer, which is
 * the only one to change its words; the rest of the chunk stays zero. The state
 * of a chunk is shared by all processes and taken without locks: any of them
 * may be killed.
 */
#ifndef T_WORDS_H
#define T_WORDS_H

#include <stdbool.h>
#include <stdint.h>

#include "t_mem.h"

#define T_CHUNK_PAGES	8
#define T_CHUNK		(T_CHUNK_PAGES * T_PAGE)
#define T_CHUNK_WORDS	(T_CHUNK / 8)

/** What a chunk is for. */
enum t_role {
	/** Written by WRITE. */
	T_ROLE_DATA,
	/** Written by SEND. */
	T_ROLE_RECV,
	/** One word, written by atomics. */
	T_ROLE_ATOMIC,
	/** One word to which all processes add. */
	T_ROLE_COUNTER,
	/** Source of requests, and target of READs: not checked in place. */
	T_ROLE_SCRATCH,
};

struct t_chunk {
	/** The tag of word 0 with the sequence 0. */
	uint64_t tag;
	/** The words that are written. */
	unsigned int first, words;
	enum t_role role;
	/** The content is never discarded. */
	bool kept;
	/** Number of users of the mapping; -1: it is taken away. */
	int users;
	/** Discards of its content that have begun, and that have ended. */
	uint32_t begun, ended;
	/** t_chunk_discards() before the last write; -1: words may be zero. */
	long since;
	/** The last write that was posted, and that is done. */
	uint32_t posted, done;
	/** The last write whose source may have been discarded meanwhile. */
	uint32_t risky;
};

/**
 * t_chunk_init - the chunk's place in the tags of its words
 * @writer: 1 to 63
 * @number: of the chunk, below 2^14
 */
void t_chunk_init(struct t_chunk *c, unsigned int writer, unsigned int number);

/** t_chunk_tag - word @w of write @seq */
static inline uint64_t t_chunk_tag(const struct t_chunk *c, unsigned int w, uint32_t seq)
{
	return c->tag | (uint64_t)w << 32 | seq;
}

/** t_chunk_fill - write the words of write @seq somewhere, at any address */
void t_chunk_fill(const struct t_chunk *c, void *at, uint32_t seq);

/** t_chunk_use - keep the mapping of the chunk; false when it is not there */
bool t_chunk_use(struct t_chunk *c);

/** t_chunk_unuse - undo t_chunk_use() */
void t_chunk_unuse(struct t_chunk *c);

/** t_chunk_take - get exclusive use of the mapping; false when it is in use */
bool t_chunk_take(struct t_chunk *c);

/** t_chunk_give - undo t_chunk_take() */
void t_chunk_give(struct t_chunk *c);

/** t_chunk_discards - discards so far, or -1 while one is under way */
long t_chunk_discards(const struct t_chunk *c);

/** t_chunk_discard - a discard begins (@end false) or has ended */
void t_chunk_discard(struct t_chunk *c, bool end);

/**
 * t_chunk_post - the next write is about to be posted
 * @risky: its source may be discarded meanwhile
 *
 * Return: its sequence.
 */
uint32_t t_chunk_post(struct t_chunk *c, bool risky);

/**
 * t_chunk_done - the write is done
 * @since: t_chunk_discards() of before it was posted, or -1 if words may be zero
 */
void t_chunk_done(struct t_chunk *c, uint32_t seq, long since);

/** t_chunk_zero_ok - may words be zero, for the one writer of the chunk? */
bool t_chunk_zero_ok(const struct t_chunk *c);

/**
 * t_chunk_words - check words of a chunk that were read somehow
 * @how: by what, for the message
 * @lo: the oldest write they may be of
 * @hi: the newest
 * @zero_ok: or they were discarded
 * @parts: not all bytes of a word were written, or read, at the same time
 *
 * Return: whether all were right.
 */
bool t_chunk_words(const struct t_chunk *c, const char *how, const void *seen, uint32_t lo,
		   uint32_t hi, bool zero_ok, bool parts);

/**
 * t_chunk_look - check a whole chunk with the CPU, whatever goes on meanwhile
 * @at: its first byte; the caller uses it
 */
bool t_chunk_look(const struct t_chunk *c, const char *at);

#endif
