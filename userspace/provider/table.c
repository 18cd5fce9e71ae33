// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Copyright (c) 2026 The pinless authors */

#include <errno.h>
#include <stdlib.h>

#include "table.h"

/**
 * pinless_table_store() - store a pointer under a number, or remove it
 * @table:   the table; the caller serialises changes
 * @number:  at most 24 bits
 * @pointer: NULL removes, which never fails
 *
 * Return: 0, ENOMEM, or EINVAL for a number that is too large.
 */
int pinless_table_store(struct pinless_table *table, uint32_t number,
			void *pointer)
{
	uint32_t i = number >> PINLESS_TABLE_BITS;
	void **leaf;

	if (i >= PINLESS_TABLE_LEAF)
		return EINVAL;

	leaf = table->leaves[i];
	if (!leaf) {
		if (!pointer)
			return 0;
		leaf = calloc(PINLESS_TABLE_LEAF, sizeof(*leaf));
		if (!leaf)
			return ENOMEM;
		__atomic_store_n(&table->leaves[i], leaf, __ATOMIC_RELEASE);
	}
	__atomic_store_n(&leaf[number & (PINLESS_TABLE_LEAF - 1)], pointer,
			 __ATOMIC_RELEASE);
	return 0;
}

/**
 * pinless_table_free() - free what the table has allocated
 * @table: no longer in use
 */
void pinless_table_free(struct pinless_table *table)
{
	size_t i;

	for (i = 0; i < PINLESS_TABLE_LEAF; i++)
		free(table->leaves[i]);
}
