/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
/* Nothing to define: the tracepoints of shim/linux/tracepoint.h are off. */
