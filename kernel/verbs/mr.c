// SPDX-License-Identifier: GPL-2.0
/* Copyright (c) 2026 The pinless authors */
#include <linux/err.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "uapi/pinless-abi.h"
#include "base/alloc.h"
#include "base/range.h"
#include "mm/account.h"
#include "mm/mirror.h"
#include "mm/pinned.h"
#include "verbs/device.h"
#include "verbs/mr.h"

/* Nothing here changes what a window of memory means. */
#define ACCESS_SUPPORTED	(IB_ACCESS_LOCAL_WRITE | IB_ACCESS_REMOTE_WRITE | \
				 IB_ACCESS_REMOTE_READ | IB_ACCESS_REMOTE_ATOMIC | \
				 IB_ZERO_BASED | IB_ACCESS_ON_DEMAND | \
				 IB_ACCESS_HUGETLB | IB_ACCESS_OPTIONAL)

static int mr_check(u64 start, u64 length, u64 *iova, int access, bool implicit)
{
	u64 end;

	if (access & ~ACCESS_SUPPORTED)
		return -EOPNOTSUPP;
	if (access & (IB_ACCESS_REMOTE_WRITE | IB_ACCESS_REMOTE_ATOMIC) &&
	    !(access & IB_ACCESS_LOCAL_WRITE))
		return -EINVAL;
	if (implicit)
		return *iova || access & IB_ZERO_BASED ? -EINVAL : 0;
	if (!length)
		return -EINVAL;
	if (access & IB_ZERO_BASED)
		*iova = 0;
	/* An aligned iova must not name a word that is not. */
	if (access & IB_ACCESS_REMOTE_ATOMIC && (start ^ *iova) & 7)
		return -EINVAL;
	if (!pinless_range_end(*iova, length, &end) ||
	    !pinless_range_end(start, length, &end))
		return -EINVAL;
	/* Nothing will ever be mapped there, so do not wait for the fault. */
	if (!access_ok((void __user *)(unsigned long)start, length))
		return -EFAULT;
	return 0;
}

/* Costs the same for a page as for all of the address space. */
static int mr_init_odp(struct pinless_window *w, struct pinless_device *pdev)
{
	struct pinless_mem *mem = &w->mem;

	mem->kind = PINLESS_MEM_MIRROR;
	/* An implicit region has the length U64_MAX, and a start of 0. */
	mem->last = (w->uva + w->length - 1) >> PAGE_SHIFT;
	mem->account = pinless_account_create(&pdev->port);
	if (IS_ERR(mem->account))
		return PTR_ERR(mem->account) == -ENOSPC ? -ENOMEM :
							  PTR_ERR(mem->account);
	mem->mirror = pinless_mirror_get(current->mm);
	if (IS_ERR(mem->mirror)) {
		pinless_account_destroy(mem->account);
		return PTR_ERR(mem->mirror);
	}
	return 0;
}

static int mr_init_pinned(struct pinless_mr *mr, struct pinless_device *pdev)
{
	struct pinless_window *w = &mr->window;

	mr->umem = pinless_pin(&pdev->ibdev, w->uva, w->length, w->access,
			       &mr->pinned);
	if (IS_ERR(mr->umem))
		return PTR_ERR(mr->umem);
	w->mem.kind = PINLESS_MEM_PINNED;
	w->mem.pinned = &mr->pinned;
	return 0;
}

static void mr_release_memory(struct pinless_mr *mr)
{
	struct pinless_mem *mem = &mr->window.mem;

	if (pinless_window_odp(&mr->window)) {
		pinless_account_destroy(mem->account);
		pinless_mirror_put(mem->mirror);
	} else {
		pinless_unpin(mr->umem, &mr->pinned);
	}
}

/**
 * pinless_reg_user_mr() - register memory of the calling process
 * @pd:     protection domain
 * @start:  user address of the first byte; 0 for an implicit region
 * @length: bytes; U64_MAX for an implicit region
 * @iova:   what work requests call the first byte
 * @access: IB_ACCESS_*; IB_ACCESS_ON_DEMAND leaves the pages unpinned,
 *          IB_ZERO_BASED makes @iova 0, IB_ACCESS_HUGETLB and the optional
 *          flags are hints
 * @udata:  nothing
 *
 * An ODP region may lie over addresses where nothing is mapped, or nothing
 * writable: what counts is what is there when it is accessed.
 *
 * Context: process context, may sleep.
 * Return: the region, or ERR_PTR: -EINVAL (length 0, a sum that wraps, rights
 * that contradict each other, an implicit region with an iova, remote atomics
 * where @start and @iova differ in their lowest three bits), -EOPNOTSUPP
 * (rights that the device does not have: memory windows, flush), -EFAULT
 * (outside of user space; pinned: not mapped so), -ENOMEM (also: locked-memory
 * limit, too many regions), -EPERM.
 */
struct ib_mr *pinless_reg_user_mr(struct ib_pd *pd, u64 start, u64 length,
				  u64 iova, int access, struct ib_udata *udata)
{
	bool implicit = access & IB_ACCESS_ON_DEMAND && !start &&
			length == U64_MAX;
	struct pinless_device *pdev = to_pdev(pd->device);
	struct pinless_mr *mr;
	int err;

	if (udata && udata->inlen &&
	    !ib_is_udata_cleared(udata, 0, udata->inlen))
		return ERR_PTR(-EINVAL);
	err = mr_check(start, length, &iova, access, implicit);
	if (err)
		return ERR_PTR(err);

	if (!pinless_quota_get(&pdev->objects, PINLESS_OBJ_MR))
		return ERR_PTR(-ENOMEM);
	err = -ENOMEM;
	mr = kzalloc(sizeof(*mr), PINLESS_GFP_USER);
	if (!mr)
		goto err_count;
	mr->ibmr.device = pd->device;
	mr->ibmr.pd = pd;
	mr->window.pd = pd;
	mr->window.uva = start;
	mr->window.iova = iova;
	mr->window.length = length;
	mr->window.access = access;
	mr->implicit = implicit;

	if (access & IB_ACCESS_ON_DEMAND)
		err = mr_init_odp(&mr->window, pdev);
	else
		err = mr_init_pinned(mr, pdev);
	if (err)
		goto err_free;
	err = pinless_window_publish(&pdev->ca.keys, &mr->window);
	if (err)
		goto err_memory;
	mr->ibmr.lkey = mr->window.key;
	mr->ibmr.rkey = mr->window.key;
	return &mr->ibmr;

err_memory:
	mr_release_memory(mr);
err_free:
	kfree(mr);
err_count:
	pinless_quota_put(&pdev->objects, PINLESS_OBJ_MR);
	return ERR_PTR(err);
}

/**
 * pinless_dereg_mr() - end a region
 * @ibmr:  the region
 * @udata: nothing
 *
 * When it returns, no access through the region is under way. That takes no
 * longer than one copy of PINLESS_COPY_MAX bytes, or one fault that does not
 * wait without bound: no region is held during a wait for a page that may take
 * any time.
 *
 * Context: process context, may sleep.
 * Return: 0.
 */
int pinless_dereg_mr(struct ib_mr *ibmr, struct ib_udata *udata)
{
	struct pinless_device *pdev = to_pdev(ibmr->device);
	struct pinless_mr *mr = to_pmr(ibmr);

	pinless_window_unpublish(&pdev->ca.keys, &mr->window);
	mr_release_memory(mr);
	pinless_quota_put(&pdev->objects, PINLESS_OBJ_MR);
	/* Look-ups that found it before may still read its count. */
	kfree_rcu(mr, rcu);
	return 0;
}
