/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright (c) 2026 The pinless authors
 *
 * Verdict, sub-cases, time limit and child processes of a test program.
 */
#ifndef T_TEST_H
#define T_TEST_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define T_EXIT_PASS	0
#define T_EXIT_FAIL	1
#define T_EXIT_SKIP	77

/** Failures after which a program stops. */
#define T_MAX_FAILURES	8

#define T_PRINTF(f, a)	__attribute__((format(printf, f, a)))
#define T_ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/**
 * t_start - begin the program and arm its time limit
 * @seconds: limit for the whole program; multiplied by the environment's
 *	PINLESS_TEST_TIME_SCALE (a positive integer, default 1)
 *
 * When the limit passes, the program names the sub-case it was in and ends
 * with a failure.
 */
void t_start(unsigned int seconds);

/**
 * t_finish - the exit status of the program
 *
 * Return: T_EXIT_FAIL after any failure, T_EXIT_SKIP when no check ran at
 * all, else T_EXIT_PASS.
 */
int t_finish(void);

/** t_case - name the sub-case that later failures belong to */
void t_case(const char *fmt, ...) T_PRINTF(1, 2);

/** t_fail - record a failure: what was expected and what was seen */
void t_fail(const char *fmt, ...) T_PRINTF(1, 2);

/** t_die - record a failure that makes going on pointless, and end */
void t_die(const char *fmt, ...) T_PRINTF(1, 2) __attribute__((noreturn));

/** t_skip - end the program with T_EXIT_SKIP (or the failure seen before) */
void t_skip(const char *fmt, ...) T_PRINTF(1, 2) __attribute__((noreturn));

/** t_skip_case - print why the current sub-case does not run */
void t_skip_case(const char *fmt, ...) T_PRINTF(1, 2);

/**
 * t_check - count a check, and record a failure when it does not hold
 * @ok: what must hold
 *
 * Return: @ok.
 */
bool t_check(bool ok, const char *fmt, ...) T_PRINTF(2, 3);

/** t_eq - check that a number is what it must be */
bool t_eq(const char *what, unsigned long long seen, unsigned long long expected);

/** t_failures - failures recorded so far */
unsigned int t_failures(void);

/** t_ms - milliseconds of the monotonic clock */
uint64_t t_ms(void);

/** t_us - microseconds of the monotonic clock */
uint64_t t_us(void);

/** t_cpu_us - microseconds of CPU time that this thread has used */
uint64_t t_cpu_us(void);

/** t_thread - start a thread, or fail */
void t_thread(pthread_t *thread, void *(*run)(void *arg), void *arg);

/** t_sleep_ms - sleep, also across signals */
void t_sleep_ms(unsigned int ms);

/** t_scale - a time limit in ms, multiplied by PINLESS_TEST_TIME_SCALE */
unsigned int t_scale(unsigned int ms);

/** t_rand - the next number of a repeatable pseudo-random sequence (xorshift) */
uint64_t t_rand(uint64_t *state);

/**
 * t_fork - run a function in a child process
 * @fn: runs in the child; its return value is the exit status
 *
 * The child has the parent's time limit and dies with the parent.
 *
 * Return: the pid of the child.
 */
pid_t t_fork(int (*fn)(void *arg), void *arg);

/**
 * t_wait - wait for a child and take over its verdict
 * @what: name of the child in messages
 *
 * Return: its exit status, or -1 when a signal ended it (a failure).
 */
int t_wait(pid_t pid, const char *what);

/** t_run - run a shell command; returns its exit status, output is dropped */
int t_run(const char *fmt, ...) T_PRINTF(1, 2);

/** t_kernel_before - is the running kernel older than @major.@minor? */
bool t_kernel_before(int major, int minor);

/** t_need_root - skip unless the program runs as root */
void t_need_root(void);

#endif
