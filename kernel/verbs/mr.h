/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef PINLESS_MR_H
#define PINLESS_MR_H

#include <linux/rcupdate.h>
#include <rdma/ib_verbs.h>

#include "exec/window.h"
#include "mm/access.h"

/**
 * struct pinless_mr - a memory region
 * @ibmr:     the core's part
 * @window:   what its key gives access to
 * @pinned:   the pages of a pinned region
 * @umem:     what keeps them pinned
 * @implicit: an implicit ODP region
 * @rcu:      frees it
 */
struct pinless_mr {
	struct ib_mr ibmr;
	struct pinless_window window;
	struct pinless_pinned pinned;
	struct ib_umem *umem;
	bool implicit;
	struct rcu_head rcu;
};

static inline struct pinless_mr *to_pmr(struct ib_mr *ibmr)
{
	return container_of(ibmr, struct pinless_mr, ibmr);
}

struct ib_mr *pinless_reg_user_mr(struct ib_pd *pd, u64 start, u64 length,
				  u64 iova, int access, struct ib_udata *udata);
int pinless_dereg_mr(struct ib_mr *ibmr, struct ib_udata *udata);

#endif /* PINLESS_MR_H */
