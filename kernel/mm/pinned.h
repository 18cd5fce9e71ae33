/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef PINLESS_PINNED_H
#define PINLESS_PINNED_H

#include "mm/access.h"

struct ib_device;
struct ib_umem;

struct ib_umem *pinless_pin(struct ib_device *ibdev, u64 start, u64 length,
			    int access, struct pinless_pinned *pinned);
void pinless_unpin(struct ib_umem *umem, struct pinless_pinned *pinned);

#endif /* PINLESS_PINNED_H */
