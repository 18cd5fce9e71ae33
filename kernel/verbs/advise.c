// SPDX-License-Identifier: GPL-2.0
/* Copyright (c) 2026 The pinless authors */
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "base/alloc.h"
#include "base/range.h"
#include "obs/trace.h"
#include "mm/account.h"
#include "mm/mirror.h"
#include "mm/slow.h"
#include "verbs/advise.h"
#include "verbs/device.h"

/**
 * struct pinless_prefetch_range - what one SGE asks for
 * @mirror:  held
 * @account: held; tells when the region is gone
 * @addr:    user address
 * @len:     bytes
 */
struct pinless_prefetch_range {
	struct pinless_mirror *mirror;
	struct pinless_account *account;
	u64 addr;
	u64 len;
};

/**
 * struct pinless_prefetch - one call of ibv_advise_mr
 * @slow:   runs it when the caller does not wait
 * @flags:  enum pinless_fault_flags
 * @count:  entries of @ranges
 * @ranges: where
 *
 * It holds mirrors and accounts, but no region and no device: a prefetch may
 * take as long as it likes, and neither deregistration nor the removal of the
 * device waits for it.
 */
struct pinless_prefetch {
	struct pinless_slow slow;
	unsigned int flags;
	u32 count;
	struct pinless_prefetch_range ranges[];
};

static void pf_free(struct pinless_prefetch *pf)
{
	while (pf->count) {
		struct pinless_prefetch_range *r = &pf->ranges[--pf->count];

		pinless_account_put(r->account);
		pinless_mirror_put(r->mirror);
	}
	kvfree(pf);
}

/*
 * Leaf by leaf, so that neither the lock of the address space is held for
 * long, nor a region that is gone or a caller that is being killed is served on.
 */
static int pf_range(const struct pinless_prefetch_range *r, unsigned int flags)
{
	u64 addr = r->addr;
	u64 len = r->len;
	int err;

	while (len) {
		u64 n = pinless_range_in_leaf(addr, len);

		if (pinless_account_gone(r->account))
			return -ENOENT;
		if (fatal_signal_pending(current))
			return -EINTR;
		err = pinless_mirror_fault(r->mirror, addr, n, flags,
					   r->account, NULL);
		if (err)
			return err;
		addr += n;
		len -= n;
		cond_resched();
	}
	return 0;
}

static int pf_run(const struct pinless_prefetch *pf)
{
	int err;
	u32 i;

	for (i = 0; i < pf->count; i++) {
		err = pf_range(&pf->ranges[i], pf->flags);
		if (err)
			return err;
	}
	return 0;
}

/* Best effort: what cannot be had now is faulted, and fails, on access. */
static void pf_work(struct work_struct *work)
{
	struct pinless_prefetch *pf =
		container_of(work, struct pinless_prefetch, slow.work);
	u32 i;

	for (i = 0; i < pf->count; i++)
		pf_range(&pf->ranges[i], pf->flags);
	pinless_slow_end(&pf->ranges[0].mirror->prefetch);
	pf_free(pf);
}

/*
 * Leaves it to a worker, or frees it. Of several address spaces the first one's
 * share of the workers is used: they belong to processes that have one opening
 * of the device in common.
 */
static int pf_queue(struct pinless_prefetch *pf)
{
	int err = pf->count ? -ENOMEM : 0;

	INIT_WORK(&pf->slow.work, pf_work);
	if (pf->count && pinless_slow_begin(&pf->ranges[0].mirror->prefetch,
					    &pf->slow))
		return 0;
	pf_free(pf);
	return err;
}

/* The errors are those of ibv_advise_mr(3). */
static int pf_add(struct pinless_prefetch *pf, struct ib_pd *pd,
		  const struct ib_sge *sge)
{
	struct pinless_window *w =
		pinless_window_lookup(&to_pdev(pd->device)->ca.keys, sge->lkey);
	struct pinless_prefetch_range *r = &pf->ranges[pf->count];
	int err = 0;

	if (!w)
		return -ENOENT;
	if (w->pd != pd) {
		err = -EPERM;
	} else if (!pinless_window_odp(w)) {
		err = -ENOENT;
	} else if (pf->flags & PINLESS_FAULT_WRITE &&
		   !(w->access & IB_ACCESS_LOCAL_WRITE)) {
		err = -EPERM;
	} else if (!pinless_range_inside(sge->addr, sge->length, w->iova,
					 w->length)) {
		err = -EFAULT;
	} else {
		r->mirror = w->mem.mirror;
		r->account = w->mem.account;
		pinless_mirror_hold(r->mirror);
		pinless_account_hold(r->account);
		r->addr = pinless_window_uva(w, sge->addr);
		r->len = sge->length;
		pf->count++;
	}
	pinless_window_put(w);
	return err;
}

static int fault_flags(enum ib_uverbs_advise_mr_advice advice)
{
	switch (advice) {
	case IB_UVERBS_ADVISE_MR_ADVICE_PREFETCH:
		return PINLESS_FAULT_PREFETCH;
	case IB_UVERBS_ADVISE_MR_ADVICE_PREFETCH_WRITE:
		return PINLESS_FAULT_PREFETCH | PINLESS_FAULT_WRITE;
	case IB_UVERBS_ADVISE_MR_ADVICE_PREFETCH_NO_FAULT:
		return PINLESS_FAULT_PREFETCH | PINLESS_FAULT_SNAPSHOT;
	default:
		return -EOPNOTSUPP;
	}
}

static int advise_mr(struct ib_pd *pd, enum ib_uverbs_advise_mr_advice advice,
		     u32 flags, struct ib_sge *sg_list, u32 num_sge)
{
	struct pinless_prefetch *pf;
	int err;
	u32 i;

	err = fault_flags(advice);
	if (err < 0)
		return err;
	if (flags & ~IB_UVERBS_ADVISE_MR_FLAG_FLUSH)
		return -EINVAL;

	pf = kvzalloc(struct_size(pf, ranges, num_sge), PINLESS_GFP_USER);
	if (!pf)
		return -ENOMEM;
	pf->flags = err;
	for (i = 0; i < num_sge; i++) {
		err = pf_add(pf, pd, &sg_list[i]);
		if (err)
			goto out;
	}
	if (!(flags & IB_UVERBS_ADVISE_MR_FLAG_FLUSH))
		return pf_queue(pf);
	err = pf_run(pf);
out:
	pf_free(pf);
	return err;
}

/**
 * pinless_advise_mr() - bring pages into the translation table ahead of use
 * @pd:      protection domain
 * @advice:  for reading, for writing, or only what the CPU has already
 * @flags:   IB_UVERBS_ADVISE_MR_FLAG_FLUSH: return when it is done
 * @sg_list: ranges of ODP regions
 * @num_sge: how many
 * @attrs:   nothing
 *
 * All ranges are checked before the first page is touched.
 *
 * Context: process context, may sleep; with FLUSH as long as the faults take.
 * Return: 0; -EOPNOTSUPP (unknown advice), -EINVAL (unknown flags), -ENOENT (no
 * ODP region has this key, or no more), -EPERM (region of another protection
 * domain, or not writable), -EFAULT (outside of the region; with FLUSH also: no
 * memory there), -ENOMEM; with FLUSH -EINTR (the caller is being killed) and
 * what pinless_mirror_fault() returns.
 */
int pinless_advise_mr(struct ib_pd *pd, enum ib_uverbs_advise_mr_advice advice,
		      u32 flags, struct ib_sge *sg_list, u32 num_sge,
		      struct uverbs_attr_bundle *attrs)
{
	u64 begin = trace_pinless_advise_enabled() ? ktime_get_ns() : 0;
	int err = advise_mr(pd, advice, flags, sg_list, num_sge);

	if (trace_pinless_advise_enabled() && begin)
		trace_pinless_advise(pd->device->index, advice,
				     flags & IB_UVERBS_ADVISE_MR_FLAG_FLUSH,
				     num_sge, err, ktime_get_ns() - begin);
	return err;
}
