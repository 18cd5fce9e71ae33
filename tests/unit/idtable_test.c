// SPDX-License-Identifier: GPL-2.0
/* Copyright (c) 2026 The pinless authors */
/*
 * Description: numbers for objects: that they are used in a cycle, that none is
 * given out twice, how a full table answers, and that no memory is leaked.
 *
 * Sources: kernel/base/idtable.c over shim/; include paths kernel and shim.
 */
#include "shim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "base/idtable.h"

#define DIRS	((PINLESS_ID_MAX >> PINLESS_ID_SHIFT) + 1)

int shim_rcu_depth;
bool shim_fail;

static u32 add(struct pinless_idtable *t, void *object, u32 *round)
{
	u32 id = 0;

	assert_int_equal(pinless_idtable_add(t, object, &id, round), 0);
	assert_in_range(id, 1, PINLESS_ID_MAX);
	assert_ptr_equal(pinless_idtable_find(t, id), object);
	return id;
}

static unsigned int chunks(const struct pinless_idtable *t)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < DIRS; i++)
		n += t->dir[i].chunk != NULL;
	return n;
}

/* One object at a time: every number comes once in a round. */
static void test_cycle(void **state)
{
	struct pinless_idtable t;
	u32 round, id;
	int object;

	(void)state;
	assert_int_equal(pinless_idtable_init(&t), 0);
	for (u32 i = 0; i < 2 * PINLESS_ID_MAX + 10; i++) {
		id = add(&t, &object, &round);
		assert_int_equal(id, i % PINLESS_ID_MAX + 1);
		assert_int_equal(round, i / PINLESS_ID_MAX);
		pinless_idtable_remove(&t, id);
		assert_null(pinless_idtable_find(&t, id));
		if (!(i % 1000))
			assert_in_range(chunks(&t), 0, 1);
	}
	pinless_idtable_destroy(&t);
}

/* All numbers are given out, then each one again as it becomes free. */
static void test_full(void **state)
{
	struct pinless_idtable t;
	u32 *rounds = calloc(PINLESS_ID_MAX + 1, sizeof(*rounds)), id, round;
	int object;

	(void)state;
	assert_int_equal(pinless_idtable_init(&t), 0);
	for (u32 i = 1; i <= PINLESS_ID_MAX; i++) {
		id = add(&t, &object, &round);
		assert_int_equal(id, i);
		rounds[id] = round;
	}
	assert_int_equal(pinless_idtable_add(&t, &object, &id, NULL), -ENOSPC);
	for (u32 i = 0; i < 1000; i++) {
		u32 gone = 1 + (u32)random() % PINLESS_ID_MAX;

		pinless_idtable_remove(&t, gone);
		id = add(&t, &object, &round);
		assert_int_equal(id, gone);
		assert_int_not_equal(round, rounds[id]);
		rounds[id] = round;
	}
	assert_int_equal(pinless_idtable_add(&t, &object, &id, NULL), -ENOSPC);
	for (u32 i = 1; i <= PINLESS_ID_MAX; i++)
		pinless_idtable_remove(&t, i);
	assert_in_range(chunks(&t), 0, 1);
	pinless_idtable_destroy(&t);
	free(rounds);
}

/* Numbers that are not in the table. */
static void test_find(void **state)
{
	struct pinless_idtable t;
	int object;

	(void)state;
	assert_int_equal(pinless_idtable_init(&t), 0);
	assert_null(pinless_idtable_find(&t, 0));
	assert_int_equal(add(&t, &object, NULL), 1);
	assert_null(pinless_idtable_find(&t, 0));
	assert_null(pinless_idtable_find(&t, 2));
	assert_null(pinless_idtable_find(&t, PINLESS_ID_MAX));
	assert_null(pinless_idtable_find(&t, PINLESS_ID_MAX + 1));
	assert_null(pinless_idtable_find(&t, ~0u));
	pinless_idtable_remove(&t, 1);
	pinless_idtable_destroy(&t);
}

static void test_no_memory(void **state)
{
	struct pinless_idtable t;
	int object;
	u32 id;

	(void)state;
	shim_fail = true;
	assert_int_equal(pinless_idtable_init(&t), -ENOMEM);
	pinless_idtable_destroy(&t);

	assert_int_equal(pinless_idtable_init(&t), 0);
	shim_fail = true;
	assert_int_equal(pinless_idtable_add(&t, &object, &id, NULL), -ENOMEM);
	assert_int_equal(add(&t, &object, NULL), 1);
	pinless_idtable_remove(&t, 1);
	pinless_idtable_destroy(&t);
}

/* Objects come and go at random; each is found by its number, and by no other. */
static void test_random(void **state)
{
	static int object[5000];
	static u32 ids[5000];
	struct pinless_idtable t;

	(void)state;
	srandom(1);
	assert_int_equal(pinless_idtable_init(&t), 0);
	for (u32 i = 0; i < 1000000; i++) {
		u32 n = (u32)random() % 5000;

		if (ids[n]) {
			assert_ptr_equal(pinless_idtable_find(&t, ids[n]),
					 &object[n]);
			pinless_idtable_remove(&t, ids[n]);
			assert_null(pinless_idtable_find(&t, ids[n]));
			ids[n] = 0;
		} else {
			ids[n] = add(&t, &object[n], NULL);
		}
	}
	for (u32 n = 0; n < 5000; n++)
		if (ids[n])
			pinless_idtable_remove(&t, ids[n]);
	assert_in_range(chunks(&t), 0, 1);
	pinless_idtable_destroy(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cycle),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
