/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef PINLESS_PORT_H
#define PINLESS_PORT_H

#include "obs/hist.h"
#include "obs/stats.h"

/**
 * struct pinless_port - what a device counts and measures
 * @counters: per-CPU port counters
 * @hist:     histograms in debugfs
 * @index:    the number that "rdma dev" shows
 *
 * Embedded in the device, so that code which only counts need not know one.
 */
struct pinless_port {
	struct pinless_counters counters;
	struct pinless_hist hist;
	u32 index;
};

#endif /* PINLESS_PORT_H */
