/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef PINLESS_QUOTA_H
#define PINLESS_QUOTA_H

#include <linux/atomic.h>
#include <linux/compiler.h>
#include <linux/types.h>

/*
 * Objects that are counted for each device. How many of them a machine has room
 * for is the administrator's decision: a module parameter for each kind,
 * writable at any time, lowers its limit from that of limits.h. Existing
 * objects stay if the limit falls below their number.
 */
enum pinless_obj {
	PINLESS_OBJ_CTX,
	PINLESS_OBJ_PD,
	PINLESS_OBJ_QP,
	PINLESS_OBJ_CQ,
	PINLESS_OBJ_MR,
	PINLESS_OBJS,
};

/**
 * struct pinless_limit - how many objects of a kind a device may have
 * @now: the limit in force, 1 .. @max; written by the module parameter
 * @max: PINLESS_MAX_*
 */
struct pinless_limit {
	unsigned int now;
	unsigned int max;
};

extern struct pinless_limit pinless_limits[PINLESS_OBJS];

/* Context: any. */
static inline unsigned int pinless_limit(enum pinless_obj obj)
{
	return READ_ONCE(pinless_limits[obj].now);
}

/**
 * struct pinless_quota - how many objects a device has
 * @num: of each kind
 */
struct pinless_quota {
	atomic_t num[PINLESS_OBJS];
};

bool pinless_quota_get(struct pinless_quota *objs, enum pinless_obj obj);

/**
 * pinless_quota_put() - an object is gone, or could not be created
 * @objs: of the device
 * @obj:  which kind
 *
 * Context: any.
 */
static inline void pinless_quota_put(struct pinless_quota *objs,
				     enum pinless_obj obj)
{
	atomic_dec(&objs->num[obj]);
}

#endif /* PINLESS_QUOTA_H */
