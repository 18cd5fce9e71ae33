// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Copyright (c) 2026 The pinless authors */

#include <errno.h>
#include <stdlib.h>

#include "pinless.h"

/**
 * pinless_alloc_pd() - make a protection domain
 * @context: the open device
 *
 * Return: the domain, or NULL with errno set.
 */
struct ibv_pd *pinless_alloc_pd(struct ibv_context *context)
{
	struct ib_uverbs_alloc_pd_resp resp = {};
	struct ibv_alloc_pd cmd = {};
	struct pinless_pd *pd;
	int ret;

	pd = calloc(1, sizeof(*pd));
	if (!pd)
		return NULL;

	ret = ibv_cmd_alloc_pd(context, &pd->pd, &cmd, sizeof(cmd), &resp,
			       sizeof(resp));
	if (ret) {
		free(pd);
		errno = ret;
		return NULL;
	}
	return &pd->pd;
}

/**
 * pinless_dealloc_pd() - free a protection domain or a parent domain
 * @ibpd: the domain
 *
 * Return: 0, or an errno value: EBUSY while a parent domain refers to it.
 */
int pinless_dealloc_pd(struct ibv_pd *ibpd)
{
	struct pinless_pd *pd = to_ppd(ibpd);
	int ret;

	if (atomic_load(&pd->refcnt))
		return EBUSY;

	if (pd->parent) {
		atomic_fetch_sub(&pd->parent->refcnt, 1);
		if (pd->td)
			atomic_fetch_sub(&pd->td->refcnt, 1);
	} else {
		ret = ibv_cmd_dealloc_pd(ibpd);
		if (ret)
			return ret;
	}
	free(pd);
	return 0;
}

/**
 * pinless_alloc_td() - make a thread domain
 * @context: the open device
 * @attr:    nothing in it is defined yet
 *
 * Return: the domain, or NULL with errno set.
 */
struct ibv_td *pinless_alloc_td(struct ibv_context *context,
				struct ibv_td_init_attr *attr)
{
	struct pinless_td *td;

	if (attr->comp_mask) {
		errno = EOPNOTSUPP;
		return NULL;
	}

	td = calloc(1, sizeof(*td));
	if (!td)
		return NULL;

	td->td.context = context;
	return &td->td;
}

/**
 * pinless_dealloc_td() - free a thread domain
 * @ibtd: the domain
 *
 * Return: 0, or EBUSY while a parent domain refers to it.
 */
int pinless_dealloc_td(struct ibv_td *ibtd)
{
	struct pinless_td *td = container_of(ibtd, struct pinless_td, td);

	if (atomic_load(&td->refcnt))
		return EBUSY;
	free(td);
	return 0;
}

/**
 * pinless_alloc_parent_domain() - make a parent domain
 * @context: the open device
 * @attr:    the protection domain, an optional thread domain; allocators are
 *           accepted but never called, as queues are kernel memory
 *
 * Queues that are made in a parent domain with a thread domain take no locks.
 *
 * Return: the domain, or NULL with errno set.
 */
struct ibv_pd *
pinless_alloc_parent_domain(struct ibv_context *context,
			    struct ibv_parent_domain_init_attr *attr)
{
	struct pinless_pd *parent, *pd;

	if (ibv_check_alloc_parent_domain(attr))
		return NULL;
	if (!check_comp_mask(attr->comp_mask,
			     IBV_PARENT_DOMAIN_INIT_ATTR_ALLOCATORS |
			     IBV_PARENT_DOMAIN_INIT_ATTR_PD_CONTEXT)) {
		errno = EOPNOTSUPP;
		return NULL;
	}

	parent = to_ppd(attr->pd);
	if (parent->parent) {
		errno = EINVAL;
		return NULL;
	}

	pd = calloc(1, sizeof(*pd));
	if (!pd)
		return NULL;

	pd->parent = parent;
	atomic_fetch_add(&parent->refcnt, 1);
	if (attr->td) {
		pd->td = container_of(attr->td, struct pinless_td, td);
		atomic_fetch_add(&pd->td->refcnt, 1);
	}
	ibv_initialize_parent_domain(&pd->pd, attr->pd);
	return &pd->pd;
}
