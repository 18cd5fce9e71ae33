// SPDX-License-Identifier: GPL-2.0
/* Copyright (c) 2026 The pinless authors */

#include "base/stamp.h"

/* 2^64 removals are never reached; 0 is no stamp, so a zeroed note is no note. */
atomic64_t pinless_stamps;
