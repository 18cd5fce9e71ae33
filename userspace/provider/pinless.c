// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Copyright (c) 2026 The pinless authors */

/* The device: found, opened, asked for its attributes. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "pinless.h"

struct alloc_context_resp {
	struct ib_uverbs_get_context_resp core;
	struct pinless_uresp_alloc_ucontext drv;
};

static_assert(offsetof(struct alloc_context_resp, drv) ==
	      sizeof(struct ib_uverbs_get_context_resp),
	      "the driver's answer follows the core's");

static const struct verbs_match_ent pinless_match[] = {
	VERBS_DRIVER_ID(PINLESS_DRIVER_ID),
	VERBS_NAME_MATCH("pinless", NULL),
	{},
};

static int pinless_query_device(struct ibv_context *context,
				const struct ibv_query_device_ex_input *input,
				struct ibv_device_attr_ex *attr,
				size_t attr_size)
{
	struct ib_uverbs_ex_query_device_resp resp = {};
	size_t resp_size = sizeof(resp);
	uint64_t fw_ver;
	int ret;

	ret = ibv_cmd_query_device_any(context, input, attr, attr_size, &resp,
				       &resp_size);
	if (ret)
		return ret;

	fw_ver = resp.base.fw_ver;
	snprintf(attr->orig_attr.fw_ver, sizeof(attr->orig_attr.fw_ver),
		 "%u.%u.%u", (unsigned int)(fw_ver >> 32) & 0xffff,
		 (unsigned int)(fw_ver >> 16) & 0xffff,
		 (unsigned int)fw_ver & 0xffff);
	return 0;
}

static int pinless_query_port(struct ibv_context *context, uint8_t port,
			      struct ibv_port_attr *attr)
{
	struct ibv_query_port cmd = {};

	return ibv_cmd_query_port(context, port, attr, &cmd, sizeof(cmd));
}

/*
 * As other providers do, the whole raw clock goes into tv_nsec, so that it can
 * be compared with the timestamp of a completion.
 */
static int pinless_query_rt_values(struct ibv_context *context,
				   struct ibv_values_ex *values)
{
	struct timespec ts;

	if (!check_comp_mask(values->comp_mask, IBV_VALUES_MASK_RAW_CLOCK))
		return EINVAL;

	if (values->comp_mask & IBV_VALUES_MASK_RAW_CLOCK) {
		if (clock_gettime(CLOCK_MONOTONIC_RAW, &ts))
			return errno;
		values->raw_clock.tv_sec = 0;
		values->raw_clock.tv_nsec = ts.tv_sec * 1000000000ll +
					    ts.tv_nsec;
	}
	return 0;
}

static void pinless_free_context(struct ibv_context *context)
{
	struct pinless_context *ctx = to_pctx(context);

	verbs_uninit_context(&ctx->vctx);
	pinless_table_free(&ctx->qps);
	pthread_mutex_destroy(&ctx->qps_lock);
	free(ctx);
}

static const struct verbs_context_ops pinless_ops = {
	.advise_mr = ibv_cmd_advise_mr,
	.alloc_parent_domain = pinless_alloc_parent_domain,
	.alloc_pd = pinless_alloc_pd,
	.alloc_td = pinless_alloc_td,
	.create_cq = pinless_create_cq,
	.create_cq_ex = pinless_create_cq_ex,
	.create_qp = pinless_create_qp,
	.create_qp_ex = pinless_create_qp_ex,
	.dealloc_pd = pinless_dealloc_pd,
	.dealloc_td = pinless_dealloc_td,
	.dereg_mr = pinless_dereg_mr,
	.destroy_cq = pinless_destroy_cq,
	.destroy_qp = pinless_destroy_qp,
	.free_context = pinless_free_context,
	.modify_qp = pinless_modify_qp,
	.poll_cq = pinless_poll_cq,
	.post_recv = pinless_post_recv,
	.post_send = pinless_post_send,
	.query_device_ex = pinless_query_device,
	.query_port = pinless_query_port,
	.query_qp = pinless_query_qp,
	.query_rt_values = pinless_query_rt_values,
	.reg_mr = pinless_reg_mr,
	.req_notify_cq = pinless_req_notify_cq,
};

static struct verbs_context *pinless_alloc_context(struct ibv_device *device,
						   int cmd_fd,
						   void *private_data)
{
	struct alloc_context_resp resp = {};
	struct ibv_get_context cmd = {};
	struct pinless_context *ctx;

	ctx = verbs_init_and_alloc_context(device, cmd_fd, ctx, vctx,
					   PINLESS_DRIVER_ID);
	if (!ctx)
		return NULL;

	pthread_mutex_init(&ctx->qps_lock, NULL);
	if (ibv_cmd_get_context(&ctx->vctx, &cmd, sizeof(cmd), &resp.core,
				sizeof(resp)))
		goto err;

	if (resp.drv.abi_version != PINLESS_ABI_VERSION) {
		verbs_err(&ctx->vctx,
			  "the driver speaks ABI version %u, this provider %u: install both from one release of pinless\n",
			  resp.drv.abi_version, PINLESS_ABI_VERSION);
		errno = EPROTONOSUPPORT;
		goto err;
	}

	verbs_set_ops(&ctx->vctx, &pinless_ops);
	return &ctx->vctx;

err:
	verbs_uninit_context(&ctx->vctx);
	pthread_mutex_destroy(&ctx->qps_lock);
	free(ctx);
	return NULL;
}

static struct verbs_device *
pinless_alloc_device(struct verbs_sysfs_dev *sysfs_dev)
{
	return calloc(1, sizeof(struct verbs_device));
}

static void pinless_uninit_device(struct verbs_device *device)
{
	free(device);
}

static const struct verbs_device_ops pinless_dev_ops = {
	.name = "pinless",
	.match_min_abi_version = PINLESS_ABI_VERSION,
	.match_max_abi_version = PINLESS_ABI_VERSION,
	.match_table = pinless_match,
	.alloc_device = pinless_alloc_device,
	.uninit_device = pinless_uninit_device,
	.alloc_context = pinless_alloc_context,
};

PROVIDER_DRIVER(pinless, pinless_dev_ops);
