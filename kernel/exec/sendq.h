/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef PINLESS_SENDQ_H
#define PINLESS_SENDQ_H

#include "exec/qpc.h"

void pinless_sendq_run(struct pinless_qpc *c);
void pinless_sendq_work(struct work_struct *work);
void pinless_sendq_reset(struct pinless_qpc *c);

#endif /* PINLESS_SENDQ_H */
