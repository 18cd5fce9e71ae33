/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef PINLESS_FAULT_FLAGS_H
#define PINLESS_FAULT_FLAGS_H

/* What a fault may do. mm/ acts on these, the tracepoints of obs/ name them. */
enum pinless_fault_flags {
	PINLESS_FAULT_WRITE	= 1 << 0, /* the pages will be written */
	PINLESS_FAULT_SNAPSHOT	= 1 << 1, /* what the CPU has, no faults */
	PINLESS_FAULT_NOWAIT	= 1 << 2, /* no unbounded waits: -EAGAIN */
	PINLESS_FAULT_PREFETCH	= 1 << 3, /* count as prefetch, not as fault */
	PINLESS_FAULT_TARGET	= 1 << 4, /* count as the responder's */
};

#endif /* PINLESS_FAULT_FLAGS_H */
