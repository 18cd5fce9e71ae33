/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#include "../shim.h"

/* Tracepoints that are off, and look at nothing. */
#pragma GCC diagnostic ignored "-Wunused-parameter"
#define TP_PROTO(...)	__VA_ARGS__
#define TRACE_DEFINE_ENUM(a)	_Static_assert((a) >= 0, #a)
#define TRACE_EVENT(name, proto, ...) \
	static inline void trace_##name(proto) \
	{ \
	} \
	static inline bool trace_##name##_enabled(void) \
	{ \
		return false; \
	} \
	_Static_assert(true, #name)
