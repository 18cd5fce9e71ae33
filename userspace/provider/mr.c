// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Copyright (c) 2026 The pinless authors */

#include <errno.h>
#include <stdlib.h>

#include "pinless.h"

/**
 * pinless_reg_mr() - register a memory region
 * @pd:     its protection domain
 * @addr:   start; NULL with @length SIZE_MAX and IBV_ACCESS_ON_DEMAND is the
 *          whole address space
 * @length: bytes
 * @iova:   address that the other side uses for @addr
 * @access: IBV_ACCESS_*
 *
 * Return: the region, or NULL with errno set.
 */
struct ibv_mr *pinless_reg_mr(struct ibv_pd *pd, void *addr, size_t length,
			      uint64_t iova, int access)
{
	struct ib_uverbs_reg_mr_resp resp = {};
	struct ibv_reg_mr cmd = {};
	struct verbs_mr *vmr;
	int ret;

	vmr = calloc(1, sizeof(*vmr));
	if (!vmr)
		return NULL;

	ret = ibv_cmd_reg_mr(pd, addr, length, iova, access, vmr, &cmd,
			     sizeof(cmd), &resp, sizeof(resp));
	if (ret) {
		free(vmr);
		errno = ret;
		return NULL;
	}
	return &vmr->ibv_mr;
}

/**
 * pinless_dereg_mr() - deregister a memory region
 * @vmr: the region
 *
 * Return: 0, or an errno value.
 */
int pinless_dereg_mr(struct verbs_mr *vmr)
{
	int ret = ibv_cmd_dereg_mr(vmr);

	if (!ret)
		free(vmr);
	return ret;
}
