// SPDX-License-Identifier: GPL-2.0
/* Copyright (c) 2026 The pinless authors */

#include "exec/sgl.h"

static const struct pinless_mem kernel_mem = { .kind = PINLESS_MEM_KERNEL };

/**
 * pinless_sgl_init() - begin a walk
 * @sgl:    what to set up
 * @sge:    elements; they stay where they are until the walk is over
 * @num:    how many
 * @access: rights that each region must give
 * @hints:  of the queue pair; NULL only for memory of the kernel
 *
 * Context: any.
 */
void pinless_sgl_init(struct pinless_sgl *sgl, const struct pinless_sge *sge,
		      u32 num, int access, struct pinless_hints *hints)
{
	*sgl = (struct pinless_sgl){
		.sge = sge,
		.num = num,
		.access = access,
		.hints = hints,
	};
}

/**
 * pinless_sgl_init_kernel() - begin a walk along memory of the kernel
 * @sgl: what to set up
 * @sge: one element: address and length
 *
 * Context: any.
 */
void pinless_sgl_init_kernel(struct pinless_sgl *sgl,
			     const struct pinless_sge *sge)
{
	pinless_sgl_init(sgl, sge, 1, 0, NULL);
	sgl->kernel = true;
}

/**
 * pinless_sgl_check() - whether the regions of all elements allow the walk
 * @sgl:    the walk, at its beginning
 * @domain: whose keys these are
 * @verr:   out, on failure: enum pinless_vendor_err
 *
 * A requester finds out about its own buffers before it says anything to the
 * responder. A region may go before the walk comes to it, and is found missing
 * then.
 *
 * Context: any; never sleeps. The region of the first element stays held.
 * Return: false when a region refuses.
 */
bool pinless_sgl_check(struct pinless_sgl *sgl,
		       const struct pinless_domain *domain, u32 *verr)
{
	struct pinless_window *w;
	u32 i;

	if (!pinless_sgl_place(sgl, domain, verr))
		return false;
	for (i = sgl->i + 1; i < sgl->num; i++) {
		if (!sgl->sge[i].length)
			continue;
		w = pinless_window_get(domain, &sgl->sge[i], sgl->access, verr,
				       NULL);
		if (!w)
			return false;
		pinless_window_put(w);
	}
	return true;
}

/**
 * pinless_sgl_enter() - go to the next byte, whatever element it is in
 * @sgl:    the walk
 * @domain: whose keys these are
 * @verr:   out, on failure: enum pinless_vendor_err
 *
 * Elements of no length are passed over without a look at their keys (IBTA
 * 10.6.3.1). The whole of an element is checked when the walk enters it.
 *
 * Context: any; never sleeps.
 * Return: false when a region refuses. At the end of the list @left is 0.
 */
bool pinless_sgl_enter(struct pinless_sgl *sgl,
		       const struct pinless_domain *domain, u32 *verr)
{
	const struct pinless_sge *sge = &sgl->sge[sgl->i];

	pinless_sgl_release(sgl);
	for (; sgl->i < sgl->num && sgl->offset == sge->length; sge++) {
		sgl->i++;
		sgl->offset = 0;
	}
	if (sgl->i == sgl->num)
		return true;

	if (sgl->kernel) {
		sgl->place.mem = &kernel_mem;
		sgl->place.addr = sge->addr;
	} else {
		sgl->window = pinless_window_get(domain, sge, sgl->access, verr,
						 &sgl->hints->key);
		if (!sgl->window)
			return false;
		sgl->place.mem = &sgl->window->mem;
		sgl->place.hints = sgl->hints->stream.hints;
		sgl->place.addr = pinless_window_uva(sgl->window, sge->addr);
	}
	sgl->place.addr += sgl->offset;
	sgl->left = sge->length - sgl->offset;
	return true;
}
