// SPDX-License-Identifier: GPL-2.0
/* Copyright (c) 2026 The pinless authors */

#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/moduleparam.h>

#include "limits.h"
#include "base/quota.h"

#define LIMIT(_max) { .now = (_max), .max = (_max) }

struct pinless_limit pinless_limits[PINLESS_OBJS] = {
	[PINLESS_OBJ_CTX] = LIMIT(PINLESS_MAX_CTX),
	[PINLESS_OBJ_PD] = LIMIT(PINLESS_MAX_PD),
	[PINLESS_OBJ_QP] = LIMIT(PINLESS_MAX_QP),
	[PINLESS_OBJ_CQ] = LIMIT(PINLESS_MAX_CQ),
	[PINLESS_OBJ_MR] = LIMIT(PINLESS_MAX_MR),
};

static int limit_set(const char *val, const struct kernel_param *kp)
{
	struct pinless_limit *limit = kp->arg;
	unsigned int n;
	int err;

	err = kstrtouint(val, 0, &n);
	if (err || !n || n > limit->max) {
		pr_err("pinless: %s must be a number from 1 to %u\n", kp->name,
		       limit->max);
		return err ? err : -EINVAL;
	}
	WRITE_ONCE(limit->now, n);
	return 0;
}

static int limit_get(char *buffer, const struct kernel_param *kp)
{
	const struct pinless_limit *limit = kp->arg;

	return scnprintf(buffer, PAGE_SIZE, "%u\n", READ_ONCE(limit->now));
}

static const struct kernel_param_ops limit_ops = {
	.set = limit_set,
	.get = limit_get,
};

#define LIMIT_PARAM(_name, _obj, _what) \
	module_param_cb(_name, &limit_ops, &pinless_limits[_obj], 0644); \
	MODULE_PARM_DESC(_name, _what " of a device, at most")

LIMIT_PARAM(max_ctx, PINLESS_OBJ_CTX, "open contexts");
LIMIT_PARAM(max_pd, PINLESS_OBJ_PD, "protection domains");
LIMIT_PARAM(max_qp, PINLESS_OBJ_QP, "queue pairs");
LIMIT_PARAM(max_cq, PINLESS_OBJ_CQ, "completion queues");
LIMIT_PARAM(max_mr, PINLESS_OBJ_MR, "memory regions");

/**
 * pinless_quota_get() - count one more object against its limit
 * @objs: of the device
 * @obj:  which kind
 *
 * Undone by pinless_quota_put().
 *
 * Context: any.
 * Return: true, or false, with nothing counted, if the limit is reached.
 */
bool pinless_quota_get(struct pinless_quota *objs, enum pinless_obj obj)
{
	int n = atomic_read(&objs->num[obj]);

	do {
		/* Above the limit, if that has been lowered since. */
		if (n >= pinless_limit(obj))
			return false;
	} while (!atomic_try_cmpxchg(&objs->num[obj], &n, n + 1));
	return true;
}
