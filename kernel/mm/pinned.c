// SPDX-License-Identifier: GPL-2.0
/* Copyright (c) 2026 The pinless authors */
#include <linux/mm.h>
#include <linux/sched.h>
#include <rdma/ib_umem.h>

#include "compat.h"
#include "base/alloc.h"
#include "base/range.h"
#include "mm/pinned.h"

/* The scatter list merges neighbours; a copy has to find page n at once. */
static int fill_pages(struct pinless_pinned *pinned, struct ib_umem *umem)
{
	struct sg_page_iter iter;
	u64 n = 0;

	for_each_sgtable_page(&umem->sgt_append.sgt, &iter, 0) {
		if (n == pinned->npages)
			return -EINVAL;
		pinned->pages[n++] = sg_page_iter_page(&iter);
		if (!(n & 0xffff))
			cond_resched();
	}
	return n == pinned->npages ? 0 : -EINVAL;
}

/**
 * pinless_pin() - pin memory of the calling process
 * @ibdev:  the device
 * @start:  user address of the first byte
 * @length: bytes, not 0; @start + @length does not wrap
 * @access: IB_ACCESS_*; determines whether the pages must be writable
 * @pinned: out: the pages
 *
 * The pages count against RLIMIT_MEMLOCK, the array against the memory cgroup.
 *
 * Context: process context, may sleep.
 * Return: what keeps the pages pinned, or ERR_PTR(): -ENOMEM, -EFAULT (not
 * mapped, or not writable), -EPERM (RLIMIT_MEMLOCK is 0).
 */
struct ib_umem *pinless_pin(struct ib_device *ibdev, u64 start, u64 length,
			    int access, struct pinless_pinned *pinned)
{
	struct ib_umem *umem;
	int err;

	umem = pinless_umem_get(ibdev, start, length, access);
	if (IS_ERR(umem))
		return umem;
	pinned->start = start - pinless_page_offset(start);
	pinned->npages = pinless_range_pages(start, length);
	pinned->pages = kvmalloc_array(pinned->npages, sizeof(*pinned->pages),
				       PINLESS_GFP_USER);
	if (!pinned->pages) {
		err = -ENOMEM;
		goto err_umem;
	}
	err = fill_pages(pinned, umem);
	if (err)
		goto err_pages;
	return umem;

err_pages:
	kvfree(pinned->pages);
err_umem:
	ib_umem_release(umem);
	return ERR_PTR(err);
}

/**
 * pinless_unpin() - undo pinless_pin()
 * @umem:   what it returned
 * @pinned: what it filled in
 *
 * Pages of a writable region are marked dirty.
 *
 * Context: process context, may sleep.
 */
void pinless_unpin(struct ib_umem *umem, struct pinless_pinned *pinned)
{
	kvfree(pinned->pages);
	ib_umem_release(umem);
}
