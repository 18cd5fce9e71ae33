// SPDX-License-Identifier: GPL-2.0
/*
 * Description: FETCH_ADD at every aligned target offset and every local offset, with carries
 * through all bytes.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include "t_sweep.h"

int main(void)
{
	t_start(120);
	t_sweep_atomic(IBV_WR_ATOMIC_FETCH_AND_ADD);
	return t_finish();
}
