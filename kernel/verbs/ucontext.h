/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef PINLESS_UCONTEXT_H
#define PINLESS_UCONTEXT_H

#include <rdma/ib_verbs.h>

/**
 * struct pinless_ucontext - a process that has the device open
 * @ibuctx: the core's part; its mmap_xa holds the queues that can be mapped
 */
struct pinless_ucontext {
	struct ib_ucontext ibuctx;
};

int pinless_alloc_ucontext(struct ib_ucontext *ibuctx, struct ib_udata *udata);
void pinless_dealloc_ucontext(struct ib_ucontext *ibuctx);
void pinless_disassociate_ucontext(struct ib_ucontext *ibuctx);

/* Copies a response to the provider; -EINVAL if it left no room for all of it. */
int pinless_respond(struct ib_udata *udata, const void *resp, size_t size);

#endif /* PINLESS_UCONTEXT_H */
