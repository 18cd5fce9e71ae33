// SPDX-License-Identifier: GPL-2.0
/* Copyright (c) 2026 The pinless authors */
#include <linux/mm.h>
#include <linux/slab.h>

#include "base/alloc.h"
#include "base/idtable.h"

/**
 * pinless_idtable_init() - an empty table
 * @t: the table
 *
 * Context: process context, may sleep.
 * Return: 0 or -ENOMEM.
 */
int pinless_idtable_init(struct pinless_idtable *t)
{
	BUILD_BUG_ON(PINLESS_ID_SLOTS != 1 << PINLESS_ID_SHIFT);
	spin_lock_init(&t->lock);
	t->next = 1;
	t->round = 0;
	t->dir = kvcalloc((PINLESS_ID_MAX >> PINLESS_ID_SHIFT) + 1,
			  sizeof(*t->dir), GFP_KERNEL);
	return t->dir ? 0 : -ENOMEM;
}

/**
 * pinless_idtable_destroy() - free a table
 * @t: the table; it is empty, and no look-up is under way
 *
 * Context: process context, may sleep.
 */
void pinless_idtable_destroy(struct pinless_idtable *t)
{
	u32 i;

	if (!t->dir)
		return;
	for (i = 0; i <= PINLESS_ID_MAX >> PINLESS_ID_SHIFT; i++) {
		WARN_ON(t->dir[i].used);
		kvfree(t->dir[i].chunk);
	}
	kvfree(t->dir);
	t->dir = NULL;
}

static struct pinless_id_dir *dir_of(const struct pinless_idtable *t, u32 id)
{
	return &t->dir[id >> PINLESS_ID_SHIFT];
}

/* The first free number from @id to @last, or 0 if there is none. */
static u32 first_free(const struct pinless_idtable *t, u32 id, u32 last)
{
	while (id <= last) {
		const struct pinless_id_dir *d = dir_of(t, id);

		if (!d->used)
			return id;
		if (d->used == PINLESS_ID_SLOTS)
			id |= PINLESS_ID_SLOTS - 1;
		else if (!d->chunk->slot[id & (PINLESS_ID_SLOTS - 1)])
			return id;
		id++;
	}
	return 0;
}

/* Frees the chunk of a number if it is empty, but keeps that of @next. */
static void drop_chunk(struct pinless_idtable *t, u32 id)
{
	struct pinless_id_dir *d = dir_of(t, id);
	struct pinless_id_chunk *chunk = d->chunk;

	if (d->used || d == dir_of(t, t->next) || !chunk)
		return;
	WRITE_ONCE(d->chunk, NULL);
	kvfree_rcu(chunk, rcu);
}

/* @id has been handed out: the next search begins after it. */
static void move_on(struct pinless_idtable *t, u32 id)
{
	u32 from = t->next;

	t->next = id + 1;
	if (id == PINLESS_ID_MAX) {
		t->next = 1;
		t->round++;
	}
	drop_chunk(t, from);
}

/**
 * pinless_idtable_add() - give an object a number
 * @t:      the table
 * @object: can be looked up from here on, even if parts of it are set later
 * @id:     out: 1 .. PINLESS_ID_MAX
 * @round:  out: differs each time that a number is handed out again; or NULL
 *
 * Context: process context, may sleep; memory is charged to the caller.
 * Return: 0; -ENOMEM; -ENOSPC if all numbers are taken.
 */
int pinless_idtable_add(struct pinless_idtable *t, void *object, u32 *id,
			u32 *round)
{
	struct pinless_id_chunk *fresh = NULL;
	struct pinless_id_dir *d;
	int err = 0;
	u32 n;

	for (;;) {
		spin_lock(&t->lock);
		n = first_free(t, t->next, PINLESS_ID_MAX);
		if (!n)
			n = first_free(t, 1, t->next - 1);
		d = dir_of(t, n);
		if (!n || d->chunk || fresh)
			break;
		spin_unlock(&t->lock);
		fresh = kvzalloc(sizeof(*fresh), PINLESS_GFP_USER);
		if (!fresh)
			return -ENOMEM;
	}
	if (n) {
		if (n < t->next)
			t->round++;
		if (!d->chunk) {
			/* Release: readers see the chunk zeroed. */
			smp_store_release(&d->chunk, fresh);
			fresh = NULL;
		}
		d->used++;
		*id = n;
		if (round)
			*round = t->round;
		/* Release: readers see the object's contents. */
		smp_store_release(&d->chunk->slot[n & (PINLESS_ID_SLOTS - 1)],
				  object);
		move_on(t, n);
	} else {
		err = -ENOSPC;
	}
	spin_unlock(&t->lock);
	kvfree(fresh);
	return err;
}

/**
 * pinless_idtable_remove() - take an object out
 * @t:  the table
 * @id: its number
 *
 * A reader that has found it before may use it until its RCU section ends.
 *
 * Context: any but interrupts; never sleeps.
 */
void pinless_idtable_remove(struct pinless_idtable *t, u32 id)
{
	struct pinless_id_dir *d = dir_of(t, id);

	spin_lock(&t->lock);
	WRITE_ONCE(d->chunk->slot[id & (PINLESS_ID_SLOTS - 1)], NULL);
	d->used--;
	drop_chunk(t, id);
	spin_unlock(&t->lock);
}
