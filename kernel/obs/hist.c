// SPDX-License-Identifier: GPL-2.0
/* Copyright (c) 2026 The pinless authors */

/*
 * Histograms in debugfs: /sys/kernel/debug/pinless/INDEX, where INDEX is the
 * number that "rdma dev" shows, which a device keeps when it is renamed. There
 * is a file for each of PINLESS_HISTOGRAMS, and the switch "enabled".
 */
#include <linux/bitops.h>
#include <linux/debugfs.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/seq_file.h>

#include "obs/hist.h"

/* Devices whose histograms are on; written under hist_mutex, read without. */
unsigned int pinless_hist_devices;
static DEFINE_MUTEX(hist_mutex);
static struct dentry *root;

#define X(member, name, text) name,
static const char *const names[PINLESS_HIST_COUNT] = {
	PINLESS_HISTOGRAMS(X)
};

#undef X

/**
 * pinless_hist_add() - add a value to a histogram, if it is on
 * @h:     of a device that cannot go meanwhile
 * @kind:  which histogram
 * @value: nanoseconds, or pages
 *
 * Context: any; never sleeps.
 */
void pinless_hist_add(struct pinless_hist *h, enum pinless_hist_kind kind,
		      u64 value)
{
	int bucket = min(fls64(value), PINLESS_HIST_BUCKETS - 1);

	if (READ_ONCE(h->on))
		atomic64_inc(&h->n[kind][bucket]);
}

static int histogram_show(struct seq_file *s, void *unused)
{
	const atomic64_t *n = s->private;
	int b;

	for (b = 0; b < PINLESS_HIST_BUCKETS; b++) {
		u64 from = b ? 1ull << (b - 1) : 0;
		u64 to = b == PINLESS_HIST_BUCKETS - 1 ? U64_MAX :
							 (1ull << b) - 1;
		s64 count = atomic64_read(&n[b]);

		if (count)
			seq_printf(s, "%llu %llu %lld\n", from, to, count);
	}
	return 0;
}

DEFINE_SHOW_ATTRIBUTE(histogram);

static void clear(struct pinless_hist *h)
{
	int i, b;

	for (i = 0; i < PINLESS_HIST_COUNT; i++)
		for (b = 0; b < PINLESS_HIST_BUCKETS; b++)
			atomic64_set(&h->n[i][b], 0);
}

static int enabled_get(void *data, u64 *value)
{
	const struct pinless_hist *h = data;

	*value = READ_ONCE(h->on);
	return 0;
}

/* Cleared when they are switched on; still readable when they are off. */
static int enabled_set(void *data, u64 value)
{
	struct pinless_hist *h = data;
	bool on = value;

	if (value > 1)
		return -EINVAL;
	mutex_lock(&hist_mutex);
	if (on != h->on) {
		if (on)
			clear(h);
		WRITE_ONCE(h->on, on);
		WRITE_ONCE(pinless_hist_devices,
			   pinless_hist_devices + (on ? 1 : -1));
	}
	mutex_unlock(&hist_mutex);
	return 0;
}

DEFINE_DEBUGFS_ATTRIBUTE(enabled_fops, enabled_get, enabled_set, "%llu\n");

/**
 * pinless_hist_create() - create the files of a device
 * @h:     of the device; if the files exist already, nothing is done
 * @index: number of the device
 *
 * Without debugfs there is no switch, so nothing is ever added.
 *
 * Context: process context, may sleep; one call at a time for a device.
 */
void pinless_hist_create(struct pinless_hist *h, u32 index)
{
	char name[16];
	int i;

	if (h->dir)
		return;
	snprintf(name, sizeof(name), "%u", index);
	h->dir = debugfs_create_dir(name, root);
	for (i = 0; i < PINLESS_HIST_COUNT; i++)
		debugfs_create_file(names[i], 0400, h->dir, h->n[i],
				    &histogram_fops);
	debugfs_create_file_unsafe("enabled", 0600, h->dir, h, &enabled_fops);
}

/**
 * pinless_hist_remove() - remove the files of a device
 * @h: of the device; pinless_hist_create() may not have been called
 *
 * debugfs_remove() waits for running reads and writes; later ones, through
 * files that are still open, fail.
 *
 * Context: process context, may sleep; the caller holds no lock that is taken
 * inside of hist_mutex.
 */
void pinless_hist_remove(struct pinless_hist *h)
{
	debugfs_remove(h->dir);
	enabled_set(h, false);
}

/**
 * pinless_hist_init() - create the directory of all devices
 *
 * Context: process context, may sleep; at the start of the module.
 */
void pinless_hist_init(void)
{
	root = debugfs_create_dir("pinless", NULL);
}

/**
 * pinless_hist_exit() - remove the directory of all devices
 *
 * Context: process context, may sleep; at the end of the module, when all
 * devices are gone.
 */
void pinless_hist_exit(void)
{
	debugfs_remove(root);
}
