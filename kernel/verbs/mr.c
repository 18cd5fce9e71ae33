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

/*
 * Keys: 20 bits of index, 12 bits of tag. Indices are given out in a cycle and
 * the tag changes with every cycle, so a key that somebody has kept after the
 * deregistration names nothing for 4096 cycles (2^32 registrations when few
 * regions live at once).
 */
#define KEY_TAG_BITS	(32 - PINLESS_ID_BITS)

/* Nothing here changes what a window of memory means. */
#define ACCESS_SUPPORTED	(IB_ACCESS_LOCAL_WRITE | IB_ACCESS_REMOTE_WRITE | \
				 IB_ACCESS_REMOTE_READ | IB_ACCESS_REMOTE_ATOMIC | \
				 IB_ZERO_BASED | IB_ACCESS_ON_DEMAND | \
				 IB_ACCESS_HUGETLB | IB_ACCESS_OPTIONAL)

/*
 * Gives the region its key; with that it can be found, so everything else is
 * in place before. Who finds it by its index before the key is there, takes it
 * for another: no region has the key 0.
 */
static int mr_publish(struct pinless_device *pdev, struct pinless_mr *mr)
{
	u32 index, round;
	int err;

	err = pinless_idtable_add(&pdev->mrs, mr, &index, &round);
	if (err)
		return err == -ENOSPC ? -ENOMEM : err;
	mr->ibmr.lkey = index << KEY_TAG_BITS |
			((pdev->mr_tag + round) & ((1 << KEY_TAG_BITS) - 1));
	mr->ibmr.rkey = mr->ibmr.lkey;
	WRITE_ONCE(mr->key, mr->ibmr.lkey);
	return 0;
}

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
static int mr_init_odp(struct pinless_mr *mr, struct pinless_device *pdev)
{
	mr->mem.kind = PINLESS_MEM_MIRROR;
	/* An implicit region has the length U64_MAX, and a start of 0. */
	mr->mem.last = (mr->uva + mr->length - 1) >> PAGE_SHIFT;
	mr->mem.account = pinless_account_create(&pdev->port);
	if (IS_ERR(mr->mem.account))
		return PTR_ERR(mr->mem.account) == -ENOSPC ?
			       -ENOMEM :
			       PTR_ERR(mr->mem.account);
	mr->mem.mirror = pinless_mirror_get(current->mm);
	if (IS_ERR(mr->mem.mirror)) {
		pinless_account_destroy(mr->mem.account);
		return PTR_ERR(mr->mem.mirror);
	}
	return 0;
}

static int mr_init_pinned(struct pinless_mr *mr, struct pinless_device *pdev)
{
	mr->umem = pinless_pin(&pdev->ibdev, mr->uva, mr->length, mr->access,
			       &mr->pinned);
	if (IS_ERR(mr->umem))
		return PTR_ERR(mr->umem);
	mr->mem.kind = PINLESS_MEM_PINNED;
	mr->mem.pinned = &mr->pinned;
	return 0;
}

static void mr_release_memory(struct pinless_mr *mr)
{
	if (pinless_mr_odp(mr)) {
		pinless_account_destroy(mr->mem.account);
		pinless_mirror_put(mr->mem.mirror);
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
	mr->uva = start;
	mr->iova = iova;
	mr->length = length;
	mr->access = access;
	mr->implicit = implicit;
	refcount_set(&mr->refs, 1);
	init_completion(&mr->idle);

	if (access & IB_ACCESS_ON_DEMAND)
		err = mr_init_odp(mr, pdev);
	else
		err = mr_init_pinned(mr, pdev);
	if (err)
		goto err_free;
	err = mr_publish(pdev, mr);
	if (err)
		goto err_memory;
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
 * wait without bound: nobody keeps a region while waiting for a page that may
 * take any time.
 *
 * Context: process context, may sleep.
 * Return: 0.
 */
int pinless_dereg_mr(struct ib_mr *ibmr, struct ib_udata *udata)
{
	struct pinless_device *pdev = to_pdev(ibmr->device);
	struct pinless_mr *mr = to_pmr(ibmr);

	pinless_idtable_remove(&pdev->mrs, mr->key >> KEY_TAG_BITS);
	pinless_stamp_renew(&pdev->mr_stamp);
	pinless_mr_put(mr);
	wait_for_completion(&mr->idle);
	mr_release_memory(mr);
	pinless_quota_put(&pdev->objects, PINLESS_OBJ_MR);
	/* Those who found it before the erasure may still look at its count. */
	kfree_rcu(mr, rcu);
	return 0;
}

/* Finds a region that lives, without a reference; under RCU. */
static struct pinless_mr *mr_find(struct pinless_device *pdev, u32 key)
{
	struct pinless_mr *mr = pinless_idtable_find(&pdev->mrs,
						     key >> KEY_TAG_BITS);

	return mr && READ_ONCE(mr->key) == key ? mr : NULL;
}

/* The same, with a look at who it was last time. */
static struct pinless_mr *mr_find_hinted(struct pinless_device *pdev, u32 key,
					 struct pinless_key_hint *hint)
{
	struct pinless_mr *mr;
	u64 stamp;

	if (!hint)
		return mr_find(pdev, key);
	stamp = pinless_stamp_read(&pdev->mr_stamp);
	if (likely(hint->stamp == stamp && hint->key == key))
		return hint->mr;
	mr = mr_find(pdev, key);
	if (mr)
		*hint = (struct pinless_key_hint){ stamp, key, mr };
	return mr;
}

/**
 * pinless_mr_lookup() - the region of a key, whoever it belongs to
 * @pdev: the device
 * @key:  lkey or rkey
 *
 * Context: any; never sleeps. As for pinless_mr_get().
 * Return: the region, or NULL.
 */
struct pinless_mr *pinless_mr_lookup(struct pinless_device *pdev, u32 key)
{
	struct pinless_mr *mr;

	rcu_read_lock();
	mr = mr_find(pdev, key);
	if (mr && !refcount_inc_not_zero(&mr->refs))
		mr = NULL;
	rcu_read_unlock();
	return mr;
}

/**
 * pinless_mr_get() - find the region of a key and check an access
 * @pdev:   the device of the queue pair
 * @pd:     its protection domain
 * @key:    lkey or rkey
 * @iova:   first byte of the access
 * @len:    bytes, not 0
 * @access: rights needed: IB_ACCESS_*; 0 for local reading
 * @verr:   on failure, an enum pinless_vendor_err
 * @hint:   of the caller alone, zeroed at first; or NULL
 *
 * IBTA Vol. 1, 10.6.3 (keys) and 10.6.5 (what is checked).
 *
 * Context: any; never sleeps. The reference is dropped with pinless_mr_put()
 * before anything sleeps without bound: deregistration waits for it.
 * Return: the region, or NULL.
 */
struct pinless_mr *pinless_mr_get(struct pinless_device *pdev,
				  struct ib_pd *pd, u32 key, u64 iova, u64 len,
				  int access, u32 *verr,
				  struct pinless_key_hint *hint)
{
	struct pinless_mr *mr;

	/* A region does not change, so what is checked here stays true. */
	rcu_read_lock();
	mr = mr_find_hinted(pdev, key, hint);
	if (unlikely(!mr || mr->ibmr.pd != pd)) {
		*verr = PINLESS_VERR_KEY;
		goto err;
	}
	if (unlikely((mr->access & access) != access)) {
		*verr = PINLESS_VERR_ACCESS;
		goto err;
	}
	if (unlikely(!pinless_range_inside(iova, len, mr->iova, mr->length))) {
		*verr = PINLESS_VERR_RANGE;
		goto err;
	}
	if (unlikely(!refcount_inc_not_zero(&mr->refs))) {
		*verr = PINLESS_VERR_KEY;
		goto err;
	}
	rcu_read_unlock();
	return mr;
err:
	rcu_read_unlock();
	return NULL;
}
