/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef PINLESS_PD_H
#define PINLESS_PD_H

#include <rdma/ib_verbs.h>

/**
 * struct pinless_pd - a protection domain
 * @ibpd: the core's part; regions and queue pairs compare its address
 */
struct pinless_pd {
	struct ib_pd ibpd;
};

int pinless_alloc_pd(struct ib_pd *ibpd, struct ib_udata *udata);
int pinless_dealloc_pd(struct ib_pd *ibpd, struct ib_udata *udata);

#endif /* PINLESS_PD_H */
