// SPDX-License-Identifier: GPL-2.0
/*
 * Description: COMPARE_SWAP at every aligned target offset and every local offset, with compares
 * that hit and that miss.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include "t_sweep.h"

int main(void)
{
	t_start(120);
	t_sweep_atomic(IBV_WR_ATOMIC_CMP_AND_SWP);
	return t_finish();
}
