/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef PINLESS_FAULT_H
#define PINLESS_FAULT_H

struct pinless_fault;

int pinless_leaf_fault(struct pinless_fault *f);

#endif /* PINLESS_FAULT_H */
