// SPDX-License-Identifier: GPL-2.0
/* Copyright (c) 2026 The pinless authors */

#include <rdma/ib_verbs.h>
#include <rdma/uverbs_ioctl.h>

#include "uapi/pinless-abi.h"
#include "verbs/doorbell.h"
#include "verbs/qp.h"

#define UVERBS_MODULE_NAME pinless
#include <rdma/uverbs_named_ioctl.h>

/*
 * The core holds its SRCU lock around this, which device removal waits for, so
 * the context stays; objects of the process may go at any time, and
 * pinless_qp_ring() sees to that.
 */
static int UVERBS_HANDLER(PINLESS_METHOD_RING)(struct uverbs_attr_bundle *attrs)
{
	struct ib_ucontext *uctx = ib_uverbs_get_ucontext(attrs);
	u64 word;
	int err;

	if (IS_ERR(uctx))
		return PTR_ERR(uctx);
	err = uverbs_copy_from(&word, attrs, PINLESS_ATTR_RING_WORD);
	if (err)
		return err;
	return pinless_qp_ring(uctx, word);
}

DECLARE_UVERBS_NAMED_METHOD(PINLESS_METHOD_RING,
			    UVERBS_ATTR_PTR_IN(PINLESS_ATTR_RING_WORD,
					       UVERBS_ATTR_TYPE(u64),
					       UA_MANDATORY));

DECLARE_UVERBS_GLOBAL_METHODS(PINLESS_OBJECT_QUEUE,
			      &UVERBS_METHOD(PINLESS_METHOD_RING));

const struct uapi_definition pinless_doorbell_defs[] = {
	UAPI_DEF_CHAIN_OBJ_TREE_NAMED(PINLESS_OBJECT_QUEUE),
	{},
};
