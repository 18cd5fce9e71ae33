/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef ODPLAT_INVALIDATE_H
#define ODPLAT_INVALIDATE_H

#include "cases/job.h"

/**
 * use_area() - have the NIC write all of @area; the bytes are checked
 * @mr: a region over it
 * @row: gets the verdict; may be NULL
 *
 * The target's warm store must be ready. Return: 0 or a negative errno.
 */
int use_area(struct bench *bench, const struct area *area, const struct ibv_mr *mr,
	     struct row *row, struct message *why);

/**
 * discard() - release the memory of @area, measured
 * @unmap: by munmap(), else by MADV_DONTNEED
 * @row: gets the sample; may be NULL
 *
 * Return: 0 or a negative errno.
 */
int discard(const struct area *area, bool unmap, struct row *row, struct message *why);

/**
 * check_discarded() - what was discarded reads as zeros, for the NIC too
 *
 * Looks at the first and the last part of @area, which a device may have cached. Return: 0 or a
 * negative errno.
 */
int check_discarded(struct bench *bench, const struct area *area, const struct ibv_mr *mr,
		    struct row *row, struct message *why);

#endif
