// SPDX-License-Identifier: GPL-2.0
/*
 * Description: SEND with immediate data at every offset and over page crossings, the immediate
 * and its flag included.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include "t_sweep.h"

int main(void)
{
	t_start(120);
	t_sweep(IBV_WR_SEND_WITH_IMM);
	return t_finish();
}
