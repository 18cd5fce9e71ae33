/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef PINLESS_RESTRACK_H
#define PINLESS_RESTRACK_H

#include <linux/skbuff.h>
#include <rdma/ib_verbs.h>

int pinless_fill_stat_mr_entry(struct sk_buff *msg, struct ib_mr *ibmr);
int pinless_fill_res_mr_entry(struct sk_buff *msg, struct ib_mr *ibmr);

#endif /* PINLESS_RESTRACK_H */
