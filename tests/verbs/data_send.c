// SPDX-License-Identifier: GPL-2.0
/*
 * Description: SEND at every offset of both buffers and over page crossings, pinned, ODP and
 * implicit.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include "t_sweep.h"

int main(void)
{
	t_start(120);
	t_sweep(IBV_WR_SEND);
	return t_finish();
}
