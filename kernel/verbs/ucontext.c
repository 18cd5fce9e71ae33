// SPDX-License-Identifier: GPL-2.0
/* Copyright (c) 2026 The pinless authors */

#include <linux/sched/task.h>

#include "limits.h"
#include "uapi/pinless-abi.h"
#include "verbs/device.h"
#include "verbs/ucontext.h"

/**
 * pinless_respond() - answer a command of the provider
 * @udata: of the command
 * @resp:  a response of uapi/pinless-abi.h
 * @size:  of it, bytes
 *
 * A response cut short would leave the provider without the offsets of its
 * queues, so it is an error: it means that provider and driver do not fit.
 *
 * Context: process context, may fault.
 * Return: 0, -EINVAL when the provider has left too little room, -EFAULT.
 */
int pinless_respond(struct ib_udata *udata, const void *resp, size_t size)
{
	if (udata->outlen < size)
		return -EINVAL;
	return ib_copy_to_udata(udata, (void *)resp, size);
}

/*
 * The core has taken the task of a context before it asks for the context. The
 * ioctl that opens one frees it after a refusal without giving the task back
 * (UVERBS_METHOD_GET_CONTEXT, 6.1 to 7.3), so that every refusal by the driver
 * would cost a task_struct. Where the core does give it back, it finds none. What
 * the core itself refuses never comes here.
 */
static void forget_task(struct ib_ucontext *ibuctx)
{
	struct task_struct *task = ibuctx->res.task;

	ibuctx->res.task = NULL;
	if (task)
		put_task_struct(task);
}

/**
 * pinless_alloc_ucontext() - op alloc_ucontext
 * @ibuctx: zeroed by the core
 * @udata:  response: struct pinless_uresp_alloc_ucontext
 *
 * Context: process context.
 * Return: 0, -ENOMEM when there are as many as may be, or another
 * negative errno.
 */
int pinless_alloc_ucontext(struct ib_ucontext *ibuctx, struct ib_udata *udata)
{
	struct pinless_device *pdev = to_pdev(ibuctx->device);
	struct pinless_uresp_alloc_ucontext resp = {
		.abi_version = PINLESS_ABI_VERSION,
		.max_inline = PINLESS_MAX_INLINE,
		.max_sge = PINLESS_MAX_SGE,
	};
	int err = -ENOMEM;

	if (!pinless_quota_get(&pdev->objects, PINLESS_OBJ_CTX))
		goto err_task;

	err = pinless_respond(udata, &resp, sizeof(resp));
	if (err)
		goto err_object;

	return 0;

err_object:
	pinless_quota_put(&pdev->objects, PINLESS_OBJ_CTX);
err_task:
	forget_task(ibuctx);
	return err;
}

/**
 * pinless_dealloc_ucontext() - op dealloc_ucontext
 * @ibuctx: all its objects are gone
 *
 * Context: process context.
 */
void pinless_dealloc_ucontext(struct ib_ucontext *ibuctx)
{
	pinless_quota_put(&to_pdev(ibuctx->device)->objects, PINLESS_OBJ_CTX);
}

/**
 * pinless_disassociate_ucontext() - op disassociate_ucontext
 * @ibuctx: the context of a process that outlives the device
 *
 * That the op exists tells the core that files of a process keep neither the
 * device nor the module. Nothing is to be done: the queues that the process has
 * mapped are plain pages which its page tables hold, and it reads in them what
 * stood there last.
 *
 * Context: process context.
 */
void pinless_disassociate_ucontext(struct ib_ucontext *ibuctx)
{
}
