/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef PINLESS_HIST_H
#define PINLESS_HIST_H

#include <linux/atomic.h>
#include <linux/compiler.h>
#include <linux/types.h>

#include "obs/counters.h"

#define X(member, name, text) PINLESS_HIST_##member,
enum pinless_hist_kind {
	PINLESS_HISTOGRAMS(X)
	PINLESS_HIST_COUNT
};

#undef X

/* One for 0, then one for each power of two; the last takes the rest. */
#define PINLESS_HIST_BUCKETS	42

struct dentry;

/**
 * struct pinless_hist - the histograms of one device
 * @on:  whether values are added; written under hist_mutex, read without
 * @dir: /sys/kernel/debug/pinless/INDEX, or NULL
 * @n:   how many values fell into each bucket: b > 0 is 2^(b - 1) .. 2^b - 1
 */
struct pinless_hist {
	bool on;
	struct dentry *dir;
	atomic64_t n[PINLESS_HIST_COUNT][PINLESS_HIST_BUCKETS];
};

extern unsigned int pinless_hist_devices;

/**
 * pinless_hist_wanted() - whether the histograms of any device are on
 *
 * A plain load and no static key: switching must not patch code under running
 * CPUs.
 *
 * Context: any.
 */
static inline bool pinless_hist_wanted(void)
{
	return unlikely(READ_ONCE(pinless_hist_devices));
}

void pinless_hist_add(struct pinless_hist *h, enum pinless_hist_kind kind,
		      u64 value);
void pinless_hist_create(struct pinless_hist *h, u32 index);
void pinless_hist_remove(struct pinless_hist *h);
void pinless_hist_init(void);
void pinless_hist_exit(void);

#endif /* PINLESS_HIST_H */
