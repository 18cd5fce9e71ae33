/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef PINLESS_ADVISE_H
#define PINLESS_ADVISE_H

#include <rdma/ib_verbs.h>

int pinless_advise_mr(struct ib_pd *pd, enum ib_uverbs_advise_mr_advice advice,
		      u32 flags, struct ib_sge *sg_list, u32 num_sge,
		      struct uverbs_attr_bundle *attrs);

#endif /* PINLESS_ADVISE_H */
