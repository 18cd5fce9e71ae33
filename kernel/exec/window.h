/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef PINLESS_WINDOW_H
#define PINLESS_WINDOW_H

#include <linux/completion.h>
#include <linux/refcount.h>
#include <rdma/ib_verbs.h>

#include "uapi/pinless-abi.h"
#include "base/idtable.h"
#include "base/stamp.h"
#include "mm/access.h"

/**
 * struct pinless_keys - the keys of a device
 * @windows: struct pinless_window by key index, read under RCU
 * @stamp:   renewed when a window goes; no other device ever has the same
 * @tag:     what the tags of keys begin with, chosen at random
 */
struct pinless_keys {
	struct pinless_idtable windows;
	struct pinless_stamp stamp;
	u16 tag;
};

/**
 * struct pinless_domain - whose keys count
 * @keys: of the device
 * @pd:   protection domain
 */
struct pinless_domain {
	struct pinless_keys *keys;
	const struct ib_pd *pd;
};

/**
 * struct pinless_window - what a key gives access to
 * @mem:    the memory behind it: a mirror (ODP), or pinned pages
 * @pd:     protection domain
 * @uva:    user address of the first byte (0 for implicit regions)
 * @iova:   address of the first byte as work requests name it
 * @length: bytes; the whole address space for implicit regions
 * @access: IB_ACCESS_*
 * @key:    lkey and rkey; 0 before it is published
 * @refs:   one for being published, one for each access under way
 * @idle:   completed when @refs falls to zero; pinless_window_unpublish() waits
 *          for it
 *
 * Nothing but @refs changes once it has its key. What embeds it is
 * freed after a grace period.
 */
struct pinless_window {
	struct pinless_mem mem;
	const struct ib_pd *pd;
	u64 uva;
	u64 iova;
	u64 length;
	int access;
	u32 key;
	refcount_t refs;
	struct completion idle;
};

/**
 * struct pinless_key_hint - the window that was looked up last
 * @stamp:  of the device's keys, then
 * @key:    its key
 * @window: the window
 */
struct pinless_key_hint {
	u64 stamp;
	u32 key;
	struct pinless_window *window;
};

int pinless_keys_init(struct pinless_keys *keys);
void pinless_keys_destroy(struct pinless_keys *keys);

int pinless_window_publish(struct pinless_keys *keys, struct pinless_window *w);
void pinless_window_unpublish(struct pinless_keys *keys,
			      struct pinless_window *w);
struct pinless_window *pinless_window_lookup(struct pinless_keys *keys,
					     u32 key);
struct pinless_window *pinless_window_get(const struct pinless_domain *domain,
					  const struct pinless_sge *sge,
					  int access, u32 *verr,
					  struct pinless_key_hint *hint);

/**
 * pinless_window_put() - end an access
 * @w: from pinless_window_get() or pinless_window_lookup()
 *
 * Context: any; never sleeps.
 */
static inline void pinless_window_put(struct pinless_window *w)
{
	if (refcount_dec_and_test(&w->refs))
		complete(&w->idle);
}

/* Whether the pages behind a window may come and go. */
static inline bool pinless_window_odp(const struct pinless_window *w)
{
	return w->mem.kind == PINLESS_MEM_MIRROR;
}

/* The user address of an iova inside the window. */
static inline u64 pinless_window_uva(const struct pinless_window *w, u64 iova)
{
	return w->uva + (iova - w->iova);
}

#endif /* PINLESS_WINDOW_H */
