// SPDX-License-Identifier: GPL-2.0
// Copyright (c) 2026 The pinless authors
/* The references: what the CPU and the kernel need for the same work without any NIC. */
#include <errno.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "cases/run.h"
#include "base/clock.h"
#include "base/pattern.h"

int run_syscall(struct bench *bench, const struct job *job, unsigned int count,
		struct row *const rows[2], struct message *why)
{
	(void)bench;
	(void)job;
	(void)why;
	for (unsigned int i = 0; i < count; i++) {
		uint64_t start = now_ns();

		syscall(SYS_getppid);
		row_sample(rows[0], now_ns() - start);
	}
	return 0;
}

int run_touch(struct bench *bench, const struct job *job, unsigned int count,
	      struct row *const rows[2], struct message *why)
{
	unsigned int flags = job->huge ? AREA_HUGE : 0;
	struct area area;
	int err;

	(void)bench;
	/*
	 * One more, touched first: the page tables above the slots are no part of a first touch.
	 */
	err = area_map(&area, (count + 1) * job->length, flags, why);
	if (err)
		return err;
	*(volatile uint8_t *)(area.memory + count * job->length) = 1;
	for (unsigned int i = 0; i < count; i++) {
		volatile uint8_t *byte = area.memory + i * job->length;
		uint64_t start = now_ns();

		*byte = 1;
		row_sample(rows[0], now_ns() - start);
	}
	if (job->huge && area_huge_bytes(&area) < area.length)
		err = lacks_huge_pages(why);
	area_unmap(&area);
	return err;
}

int run_copy(struct bench *bench, const struct job *job, unsigned int count,
	     struct row *const rows[2], struct message *why)
{
	size_t slot = (job->length + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1);
	unsigned int flags = job->huge ? AREA_HUGE : 0;
	bool cold = job->state[0] == STATE_COLD;
	struct area from, to;
	pid_t self = getpid();
	int err;

	err = area_map(&from, job->length, flags, why);
	if (err)
		return err;
	/* What is written for the first time is new for each sample; see run_touch() for the one more. */
	err = area_map(&to, cold ? (count + 1) * slot : job->length, flags, why);
	if (err)
		goto err_unmap_from;
	if (cold)
		to.memory[count * slot] = 1;
	else
		area_touch(&to);
	for (unsigned int i = 0; i < count; i++) {
		uint8_t *written = to.memory + (cold ? i * slot : 0);
		struct iovec source = { from.memory, job->length }, sink = { written, job->length };
		uint64_t seed = ++bench->seed, start, end;
		ssize_t copied;

		pattern_fill(from.memory, 0, job->length, seed);
		start = now_ns();
		copied = process_vm_writev(self, &source, 1, &sink, 1, 0);
		end = now_ns();
		if (copied != (ssize_t)job->length) {
			err = explain_error(why, "process_vm_writev", copied < 0 ? errno : EIO);
			break;
		}
		row_sample(rows[0], end - start);
		row_verify(rows[0], pattern_check(written, 0, job->length, seed));
	}
	if (!err && job->huge && area_huge_bytes(&from) + area_huge_bytes(&to) < from.length + to.length)
		err = lacks_huge_pages(why);
	area_unmap(&to);
err_unmap_from:
	area_unmap(&from);
	return err;
}
