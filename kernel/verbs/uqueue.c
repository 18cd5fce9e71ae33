// SPDX-License-Identifier: GPL-2.0
/* Copyright (c) 2026 The pinless authors */

#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "compat.h"
#include "base/alloc.h"
#include "verbs/uqueue.h"

static struct pinless_uqueue *to_uqueue(struct rdma_user_mmap_entry *entry)
{
	return container_of(entry, struct pinless_uqueue, entry);
}

/* Pages that a process has mapped are freed when it unmaps them. */
static void free_uqueue(struct pinless_uqueue *q)
{
	unsigned int i;

	vunmap(q->va);
	for (i = 0; i < q->npages; i++)
		put_page(q->pages[i]);
	kvfree(q->pages);
	kfree(q);
}

static struct pinless_uqueue *alloc_uqueue(size_t bytes)
{
	unsigned int npages = PAGE_ALIGN(bytes) >> PAGE_SHIFT;
	struct pinless_uqueue *q;
	struct page *page;

	q = kzalloc(sizeof(*q), PINLESS_GFP_USER);
	if (!q)
		return NULL;
	q->pages = kvcalloc(npages, sizeof(*q->pages), PINLESS_GFP_USER);
	if (!q->pages)
		goto err_free;

	while (q->npages < npages) {
		page = alloc_page(PINLESS_GFP_USER | __GFP_ZERO);
		if (!page)
			goto err_free;
		q->pages[q->npages++] = page;
		cond_resched();
	}
	q->va = vmap(q->pages, npages, VM_MAP, PAGE_KERNEL);
	if (!q->va)
		goto err_free;
	q->bytes = (size_t)npages << PAGE_SHIFT;
	return q;

err_free:
	free_uqueue(q);
	return NULL;
}

/**
 * pinless_uqueue_create() - make memory for a queue that a process can map
 * @uctx:  the context of the process
 * @bytes: size wanted, not 0; rounded up to whole pages
 * @map:   filled with offset and length for mmap(), for the response
 *
 * Context: process context, may sleep.
 * Return: the queue, zeroed, or ERR_PTR(-ENOMEM).
 */
struct pinless_uqueue *pinless_uqueue_create(struct ib_ucontext *uctx,
					     size_t bytes,
					     struct pinless_map *map)
{
	struct pinless_uqueue *q = alloc_uqueue(bytes);
	int err;

	if (!q)
		return ERR_PTR(-ENOMEM);

	err = rdma_user_mmap_entry_insert(uctx, &q->entry, q->bytes);
	if (err) {
		free_uqueue(q);
		return ERR_PTR(err);
	}
	map->offset = rdma_user_mmap_get_offset(&q->entry);
	map->length = q->bytes;
	return q;
}

/**
 * pinless_uqueue_destroy() - give up a queue
 * @q: the queue; the kernel must not use it any more
 *
 * No mapping can begin after this. One that is being made keeps @q by its
 * reference on the entry until it has taken its references on the pages, and
 * one that is there keeps the pages: a process that reads a queue after its end
 * reads what stood there last.
 *
 * Context: process context, may sleep.
 */
void pinless_uqueue_destroy(struct pinless_uqueue *q)
{
	rdma_user_mmap_entry_remove(&q->entry);
}

/**
 * pinless_mmap_free() - op mmap_free: the last reference to a queue is gone
 * @entry: of the queue
 *
 * Context: process context, may sleep.
 */
void pinless_mmap_free(struct rdma_user_mmap_entry *entry)
{
	free_uqueue(to_uqueue(entry));
}

/**
 * pinless_mmap() - op mmap: map a queue into a process
 * @uctx: the context that the queue belongs to
 * @vma:  shared; its offset names the queue, its length is that of the queue
 *
 * All pages are put in at once, so the fault handler that the core has set is
 * not needed; and as no op of this module stands in the VMA, the mapping may
 * outlive the module. A child keeps the mapping over fork(), as with the other
 * software devices.
 *
 * Context: process context, mmap_lock held for writing.
 * Return: 0, -EINVAL for an offset, a length or a mapping that do not fit.
 */
int pinless_mmap(struct ib_ucontext *uctx, struct vm_area_struct *vma)
{
	struct rdma_user_mmap_entry *entry;
	struct pinless_uqueue *q;
	unsigned long left;
	int err;

	entry = rdma_user_mmap_entry_get(uctx, vma);
	if (!entry)
		return -EINVAL;

	q = to_uqueue(entry);
	pinless_vm_flags_set(vma, VM_DONTEXPAND | VM_DONTDUMP);
	left = q->npages;
	err = vm_insert_pages(vma, vma->vm_start, q->pages, &left);
	rdma_user_mmap_entry_put(entry);
	return err;
}
