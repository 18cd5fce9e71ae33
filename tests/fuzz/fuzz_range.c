// SPDX-License-Identifier: GPL-2.0
/* Copyright (c) 2026 The pinless authors */
/*
 * Description: arithmetic on addresses and lengths that a process or a peer chooses
 * (kernel/base/range.h), against the same in 128 bits.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/range.h"

typedef unsigned __int128 u128;

#define MUST(x)	do { if (!(x)) abort(); } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	u64 w[4], addr, size, end = 42, l;
	u128 stop, window;
	bool wraps;

	if (len < sizeof(w))
		return 0;
	memcpy(w, data, sizeof(w));
	addr = w[0];
	size = w[1];
	stop = (u128)addr + size;
	window = (u128)w[2] + w[3];
	wraps = stop >> 64;

	MUST(pinless_range_end(addr, size, &end) == !wraps);
	MUST(end == (wraps ? 42 : (u64)stop));
	MUST(pinless_range_inside(addr, size, w[2], w[3]) == (addr >= w[2] && stop <= window));
	MUST(pinless_range_pages(addr, size) ==
	     (wraps || !size ? 0 : (u64)((stop - 1) >> PAGE_SHIFT) - (addr >> PAGE_SHIFT) + 1));
	if (!wraps && size) {
		l = pinless_range_in_leaf(addr, size);
		MUST(l && l <= size);
		MUST(addr >> PINLESS_LEAF_SHIFT == (addr + l - 1) >> PINLESS_LEAF_SHIFT);
		MUST(l == size || (addr + l) % PINLESS_LEAF_BYTES == 0);
	}
	return 0;
}
