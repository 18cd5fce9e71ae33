/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef PINLESS_QP_STATE_H
#define PINLESS_QP_STATE_H

#include <rdma/ib_verbs.h>

struct pinless_qpc;

int pinless_qp_change(struct pinless_qpc *c, struct ib_qp_attr *attr, int mask);

#endif /* PINLESS_QP_STATE_H */
