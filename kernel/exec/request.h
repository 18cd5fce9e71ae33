/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef PINLESS_REQUEST_H
#define PINLESS_REQUEST_H

#include "exec/qpc.h"

bool pinless_request_fetch(struct pinless_qpc *c);
void pinless_request_finish(struct pinless_qpc *c, enum ib_wc_status status,
			    u32 verr);
void pinless_request_fail(struct pinless_qpc *c);
void pinless_request_flush(struct pinless_qpc *c);

#endif /* PINLESS_REQUEST_H */
