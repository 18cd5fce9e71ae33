/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef PINLESS_SGL_H
#define PINLESS_SGL_H

#include <linux/types.h>
#include <rdma/ib_verbs.h>

#include "access.h"
#include "mirror.h"
#include "mr.h"
#include "uapi/pinless-abi.h"

struct pinless_device;

/* Where a walk was last; of one queue pair, for one kind of buffer. */
struct pinless_hints {
	struct pinless_key_hint key;
	struct pinless_leaf_hint leaf;
};

/**
 * struct pinless_sgl - a walk along scatter/gather elements
 * @sge:    the elements, in memory of the kernel; a remote buffer is one element
 *          with the remote key
 * @num:    how many
 * @i:      the current one
 * @offset: bytes of it that are done
 * @access: rights needed: IB_ACCESS_*, 0 for local reading
 * @mr:     region of the current element, held, or NULL
 * @hints:  of the queue pair; NULL only for memory of the kernel
 * @kernel: the elements name memory of the kernel: no key, no region
 */
struct pinless_sgl {
	const struct pinless_sge *sge;
	u32 num;
	u32 i;
	u32 offset;
	int access;
	struct pinless_mr *mr;
	struct pinless_hints *hints;
	bool kernel;
};

void pinless_sgl_init(struct pinless_sgl *sgl, const struct pinless_sge *sge,
		      u32 num, int access, struct pinless_hints *hints);
void pinless_sgl_init_kernel(struct pinless_sgl *sgl,
			     const struct pinless_sge *sge);
bool pinless_sgl_check(struct pinless_sgl *sgl, struct pinless_device *pdev,
		       struct ib_pd *pd, u32 *verr);
bool pinless_sgl_place(struct pinless_sgl *sgl, struct pinless_device *pdev,
		       struct ib_pd *pd, struct pinless_place *place,
		       u64 *len, u32 *verr);
void pinless_sgl_advance(struct pinless_sgl *sgl, u64 n);
void pinless_sgl_release(struct pinless_sgl *sgl);

/* Bytes of all elements. */
static inline u64 pinless_sge_total(const struct pinless_sge *sge, u32 num)
{
	u64 total = 0;
	u32 i;

	for (i = 0; i < num; i++)
		total += sge[i].length;
	return total;
}

#endif /* PINLESS_SGL_H */
