/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/* Copyright (c) 2026 The pinless authors */
#ifndef PINLESS_TABLE_H
#define PINLESS_TABLE_H

#include <stddef.h>
#include <stdint.h>

/* Numbers of queue pairs have 24 bits (IBTA section 3.5.2). */
#define PINLESS_TABLE_BITS	12
#define PINLESS_TABLE_LEAF	(1u << PINLESS_TABLE_BITS)

/**
 * struct pinless_table - from a number of 24 bits to a pointer
 * @leaves: each holds 4096 pointers; made when first needed, kept until the end
 */
struct pinless_table {
	void **leaves[PINLESS_TABLE_LEAF];
};

/**
 * pinless_table_find() - what is stored under a number
 * @table:  the table
 * @number: the number
 *
 * Needs no lock: leaves are never freed while the table is in use. The caller
 * ensures by other means that what it finds stays alive.
 *
 * Return: the pointer, or NULL.
 */
static inline void *pinless_table_find(struct pinless_table *table,
				       uint32_t number)
{
	uint32_t i = (number >> PINLESS_TABLE_BITS) & (PINLESS_TABLE_LEAF - 1);
	void **leaf = __atomic_load_n(&table->leaves[i], __ATOMIC_ACQUIRE);

	if (!leaf)
		return NULL;
	return __atomic_load_n(&leaf[number & (PINLESS_TABLE_LEAF - 1)],
			       __ATOMIC_ACQUIRE);
}

int pinless_table_store(struct pinless_table *table, uint32_t number,
			void *pointer);
void pinless_table_free(struct pinless_table *table);

#endif /* PINLESS_TABLE_H */
