/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef PINLESS_DOORBELL_H
#define PINLESS_DOORBELL_H

#include <rdma/uverbs_ioctl.h>

/* The driver's own methods of the uverbs ioctl: PINLESS_METHOD_RING. */
extern const struct uapi_definition pinless_doorbell_defs[];

#endif /* PINLESS_DOORBELL_H */
