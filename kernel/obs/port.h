/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef PINLESS_PORT_H
#define PINLESS_PORT_H

#include "obs/hist.h"
#include "obs/stats.h"

/**
 * struct pinless_port - what is observed of one device
 * @index:    the number that "rdma dev" shows
 * @counters: per-CPU port counters; not at the beginning, so that the compiler
 *            knows that a device's are no NULL (pinless_count())
 * @hist:     histograms in debugfs
 */
struct pinless_port {
	u32 index;
	struct pinless_counters counters;
	struct pinless_hist hist;
};

#endif /* PINLESS_PORT_H */
