/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef ODPLAT_CREW_H
#define ODPLAT_CREW_H

#include "cases/job.h"

/** CREW_FAULTS - faults that each member takes in one batch, beside one that is not measured */
#define CREW_FAULTS	24

/** CREW_MOST - most members of a crew; their faults of a batch must find room in one huge page */
#define CREW_MOST	16

/**
 * crew_run() - several queue pairs fault at the same time
 * @choice: the device
 * @sharing: what the faults have in common
 * @members: number of queue pairs, up to CREW_MOST; each is rung by a thread of its own, or with
 * SHARING_NOTHING by a process of its own
 * @batches: how often
 * @row: gets one sample for each batch: the time from the first start to the last end, divided by
 * the number of faults; may be NULL
 * @why: out, on failure
 *
 * Each fault is a WRITE of 8 bytes to a page never touched before; the bytes are checked.
 *
 * Return: 0 or a negative errno.
 */
int crew_run(const struct choice *choice, enum sharing sharing, unsigned int members,
	     unsigned int batches, struct row *row, struct message *why);

#endif
