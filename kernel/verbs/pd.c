// SPDX-License-Identifier: GPL-2.0
/* Copyright (c) 2026 The pinless authors */

#include "limits.h"
#include "verbs/device.h"
#include "verbs/pd.h"

/**
 * pinless_alloc_pd() - op alloc_pd
 * @ibpd:  zeroed by the core
 * @udata: no input and no response
 *
 * Context: process context.
 * Return: 0, or -ENOMEM when there are as many as may be.
 */
int pinless_alloc_pd(struct ib_pd *ibpd, struct ib_udata *udata)
{
	struct pinless_device *pdev = to_pdev(ibpd->device);

	return pinless_quota_get(&pdev->objects, PINLESS_OBJ_PD) ? 0 : -ENOMEM;
}

/**
 * pinless_dealloc_pd() - op dealloc_pd
 * @ibpd:  nothing refers to it any more: the core has counted
 * @udata: unused
 *
 * Context: process context.
 * Return: 0.
 */
int pinless_dealloc_pd(struct ib_pd *ibpd, struct ib_udata *udata)
{
	pinless_quota_put(&to_pdev(ibpd->device)->objects, PINLESS_OBJ_PD);
	return 0;
}
