/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef PINLESS_WQE_USER_H
#define PINLESS_WQE_USER_H

/* What kernel/exec/wqe.h takes from the kernel, in user space. */
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <linux/types.h>

typedef __u8 u8;
typedef __u32 u32;
typedef __u64 u64;

#define READ_ONCE(x)	(*(const volatile __typeof__(x) *)&(x))
#define barrier()	__asm__ __volatile__("" ::: "memory")
#define SZ_2G		0x80000000ul

#include "limits.h"

#endif /* PINLESS_WQE_USER_H */
