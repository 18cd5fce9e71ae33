/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef ODPLAT_PATTERN_H
#define ODPLAT_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** PATTERN_ZERO - the seed that stands for memory never written */
#define PATTERN_ZERO 0

/**
 * pattern_word() - what the @index-th 8-byte word of a pattern holds
 * @seed: any number; PATTERN_ZERO makes every word 0
 * @index: which word, counted from the start of the pattern
 *
 * Two words of one pattern differ, and so do equal words of two patterns, so that data in the wrong
 * place, or of an earlier run, is seen.
 */
static inline uint64_t pattern_word(uint64_t seed, uint64_t index)
{
	return seed == PATTERN_ZERO ? 0 :
	       (seed * 0x9e3779b97f4a7c15ull) ^ ((index + 1) * 0xbf58476d1ce4e5b9ull);
}

/**
 * pattern_fill() - write a pattern
 * @memory: 8-byte aligned
 * @from: first byte to write, counted from @memory, a multiple of 8
 * @to: end, exclusive, a multiple of 8
 * @seed: which pattern
 */
void pattern_fill(void *memory, size_t from, size_t to, uint64_t seed);

/**
 * pattern_check() - compare memory with a pattern; arguments as for pattern_fill()
 *
 * Return: true when every byte is as it should be.
 */
bool pattern_check(const void *memory, size_t from, size_t to, uint64_t seed);

#endif
