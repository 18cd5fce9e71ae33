// SPDX-License-Identifier: GPL-2.0
/* Copyright (c) 2026 The pinless authors */
/*
 * Description: the range arithmetic of the driver, at its edges, and against a
 * model that counts in 128 bits.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/range.h"

#define TOP		UINT64_MAX
#define PAGE		(1ULL << PAGE_SHIFT)
#define LEAF		PINLESS_LEAF_BYTES

typedef unsigned __int128 u128;

/* Addresses and lengths at which something changes, for pairs and quadruples. */
static const u64 edges[] = {
	0, 1, 2, PAGE - 1, PAGE, PAGE + 1, 2 * PAGE, LEAF - PAGE, LEAF - 1, LEAF,
	LEAF + 1, 2 * LEAF, 1ULL << 31, (1ULL << 32) - 1, 1ULL << 32,
	(1ULL << 47) - PAGE, 1ULL << 47, (1ULL << 63) - 1, 1ULL << 63,
	TOP - LEAF, TOP - LEAF + 1, TOP - PAGE, TOP - PAGE + 1, TOP - 1, TOP,
};

#define NEDGES		(sizeof(edges) / sizeof(edges[0]))

static void test_end(void **state)
{
	u64 end;
	size_t i, j;

	(void)state;
	for (i = 0; i < NEDGES; i++) {
		for (j = 0; j < NEDGES; j++) {
			u128 sum = (u128)edges[i] + edges[j];

			end = 42;
			if (sum <= TOP) {
				assert_true(pinless_range_end(edges[i], edges[j], &end));
				assert_int_equal(end, (u64)sum);
			} else {
				assert_false(pinless_range_end(edges[i], edges[j], &end));
				assert_int_equal(end, 42);
			}
		}
	}
	assert_false(pinless_range_end(TOP, 1, &end));
	assert_false(pinless_range_end(1, TOP, &end));
	assert_true(pinless_range_end(0, TOP, &end));
}

static bool model_inside(u64 addr, u64 len, u64 start, u64 size)
{
	return addr >= start && (u128)addr + len <= (u128)start + size;
}

static void test_inside(void **state)
{
	size_t a, l, s, z;

	(void)state;
	for (a = 0; a < NEDGES; a++)
		for (l = 0; l < NEDGES; l++)
			for (s = 0; s < NEDGES; s++)
				for (z = 0; z < NEDGES; z++)
					assert_int_equal(pinless_range_inside(edges[a], edges[l],
									      edges[s], edges[z]),
							 model_inside(edges[a], edges[l],
								      edges[s], edges[z]));
	/* An implicit region holds every range whose end fits in 64 bits. */
	assert_true(pinless_range_inside(0, TOP, 0, TOP));
	assert_true(pinless_range_inside(TOP - 1, 1, 0, TOP));
	assert_false(pinless_range_inside(TOP, 1, 0, TOP));
	/* Sums that wrap to a small number must not look small. */
	assert_false(pinless_range_inside(PAGE, TOP - PAGE + 2, PAGE, PAGE));
	assert_false(pinless_range_inside(TOP, 2, 0, PAGE));
	assert_false(pinless_range_inside(0, 1, PAGE, PAGE));
}

static void test_pages(void **state)
{
	size_t a, l;

	(void)state;
	for (a = 0; a < NEDGES; a++) {
		for (l = 0; l < NEDGES; l++) {
			u128 end = (u128)edges[a] + edges[l];
			u64 expect = 0;

			if (edges[l] && end <= TOP)
				expect = (u64)((end + PAGE - 1) / PAGE - edges[a] / PAGE);
			assert_int_equal(pinless_range_pages(edges[a], edges[l]), expect);
		}
	}
	assert_int_equal(pinless_range_pages(0, 0), 0);
	assert_int_equal(pinless_range_pages(PAGE - 1, 1), 1);
	assert_int_equal(pinless_range_pages(PAGE - 1, 2), 2);
	assert_int_equal(pinless_range_pages(4000, 512), 2);
	assert_int_equal(pinless_range_pages(0, TOP), 1ULL << (64 - PAGE_SHIFT));
}

/* A walk by leaves visits every byte once, and no step crosses a boundary. */
static void walk(u64 addr, u64 len)
{
	u64 start = addr, total = 0;

	while (len) {
		u64 n = pinless_range_in_leaf(addr, len);

		assert_in_range(n, 1, LEAF);
		assert_int_equal(addr / LEAF, (addr + (n - 1)) / LEAF);
		addr += n;
		len -= n;
		total += n;
	}
	assert_int_equal(addr - start, total);
}

static void test_in_leaf(void **state)
{
	unsigned int i;
	size_t a, l;

	(void)state;
	for (a = 0; a < NEDGES; a++) {
		for (l = 0; l < NEDGES; l++) {
			u64 n = pinless_range_in_leaf(edges[a], edges[l]);

			assert_true(n <= edges[l] && n <= LEAF);
			assert_int_equal(!n, !edges[l]);
		}
	}
	assert_int_equal(pinless_range_in_leaf(0, TOP), LEAF);
	assert_int_equal(pinless_range_in_leaf(LEAF - 1, TOP), 1);
	assert_int_equal(pinless_range_in_leaf(TOP, TOP), 1);

	srandom(1);
	for (i = 0; i < 2000; i++) {
		u64 addr = ((u64)random() << 20) ^ (u64)random();

		walk(addr, (u64)random() % (5 * LEAF));
	}
	/* The last bytes before 2^64. */
	walk(TOP - 3 * LEAF, 3 * LEAF);
}

static void test_leaf(void **state)
{
	(void)state;
	assert_int_equal(pinless_range_leaf(0), 0);
	assert_int_equal(pinless_range_leaf(LEAF - 1), 0);
	assert_int_equal(pinless_range_leaf(LEAF), 1);
	assert_int_equal(pinless_range_leaf(TOP), TOP >> PINLESS_LEAF_SHIFT);
	assert_int_equal(pinless_range_slot(0), 0);
	assert_int_equal(pinless_range_slot(PAGE - 1), 0);
	assert_int_equal(pinless_range_slot(LEAF - 1), PINLESS_LEAF_PAGES - 1);
	assert_int_equal(pinless_range_slot(LEAF), 0);
	assert_int_equal(pinless_range_slot(TOP), PINLESS_LEAF_PAGES - 1);
	assert_int_equal(pinless_page_offset(TOP), PAGE - 1);
	assert_int_equal(pinless_page_offset(5 * PAGE), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_end),
		cmocka_unit_test(test_inside),
		cmocka_unit_test(test_pages),
		cmocka_unit_test(test_in_leaf),
		cmocka_unit_test(test_leaf),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
