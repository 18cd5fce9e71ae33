/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef PINLESS_IDTABLE_H
#define PINLESS_IDTABLE_H

#include <linux/rcupdate.h>
#include <linux/spinlock.h>
#include <linux/types.h>

/*
 * Numbers for objects, and the objects by their numbers.
 *
 * Numbers are given out in a cycle, so one that is free again stays unused for
 * as long as possible. An xarray does that too, but it makes and frees a node of
 * each of its levels as the cycle goes on, and walks them in each look-up; here
 * both take the same few instructions whatever is in the table.
 */
#define PINLESS_ID_BITS		20
#define PINLESS_ID_MAX		((1u << PINLESS_ID_BITS) - 1)
#define PINLESS_ID_SHIFT	9
#define PINLESS_ID_SLOTS	512u

/**
 * struct pinless_id_chunk - the objects of some numbers that follow each other
 * @rcu:  frees it
 * @slot: the object, or NULL; read under RCU, changed under the table's lock
 */
struct pinless_id_chunk {
	struct rcu_head rcu;
	void *slot[PINLESS_ID_SLOTS];
};

/**
 * struct pinless_id_dir - where the chunk of a number is
 * @chunk: or NULL when none of its numbers is in use; read under RCU, changed
 *         under the table's lock
 * @used:  how many are; under the table's lock
 */
struct pinless_id_dir {
	struct pinless_id_chunk *chunk;
	u32 used;
};

/**
 * struct pinless_idtable - objects by number
 * @lock:  protects what changes, but not readers; not taken by the invalidation
 * @next:  where the search for a free number begins: 1 .. PINLESS_ID_MAX; the
 *         chunk of it is kept when it is empty
 * @round: how often the cycle has begun again
 * @dir:   of all numbers
 */
struct pinless_idtable {
	spinlock_t lock;	/* see above */
	u32 next;
	u32 round;
	struct pinless_id_dir *dir;
};

/**
 * pinless_idtable_find() - the object that has a number
 * @t:  the table
 * @id: any number
 *
 * Context: an RCU read-side section, which is how long the object stays if it
 * is freed after a grace period.
 * Return: the object, or NULL.
 */
static inline void *pinless_idtable_find(const struct pinless_idtable *t, u32 id)
{
	struct pinless_id_chunk *chunk;

	if (unlikely(id > PINLESS_ID_MAX))
		return NULL;
	chunk = READ_ONCE(t->dir[id >> PINLESS_ID_SHIFT].chunk);
	return chunk ? READ_ONCE(chunk->slot[id & (PINLESS_ID_SLOTS - 1)]) :
		       NULL;
}

int pinless_idtable_init(struct pinless_idtable *t);
void pinless_idtable_destroy(struct pinless_idtable *t);
int pinless_idtable_add(struct pinless_idtable *t, void *object, u32 *id,
			u32 *round);
void pinless_idtable_remove(struct pinless_idtable *t, u32 id);

#endif /* PINLESS_IDTABLE_H */
