/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef PINLESS_LOCAL_H
#define PINLESS_LOCAL_H

#include "exec/xport.h"

extern const struct pinless_xport_ops pinless_local_ops;

#endif /* PINLESS_LOCAL_H */
