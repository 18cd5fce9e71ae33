/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef PINLESS_MR_H
#define PINLESS_MR_H

#include <linux/completion.h>
#include <linux/refcount.h>
#include <rdma/ib_verbs.h>

#include "base/stamp.h"
#include "mm/access.h"

struct pinless_device;

/**
 * struct pinless_mr - a memory region: a window on an address space
 * @ibmr:    the core's part
 * @mem:     what the window looks at: a mirror (ODP), or pinned pages
 * @pinned:  the pages of a pinned region
 * @umem:    what keeps them pinned
 * @uva:     user address of the first byte (0 for implicit regions)
 * @iova:    address of the first byte as work requests name it
 * @length:  bytes; the whole address space for implicit regions
 * @access:  IB_ACCESS_*
 * @key:     lkey and rkey
 * @implicit: an implicit ODP region
 * @refs:    one for being registered, one for each access under way
 * @idle:    completed when @refs falls to zero; deregistration waits for it
 * @rcu:     frees it
 *
 * Nothing but @refs changes after the region has got its key.
 */
struct pinless_mr {
	struct ib_mr ibmr;
	struct pinless_mem mem;
	struct pinless_pinned pinned;
	struct ib_umem *umem;
	u64 uva;
	u64 iova;
	u64 length;
	int access;
	u32 key;
	bool implicit;
	refcount_t refs;
	struct completion idle;
	struct rcu_head rcu;
};

static inline struct pinless_mr *to_pmr(struct ib_mr *ibmr)
{
	return container_of(ibmr, struct pinless_mr, ibmr);
}

/* Whether the pages of a region may come and go. */
static inline bool pinless_mr_odp(const struct pinless_mr *mr)
{
	return mr->mem.kind == PINLESS_MEM_MIRROR;
}

struct ib_mr *pinless_reg_user_mr(struct ib_pd *pd, u64 start, u64 length,
				  u64 iova, int access, struct ib_udata *udata);
int pinless_dereg_mr(struct ib_mr *ibmr, struct ib_udata *udata);

/**
 * struct pinless_key_hint - the region that was looked up last
 * @stamp: of the device's regions, then
 * @key:   its key
 * @mr:    the region
 */
struct pinless_key_hint {
	u64 stamp;
	u32 key;
	struct pinless_mr *mr;
};

struct pinless_mr *pinless_mr_lookup(struct pinless_device *pdev, u32 key);
struct pinless_mr *pinless_mr_get(struct pinless_device *pdev,
				  struct ib_pd *pd, u32 key, u64 iova, u64 len,
				  int access, u32 *verr,
				  struct pinless_key_hint *hint);

/**
 * pinless_mr_put() - end an access
 * @mr: from pinless_mr_get() or pinless_mr_lookup()
 *
 * Context: any; never sleeps.
 */
static inline void pinless_mr_put(struct pinless_mr *mr)
{
	if (refcount_dec_and_test(&mr->refs))
		complete(&mr->idle);
}

/* The user address of an iova inside of the region. */
static inline u64 pinless_mr_uva(const struct pinless_mr *mr, u64 iova)
{
	return mr->uva + (iova - mr->iova);
}

#endif /* PINLESS_MR_H */
