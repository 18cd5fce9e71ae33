/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright (c) 2026 The pinless authors
 *
 * One verb over every alignment, on every kind of registration.
 */
#ifndef T_SWEEP_H
#define T_SWEEP_H

#include "t_op.h"

/** Failures of one kind of registration after which its sweep stops. */
#define T_SWEEP_FAILURES	4

/** Called for each kind of registration that the device has for the verb. */
typedef void (*t_kind_fn)(struct t_pair *p, enum t_kind kind, void *arg);

/**
 * t_each_kind - open the device and a pair, and run @fn for each kind
 * @op: the verb that the kind must serve
 * @at: attributes, NULL for the defaults
 *
 * Kinds that the device does not have are named as skipped.
 */
void t_each_kind(enum ibv_wr_opcode op, t_kind_fn fn, void *arg, const struct t_attr *at);

/**
 * t_sweep - a verb at every offset 0..4095 of both sides, over page crossings
 *
 * The offsets of the two sides run through all values of 0..4095 out of step,
 * in rounds with short lengths, about a page, and up to three pages.
 */
void t_sweep(enum ibv_wr_opcode op);

/** t_sweep_atomic - an atomic at every aligned target and every local offset */
void t_sweep_atomic(enum ibv_wr_opcode op);

#endif
