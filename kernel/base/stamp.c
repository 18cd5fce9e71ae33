// SPDX-License-Identifier: GPL-2.0
/* Copyright (c) 2026 The pinless authors */

#include "base/stamp.h"

/* 64 bits do not wrap. No stamp is 0, so a zeroed hint never matches. */
atomic64_t pinless_stamps;
