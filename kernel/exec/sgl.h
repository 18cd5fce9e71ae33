/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef PINLESS_SGL_H
#define PINLESS_SGL_H

#include <linux/types.h>
#include <rdma/ib_verbs.h>

#include "uapi/pinless-abi.h"
#include "mm/access.h"
#include "mm/mirror.h"
#include "exec/window.h"

/* Where a walk was last; of one queue pair, for one kind of buffer. */
struct pinless_hints {
	struct pinless_key_hint key;
	struct pinless_stream stream;
};

/**
 * struct pinless_sgl - a walk along scatter/gather elements
 * @sge:    the elements, in memory of the kernel; a remote buffer is one element
 *          with the remote key
 * @num:    how many
 * @i:      the current one
 * @offset: bytes of it that are done
 * @access: rights needed: IB_ACCESS_*, 0 for local reading
 * @left:   bytes of it that are left from @place on; 0 when it has to be entered
 *          first, or at the end of the list
 * @place:  where the walk is
 * @window: of the current element, held, or NULL
 * @hints:  of the queue pair; NULL only for memory of the kernel
 * @kernel: the elements name memory of the kernel: no key, no region
 */
struct pinless_sgl {
	const struct pinless_sge *sge;
	u32 num;
	u32 i;
	u32 offset;
	int access;
	u64 left;
	struct pinless_place place;
	struct pinless_window *window;
	struct pinless_hints *hints;
	bool kernel;
};

void pinless_sgl_init(struct pinless_sgl *sgl, const struct pinless_sge *sge,
		      u32 num, int access, struct pinless_hints *hints);
void pinless_sgl_init_kernel(struct pinless_sgl *sgl,
			     const struct pinless_sge *sge);
bool pinless_sgl_check(struct pinless_sgl *sgl,
		       const struct pinless_domain *domain, u32 *verr);
bool pinless_sgl_enter(struct pinless_sgl *sgl,
		       const struct pinless_domain *domain, u32 *verr);

/**
 * pinless_sgl_place() - see to it that @place and @left count
 * @sgl:    the walk
 * @domain: whose keys these are
 * @verr:   out, on failure: enum pinless_vendor_err
 *
 * Context: any; never sleeps. On success the region stays held until the walk
 * leaves the element, or pinless_sgl_release().
 * Return: false when a region refuses.
 */
static inline bool pinless_sgl_place(struct pinless_sgl *sgl,
				     const struct pinless_domain *domain,
				     u32 *verr)
{
	return likely(sgl->left) || pinless_sgl_enter(sgl, domain, verr);
}

/**
 * pinless_sgl_advance() - go on
 * @sgl: the walk
 * @n:   bytes, at most @left
 *
 * Context: any.
 */
static inline void pinless_sgl_advance(struct pinless_sgl *sgl, u64 n)
{
	sgl->offset += n;
	sgl->place.addr += n;
	sgl->left -= n;
}

/**
 * pinless_sgl_release() - let go of the region, and keep the position
 * @sgl: the walk; it may go on, and looks the region up again then
 *
 * Called before anything that may take long: deregistration waits until the
 * window is not held any more.
 *
 * Context: any.
 */
static inline void pinless_sgl_release(struct pinless_sgl *sgl)
{
	if (!sgl->window)
		return;
	pinless_window_put(sgl->window);
	sgl->window = NULL;
	sgl->left = 0;
}

#endif /* PINLESS_SGL_H */
