/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef PINLESS_LIMITS_H
#define PINLESS_LIMITS_H

#include <linux/sizes.h>

/*
 * The limits that ibv_query_device() reports and the driver enforces. The table
 * in docs/limits.md says the same.
 */
#define PINLESS_MAX_CTX		65536
#define PINLESS_MAX_PD		65536
#define PINLESS_MAX_QP		262144
#define PINLESS_MAX_QP_WR	32768
#define PINLESS_MAX_SGE		32
#define PINLESS_MAX_INLINE	1024
#define PINLESS_MAX_CQ		262144
#define PINLESS_MAX_CQE		1048576
#define PINLESS_MAX_MR		((1 << 20) - 1)	/* PINLESS_ID_MAX */
#define PINLESS_MAX_MSG		SZ_2G
#define PINLESS_MAX_RD_ATOMIC	128
#define PINLESS_GID_TBL_LEN	1024
#define PINLESS_PKEY_TBL_LEN	1

#endif /* PINLESS_LIMITS_H */
