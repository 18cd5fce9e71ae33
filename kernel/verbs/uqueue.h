/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef PINLESS_UQUEUE_H
#define PINLESS_UQUEUE_H

#include <rdma/ib_verbs.h>

#include "uapi/pinless-abi.h"

/**
 * struct pinless_uqueue - pages of the kernel that a process has mapped
 * @entry:  gives the offset to mmap() by; holds a reference on the memory until
 *          the process has unmapped it
 * @va:     where the kernel sees them, contiguous
 * @bytes:  multiple of PAGE_SIZE
 * @npages: number of @pages
 * @pages:  zeroed at creation, charged to the memory cgroup of the process
 */
struct pinless_uqueue {
	struct rdma_user_mmap_entry entry;
	void *va;
	size_t bytes;
	unsigned int npages;
	struct page **pages;
};

/* Sleeps. ERR_PTR(-ENOMEM) and others; fills @map for the response. */
struct pinless_uqueue *pinless_uqueue_create(struct ib_ucontext *uctx,
					     size_t bytes,
					     struct pinless_map *map);
/* The process may keep its mapping; the kernel must not use the queue any more. */
void pinless_uqueue_destroy(struct pinless_uqueue *q);

int pinless_mmap(struct ib_ucontext *uctx, struct vm_area_struct *vma);
void pinless_mmap_free(struct rdma_user_mmap_entry *entry);

#endif /* PINLESS_UQUEUE_H */
