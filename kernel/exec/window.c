// SPDX-License-Identifier: GPL-2.0
/* Copyright (c) 2026 The pinless authors */

#include <linux/random.h>

#include "base/range.h"
#include "exec/window.h"

/*
 * Keys: 20 bits of index, 12 bits of tag. Indices are given out in a cycle and
 * the tag changes with every cycle, so a stale key names nothing for 4096 cycles
 * (2^32 registrations when few regions live at once).
 */
#define KEY_TAG_BITS (32 - PINLESS_ID_BITS)

/**
 * pinless_keys_init() - make the keys of a device
 * @keys: filled in
 *
 * Context: process context, may sleep.
 * Return: 0 or -ENOMEM.
 */
int pinless_keys_init(struct pinless_keys *keys)
{
	keys->tag = get_random_u16();
	pinless_stamp_renew(&keys->stamp);
	return pinless_idtable_init(&keys->windows);
}

/**
 * pinless_keys_destroy() - free the keys of a device
 * @keys: no window is left; pinless_keys_init() may have failed
 *
 * Context: process context.
 */
void pinless_keys_destroy(struct pinless_keys *keys)
{
	pinless_idtable_destroy(&keys->windows);
}

/**
 * pinless_window_publish() - give a window its key
 * @keys: of the device
 * @w:    complete but for key and references
 *
 * With the key the window can be found, so everything else is in place before.
 * A look-up by index that comes before the key finds another key: no window has
 * the key 0.
 *
 * Context: process context, may sleep.
 * Return: 0, or -ENOMEM when memory or all indices are used up.
 */
int pinless_window_publish(struct pinless_keys *keys, struct pinless_window *w)
{
	u32 index, round;
	int err;

	refcount_set(&w->refs, 1);
	init_completion(&w->idle);
	err = pinless_idtable_add(&keys->windows, w, &index, &round);
	if (err)
		return err == -ENOSPC ? -ENOMEM : err;
	WRITE_ONCE(w->key, index << KEY_TAG_BITS | ((keys->tag + round) &
						    ((1 << KEY_TAG_BITS) - 1)));
	return 0;
}

/**
 * pinless_window_unpublish() - take the key away, and wait for accesses
 * @keys: of the device
 * @w:    published; its memory is freed after a grace period, because a look-up
 *        that found it before may still read its count
 *
 * When it returns, no access through the window is under way, and none begins.
 *
 * Context: process context, sleeps for one copy of PINLESS_COPY_MAX bytes, or
 * one fault that is taken with the window held.
 */
void pinless_window_unpublish(struct pinless_keys *keys,
			      struct pinless_window *w)
{
	pinless_idtable_remove(&keys->windows, w->key >> KEY_TAG_BITS);
	pinless_stamp_renew(&keys->stamp);
	pinless_window_put(w);
	wait_for_completion(&w->idle);
}

/* Finds a window that lives, without a reference; under RCU. */
static struct pinless_window *window_find(struct pinless_keys *keys, u32 key)
{
	struct pinless_window *w =
		pinless_idtable_find(&keys->windows, key >> KEY_TAG_BITS);

	return w && READ_ONCE(w->key) == key ? w : NULL;
}

/* The same, by way of what was found last time. */
static struct pinless_window *window_find_hinted(struct pinless_keys *keys,
						 u32 key,
						 struct pinless_key_hint *hint)
{
	struct pinless_window *w;
	u64 stamp;

	if (!hint)
		return window_find(keys, key);
	stamp = pinless_stamp_read(&keys->stamp);
	if (likely(hint->stamp == stamp && hint->key == key))
		return hint->window;
	w = window_find(keys, key);
	if (w)
		*hint = (struct pinless_key_hint){stamp, key, w};
	return w;
}

/**
 * pinless_window_lookup() - the window of a key, in whatever protection domain
 * @keys: of the device
 * @key:  lkey or rkey
 *
 * Context: any; never sleeps. As for pinless_window_get().
 * Return: the window, or NULL.
 */
struct pinless_window *pinless_window_lookup(struct pinless_keys *keys, u32 key)
{
	struct pinless_window *w;

	rcu_read_lock();
	w = window_find(keys, key);
	if (w && !refcount_inc_not_zero(&w->refs))
		w = NULL;
	rcu_read_unlock();
	return w;
}

/**
 * pinless_window_get() - find the window of a key and check an access
 * @domain: whose keys count
 * @sge:    key, iova of the first byte, and bytes (not 0) of the access
 * @access: rights needed: IB_ACCESS_*; 0 for local reading
 * @verr:   on failure, an enum pinless_vendor_err
 * @hint:   of the caller alone, zeroed at first; or NULL
 *
 * IBTA Vol. 1, 10.6.3 (keys) and 10.6.5 (what is checked).
 *
 * Context: any; never sleeps. The reference is dropped with pinless_window_put()
 * before anything sleeps without bound: deregistration waits for it.
 * Return: the window, or NULL.
 */
struct pinless_window *pinless_window_get(const struct pinless_domain *domain,
					  const struct pinless_sge *sge,
					  int access, u32 *verr,
					  struct pinless_key_hint *hint)
{
	struct pinless_window *w;

	/* A window does not change, so what is checked here stays true. */
	rcu_read_lock();
	w = window_find_hinted(domain->keys, sge->lkey, hint);
	if (unlikely(!w || w->pd != domain->pd)) {
		*verr = PINLESS_VERR_KEY;
		goto err;
	}
	if (unlikely((w->access & access) != access)) {
		*verr = PINLESS_VERR_ACCESS;
		goto err;
	}
	if (unlikely(!pinless_range_inside(sge->addr, sge->length, w->iova,
					   w->length))) {
		*verr = PINLESS_VERR_RANGE;
		goto err;
	}
	if (unlikely(!refcount_inc_not_zero(&w->refs))) {
		*verr = PINLESS_VERR_KEY;
		goto err;
	}
	rcu_read_unlock();
	return w;
err:
	rcu_read_unlock();
	return NULL;
}
