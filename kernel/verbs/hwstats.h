/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef PINLESS_HWSTATS_H
#define PINLESS_HWSTATS_H

#include <rdma/ib_verbs.h>

struct rdma_hw_stats *pinless_alloc_hw_port_stats(struct ib_device *ibdev,
						  u32 port);
int pinless_get_hw_stats(struct ib_device *ibdev, struct rdma_hw_stats *stats,
			 u32 port, int index);

#endif /* PINLESS_HWSTATS_H */
