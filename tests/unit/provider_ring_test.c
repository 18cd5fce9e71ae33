// SPDX-License-Identifier: GPL-2.0
/* Copyright (c) 2026 The pinless authors */
/*
 * Description: the provider's side of the queue protocols, against a driver
 * simulated in plain memory: wrap-around of indices, phases, full queues,
 * cleaning of completion queues, and both wake-up protocols between threads.
 * The table of queue pairs and the lock as well.
 *
 * Sources: userspace/provider/{ring,table,lock}.c; include paths
 * userspace/provider and kernel/uapi; libraries cmocka and pthread.
 */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "lock.h"
#include "ring.h"
#include "table.h"

#define ALIGN_UP(n, a)	(((n) + (a) - 1) / (a) * (a))

/* The driver's side of a completion queue. */
struct sim_cq {
	struct pinless_cq_ctl *ctl;
	struct pinless_cqe *slots;
	size_t length;
	uint32_t entries;
	uint32_t prod;
	sem_t event;
};

static void *alloc_queue(size_t bytes, size_t *length)
{
	void *mem;

	*length = ALIGN_UP(bytes, 4096);
	mem = aligned_alloc(4096, *length);
	assert_non_null(mem);
	memset(mem, 0, *length);
	return mem;
}

/* Both sides begin at index @first, so that the end of 32 bits is near. */
static void sim_cq_init(struct sim_cq *sim, struct pinless_cq_ring *cq,
			uint32_t entries, uint32_t first)
{
	void *mem = alloc_queue(PINLESS_CTL_BYTES +
				entries * sizeof(struct pinless_cqe),
				&sim->length);

	sim->ctl = mem;
	sim->slots = (void *)((uint8_t *)mem + PINLESS_CTL_BYTES);
	sim->entries = entries;
	sim->prod = first;
	sem_init(&sim->event, 0, 0);
	assert_int_equal(pinless_cq_ring_init(cq, mem, sim->length, entries), 0);
	cq->cons = first;
	pinless_cq_ring_commit(cq);
}

static void sim_cq_free(struct sim_cq *sim)
{
	sem_destroy(&sim->event);
	free(sim->ctl);
}

static bool sim_cq_push(struct sim_cq *sim, uint32_t qpn, uint64_t wr_id)
{
	struct pinless_cqe *cqe = &sim->slots[sim->prod % sim->entries];
	uint32_t arm;

	if (sim->prod - __atomic_load_n(&sim->ctl->cons, __ATOMIC_ACQUIRE) >=
	    sim->entries)
		return false;

	cqe->wr_id = wr_id;
	cqe->qpn = qpn;
	__atomic_store_n(&cqe->phase, sim->prod / sim->entries + 1,
			 __ATOMIC_RELEASE);
	sim->prod++;

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	arm = __atomic_load_n(&sim->ctl->arm, __ATOMIC_RELAXED);
	if (arm == PINLESS_ARM_NEXT &&
	    __atomic_compare_exchange_n(&sim->ctl->arm, &arm, PINLESS_ARM_NONE,
					false, __ATOMIC_SEQ_CST,
					__ATOMIC_RELAXED))
		sem_post(&sim->event);
	return true;
}

static const struct pinless_cqe *take(struct pinless_cq_ring *cq)
{
	const struct pinless_cqe *cqe = pinless_cq_ring_peek(cq, cq->cons);

	if (cqe)
		cq->cons++;
	return cqe;
}

static void test_ring_init(void **state)
{
	struct pinless_ring ring;
	uint8_t mem[PINLESS_CTL_BYTES + 4 * 64];

	(void)state;
	assert_int_equal(pinless_ring_init(&ring, NULL, 0, 0, 0), 0);
	assert_null(ring.slots);
	assert_int_equal(pinless_ring_init(&ring, mem, sizeof(mem), 4, 64), 0);
	assert_ptr_equal(ring.slots, mem + PINLESS_CTL_BYTES);
	assert_int_equal(pinless_ring_init(&ring, mem, sizeof(mem) - 1, 4, 64),
			 EINVAL);
	assert_int_equal(pinless_ring_init(&ring, mem, sizeof(mem), 3, 64),
			 EINVAL);
	assert_int_equal(pinless_ring_init(&ring, mem, sizeof(mem), 4, 0),
			 EINVAL);
	assert_int_equal(pinless_ring_init(&ring, mem, sizeof(mem), 4, 12),
			 EINVAL);
	/* The product does not fit in 32 bits. */
	assert_int_equal(pinless_ring_init(&ring, mem, sizeof(mem), 1u << 31,
					   1u << 3), EINVAL);
}

static void test_cq_init(void **state)
{
	uint8_t mem[PINLESS_CTL_BYTES + 4 * sizeof(struct pinless_cqe)];
	struct pinless_cq_ring cq;

	(void)state;
	assert_int_equal(pinless_cq_ring_init(&cq, mem, sizeof(mem), 4), 0);
	assert_int_equal(pinless_cq_ring_init(&cq, mem, sizeof(mem), 0), EINVAL);
	assert_int_equal(pinless_cq_ring_init(&cq, mem, sizeof(mem), 3), EINVAL);
	assert_int_equal(pinless_cq_ring_init(&cq, mem, sizeof(mem), 8), EINVAL);
}

static void test_ring_wrap(void **state)
{
	uint8_t mem[PINLESS_CTL_BYTES + 4 * 128];
	struct pinless_ring ring;
	uint32_t i;

	(void)state;
	assert_int_equal(pinless_ring_init(&ring, mem, sizeof(mem), 4, 128), 0);
	ring.prod = UINT32_MAX - 5;
	ring.cons = ring.prod;

	for (i = 0; i < 100; i++) {
		assert_false(pinless_ring_full(&ring, ring.prod));
		assert_ptr_equal(pinless_ring_slot(&ring, ring.prod),
				 mem + PINLESS_CTL_BYTES +
				 (ring.prod % 4) * 128);
		ring.prod++;
		pinless_ring_retire(&ring, ring.prod - 1);
		assert_int_equal(ring.cons, ring.prod);
	}
}

static void test_ring_full(void **state)
{
	uint8_t mem[PINLESS_CTL_BYTES + 4 * 64];
	struct pinless_ring ring;
	uint32_t start;
	uint32_t i;

	(void)state;
	assert_int_equal(pinless_ring_init(&ring, mem, sizeof(mem), 4, 64), 0);
	for (start = UINT32_MAX - 6; start != 6; start++) {
		ring.prod = start;
		ring.cons = start;
		for (i = 0; i < 4; i++)
			assert_false(pinless_ring_full(&ring, start + i));
		assert_true(pinless_ring_full(&ring, start + 4));
		ring.prod = start + 4;

		/* A signaled entry frees the unsignaled ones before it. */
		pinless_ring_retire(&ring, start + 2);
		assert_int_equal(ring.cons, start + 3);
		/* A late completion does not move the index back. */
		pinless_ring_retire(&ring, start);
		assert_int_equal(ring.cons, start + 3);
		for (i = 4; i < 7; i++)
			assert_false(pinless_ring_full(&ring, start + i));
		assert_true(pinless_ring_full(&ring, start + 7));
	}

	pinless_ring_reset(&ring);
	assert_int_equal(ring.prod, 0);
	assert_int_equal(ring.cons, 0);
}

static void cq_rounds(uint32_t entries, uint32_t first)
{
	const struct pinless_cqe *cqe;
	struct pinless_cq_ring cq;
	struct sim_cq sim;
	uint64_t in = 0, out = 0;
	uint32_t n;

	sim_cq_init(&sim, &cq, entries, first);
	while (out < 20 * entries) {
		for (n = 0; n <= in % entries; n++)
			assert_true(sim_cq_push(&sim, 1, in++));
		for (; n; n--) {
			cqe = take(&cq);
			assert_non_null(cqe);
			assert_int_equal(cqe->wr_id, out++);
		}
		assert_null(take(&cq));
		pinless_cq_ring_commit(&cq);
	}
	sim_cq_free(&sim);
}

static void test_cq_phase(void **state)
{
	uint32_t entries;

	(void)state;
	for (entries = 1; entries <= 64; entries *= 2) {
		cq_rounds(entries, 0);
		cq_rounds(entries, 0u - entries);
		cq_rounds(entries, 0u - 3 * entries);
	}
}

static void test_cq_full(void **state)
{
	struct pinless_cq_ring cq;
	struct sim_cq sim;
	uint32_t i;

	(void)state;
	sim_cq_init(&sim, &cq, 8, 0);
	for (i = 0; i < 8; i++)
		assert_true(sim_cq_push(&sim, 1, i));
	assert_false(sim_cq_push(&sim, 1, 8));

	/* Slots are returned only when the poll ends. */
	assert_non_null(take(&cq));
	assert_false(sim_cq_push(&sim, 1, 8));
	pinless_cq_ring_commit(&cq);
	assert_true(sim_cq_push(&sim, 1, 8));
	assert_false(sim_cq_push(&sim, 1, 9));

	/* A full queue, all of one queue pair, is cleaned and used again. */
	assert_int_equal(pinless_cq_ring_clean(&cq, 1), 8);
	assert_null(take(&cq));
	for (i = 0; i < 8; i++)
		assert_true(sim_cq_push(&sim, 2, i));
	assert_false(sim_cq_push(&sim, 2, 8));
	assert_int_equal(pinless_cq_ring_clean(&cq, 1), 0);
	for (i = 0; i < 8; i++)
		assert_int_equal(take(&cq)->wr_id, i);
	sim_cq_free(&sim);
}

/* What the queue must hold, oldest first. */
struct model {
	struct { uint32_t qpn; uint64_t wr_id; } e[64];
	uint32_t n;
};

static uint32_t model_clean(struct model *m, uint32_t qpn)
{
	uint32_t i, kept = 0;
	uint32_t before = m->n;

	for (i = 0; i < before; i++) {
		if (m->e[i].qpn != qpn)
			m->e[kept++] = m->e[i];
	}
	m->n = kept;
	return before - kept;
}

static void clean_random(uint32_t entries, uint32_t first, unsigned int seed)
{
	const struct pinless_cqe *cqe;
	struct model m = { .n = 0 };
	struct pinless_cq_ring cq;
	struct sim_cq sim;
	uint64_t wr_id = 0;
	uint32_t step, qpn, n;

	sim_cq_init(&sim, &cq, entries, first);
	for (step = 0; step < 2000; step++) {
		qpn = rand_r(&seed) % 4;
		n = rand_r(&seed) % (entries + 1);
		switch (rand_r(&seed) % 8) {
		case 0:
			assert_int_equal(pinless_cq_ring_clean(&cq, qpn),
					 model_clean(&m, qpn));
			assert_int_equal(sim.ctl->cons, cq.cons);
			break;
		case 1:
		case 2:
		case 3:
			for (; n; n--) {
				cqe = take(&cq);
				assert_true(!cqe == !m.n);
				if (!cqe)
					break;
				assert_int_equal(cqe->qpn, m.e[0].qpn);
				assert_int_equal(cqe->wr_id, m.e[0].wr_id);
				memmove(&m.e[0], &m.e[1],
					--m.n * sizeof(m.e[0]));
			}
			pinless_cq_ring_commit(&cq);
			break;
		default:
			for (; n; n--) {
				bool pushed = sim_cq_push(&sim, qpn, wr_id);

				assert_true(pushed == (m.n < entries));
				if (!pushed)
					break;
				m.e[m.n].qpn = qpn;
				m.e[m.n++].wr_id = wr_id++;
				qpn = rand_r(&seed) % 4;
			}
			break;
		}
	}
	sim_cq_free(&sim);
}

static void test_cq_clean(void **state)
{
	uint32_t entries;
	unsigned int seed;

	(void)state;
	for (entries = 1; entries <= 64; entries *= 4) {
		for (seed = 1; seed <= 8; seed++) {
			clean_random(entries, 0, seed);
			clean_random(entries, 0u - 8 * entries, seed);
		}
	}
}

static void test_arm(void **state)
{
	struct pinless_cq_ring cq;
	struct sim_cq sim;

	(void)state;
	sim_cq_init(&sim, &cq, 8, 0);

	pinless_cq_ring_arm(&cq, true);
	assert_int_equal(sim.ctl->arm, PINLESS_ARM_SOLICITED);
	pinless_cq_ring_arm(&cq, false);
	assert_int_equal(sim.ctl->arm, PINLESS_ARM_NEXT);
	pinless_cq_ring_arm(&cq, true);
	assert_int_equal(sim.ctl->arm, PINLESS_ARM_NEXT);

	/* One event for each time it is armed. */
	assert_true(sim_cq_push(&sim, 1, 0));
	assert_int_equal(sim.ctl->arm, PINLESS_ARM_NONE);
	assert_true(sim_cq_push(&sim, 1, 1));
	assert_int_equal(sem_trywait(&sim.event), 0);
	assert_int_not_equal(sem_trywait(&sim.event), 0);

	pinless_cq_ring_arm(&cq, true);
	assert_int_equal(sim.ctl->arm, PINLESS_ARM_SOLICITED);
	sim_cq_free(&sim);
}

#define HANDOVERS	200000
#define TIME_LIMIT_S	10

/* Waits without end would hide a lost wake-up; this one names it. */
static bool wait_for(sem_t *sem)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += TIME_LIMIT_S;
	while (sem_timedwait(sem, &until)) {
		if (errno != EINTR)
			return false;
	}
	return true;
}

static void *push_thread(void *arg)
{
	struct sim_cq *sim = arg;
	uint64_t i;

	for (i = 0; i < HANDOVERS; i++) {
		while (!sim_cq_push(sim, 1, i))
			sched_yield();
	}
	return NULL;
}

/* Poll; when empty arm, poll again, and only then sleep: no event gets lost. */
static void test_arm_threads(void **state)
{
	const struct pinless_cqe *cqe;
	struct pinless_cq_ring cq;
	struct sim_cq sim;
	pthread_t driver;
	uint64_t out = 0;
	bool armed = false;

	(void)state;
	sim_cq_init(&sim, &cq, 4, 0);
	assert_int_equal(pthread_create(&driver, NULL, push_thread, &sim), 0);

	while (out < HANDOVERS) {
		cqe = take(&cq);
		if (cqe) {
			assert_int_equal(cqe->wr_id, out++);
			pinless_cq_ring_commit(&cq);
			armed = false;
		} else if (!armed) {
			pinless_cq_ring_arm(&cq, false);
			armed = true;
		} else {
			assert_true(wait_for(&sim.event));
			armed = false;
		}
	}
	pthread_join(driver, NULL);
	sim_cq_free(&sim);
}

/* The driver's side of a receive queue. */
struct sim_rq {
	struct pinless_rq_ctl *ctl;
	struct pinless_ring ring;
	uint32_t cons;
	bool in_order;
	bool lost;
	sem_t doorbell;
};

static void *recv_thread(void *arg)
{
	struct sim_rq *sim = arg;

	while (sim->cons < HANDOVERS) {
		struct pinless_recv_wqe *wqe;

		if (__atomic_load_n(&sim->ctl->prod, __ATOMIC_ACQUIRE) ==
		    sim->cons) {
			__atomic_store_n(&sim->ctl->ring, 1, __ATOMIC_RELAXED);
			__atomic_thread_fence(__ATOMIC_SEQ_CST);
			if (__atomic_load_n(&sim->ctl->prod,
					    __ATOMIC_ACQUIRE) == sim->cons &&
			    !wait_for(&sim->doorbell))
				sim->lost = true;
			__atomic_store_n(&sim->ctl->ring, 0, __ATOMIC_RELAXED);
			continue;
		}
		wqe = pinless_ring_slot(&sim->ring, sim->cons);
		if (wqe->wr_id != sim->cons)
			sim->in_order = false;
		sim->cons++;
		pinless_ring_retire(&sim->ring, sim->cons - 1);
	}
	return NULL;
}

static void test_rq_threads(void **state)
{
	struct sim_rq sim = { .in_order = true };
	uint32_t stride = sizeof(struct pinless_recv_wqe);
	pthread_t driver;
	size_t length;
	void *mem;

	(void)state;
	mem = alloc_queue(PINLESS_CTL_BYTES + 4 * stride, &length);
	sim.ctl = mem;
	sem_init(&sim.doorbell, 0, 0);
	assert_int_equal(pinless_ring_init(&sim.ring, mem, length, 4, stride), 0);
	assert_int_equal(pthread_create(&driver, NULL, recv_thread, &sim), 0);

	while (sim.ring.prod < HANDOVERS) {
		struct pinless_recv_wqe *wqe;

		if (pinless_ring_full(&sim.ring, sim.ring.prod)) {
			sched_yield();
			continue;
		}
		wqe = pinless_ring_slot(&sim.ring, sim.ring.prod);
		wqe->wr_id = sim.ring.prod++;
		if (pinless_rq_publish(sim.ctl, sim.ring.prod))
			sem_post(&sim.doorbell);
	}

	pthread_join(driver, NULL);
	assert_int_equal(sim.cons, HANDOVERS);
	assert_true(sim.in_order);
	assert_false(sim.lost);
	sem_destroy(&sim.doorbell);
	free(mem);
}

static void test_table(void **state)
{
	static const uint32_t numbers[] = { 0, 1, 4095, 4096, 0x123456, 0xffffff };
	const size_t count = sizeof(numbers) / sizeof(numbers[0]);
	struct pinless_table *table = calloc(1, sizeof(*table));
	int what[sizeof(numbers) / sizeof(numbers[0])];
	size_t i;

	(void)state;
	assert_non_null(table);
	for (i = 0; i < count; i++) {
		assert_null(pinless_table_find(table, numbers[i]));
		assert_int_equal(pinless_table_store(table, numbers[i], NULL), 0);
		assert_int_equal(pinless_table_store(table, numbers[i],
						     &what[i]), 0);
	}
	for (i = 0; i < count; i++)
		assert_ptr_equal(pinless_table_find(table, numbers[i]),
				 &what[i]);
	assert_null(pinless_table_find(table, 2));
	assert_int_equal(pinless_table_store(table, 1u << 24, &what[0]), EINVAL);
	assert_int_equal(pinless_table_store(table, numbers[1], NULL), 0);
	assert_null(pinless_table_find(table, numbers[1]));
	assert_ptr_equal(pinless_table_find(table, numbers[0]), &what[0]);

	pinless_table_free(table);
	free(table);
}

#define LOCKERS		4
#define LOCK_ROUNDS	20000

struct locked {
	struct pinless_lock lock;
	uint64_t count;
	uint64_t inside;
	uint64_t broken;
};

static void *lock_thread(void *arg)
{
	struct locked *l = arg;
	unsigned int i;

	for (i = 0; i < LOCK_ROUNDS; i++) {
		pinless_lock(&l->lock);
		if (l->inside++)
			l->broken++;
		/* Held over a system call, as that of a send queue is. */
		if (i % 16 == 0)
			sched_yield();
		l->count++;
		l->inside--;
		pinless_unlock(&l->lock);
	}
	return NULL;
}

static void test_lock(void **state)
{
	struct locked l = { .count = 0 };
	pthread_t thread[LOCKERS];
	int i;

	(void)state;
	for (i = 0; i < LOCKERS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, lock_thread,
						&l), 0);
	for (i = 0; i < LOCKERS; i++)
		pthread_join(thread[i], NULL);
	assert_int_equal(l.count, LOCKERS * LOCK_ROUNDS);
	assert_int_equal(l.broken, 0);
	assert_int_equal(l.lock.word, 0);

	l.lock.off = true;
	pinless_lock(&l.lock);
	assert_int_equal(l.lock.word, 0);
	pinless_lock(&l.lock);
	pinless_unlock(&l.lock);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ring_init),
		cmocka_unit_test(test_cq_init),
		cmocka_unit_test(test_ring_wrap),
		cmocka_unit_test(test_ring_full),
		cmocka_unit_test(test_cq_phase),
		cmocka_unit_test(test_cq_full),
		cmocka_unit_test(test_cq_clean),
		cmocka_unit_test(test_arm),
		cmocka_unit_test(test_arm_threads),
		cmocka_unit_test(test_rq_threads),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_lock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
