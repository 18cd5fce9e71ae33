/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef ODPLAT_TURNS_H
#define ODPLAT_TURNS_H

#include <stddef.h>

/**
 * turn_of() - which of @members comes at @place of @round
 *
 * Each round begins with another one, so that none always inherits the caches, or the wake-ups, of
 * the same predecessor.
 */
static inline size_t turn_of(size_t members, size_t round, size_t place)
{
	return (place + round) % members;
}

#endif
