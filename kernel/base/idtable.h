/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef PINLESS_IDTABLE_H
#define PINLESS_IDTABLE_H

#include <linux/rcupdate.h>
#include <linux/spinlock.h>
#include <linux/types.h>

/*
 * Numbers for objects, and look-up by number.
 *
 * Numbers are handed out cyclically, so one that is free again stays unused for
 * as long as possible. An xarray can do that too, but it allocates and frees a
 * node of each level as the cycle advances, and walks the levels in each
 * look-up; here a look-up takes the same few instructions whatever the table
 * holds.
 */
#define PINLESS_ID_BITS		20
#define PINLESS_ID_MAX		((1u << PINLESS_ID_BITS) - 1)
#define PINLESS_ID_SHIFT	9
#define PINLESS_ID_SLOTS	512u

/**
 * struct pinless_id_chunk - the objects of PINLESS_ID_SLOTS successive numbers
 * @rcu:  frees it
 * @slot: the object, or NULL; read under RCU, written under the table's lock
 */
struct pinless_id_chunk {
	struct rcu_head rcu;
	void *slot[PINLESS_ID_SLOTS];
};

/**
 * struct pinless_id_dir - where the chunk of a number is
 * @chunk: NULL only while none of its numbers is in use; read under RCU,
 *         written under the table's lock
 * @used:  how many of its numbers are in use; under the table's lock
 */
struct pinless_id_dir {
	struct pinless_id_chunk *chunk;
	u32 used;
};

/**
 * struct pinless_idtable - objects by number
 * @lock:  serializes writers; readers are under RCU. Not taken by the
 *         invalidation
 * @next:  where the search for a free number begins, 1 .. PINLESS_ID_MAX; its
 *         chunk is kept even if it is empty
 * @round: how often the cycle has started over
 * @dir:   one entry for each chunk
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
 * Context: an RCU read-side section; until its end the object stays, provided
 * that it is freed after a grace period.
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
