// SPDX-License-Identifier: GPL-2.0
/*
 * Description: WRITE with immediate data at every offset and over page crossings, with the
 * completion at the target.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include "t_sweep.h"

int main(void)
{
	t_start(120);
	t_sweep(IBV_WR_RDMA_WRITE_WITH_IMM);
	return t_finish();
}
