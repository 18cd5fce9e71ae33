// SPDX-License-Identifier: GPL-2.0
// Copyright (c) 2026 The pinless authors
#include "base/pattern.h"

void pattern_fill(void *memory, size_t from, size_t to, uint64_t seed)
{
	uint64_t *word = memory;

	for (size_t i = from / sizeof(*word); i < to / sizeof(*word); i++)
		word[i] = pattern_word(seed, i);
}

bool pattern_check(const void *memory, size_t from, size_t to, uint64_t seed)
{
	const uint64_t *word = memory;
	uint64_t differs = 0;

	for (size_t i = from / sizeof(*word); i < to / sizeof(*word); i++)
		differs |= word[i] ^ pattern_word(seed, i);
	return differs == 0;
}
