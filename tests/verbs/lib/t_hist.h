/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright (c) 2026 The pinless authors
 *
 * The histograms of a pinless device in debugfs (docs/measuring.md).
 */
#ifndef T_HIST_H
#define T_HIST_H

#include <stdio.h>

#define T_HIST_ROOT	"/sys/kernel/debug/pinless"

/** t_hist_dir - the folder of a device; ends the program when the device has no number */
void t_hist_dir(const char *dev, char *dir, size_t len);

/** t_hist_switch - switch the histograms of a device on or off */
void t_hist_switch(const char *dir, int on);

/**
 * t_hist_sum - how many values a histogram has from @from up to @to
 *
 * Checks as well that each bucket is a power of two, and that they are in order.
 */
unsigned long long t_hist_sum(const char *dir, const char *name, unsigned long long from,
			      unsigned long long to);

#endif
