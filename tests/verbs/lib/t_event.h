/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright (c) 2026 The pinless authors
 *
 * Asynchronous events of a device: waited for by type and object.
 */
#ifndef T_EVENT_H
#define T_EVENT_H

#include <infiniband/verbs.h>
#include <stdbool.h>

/**
 * t_event_wait - wait for an asynchronous event
 * @element: the struct ibv_qp or ibv_cq that it must be about, or NULL
 * @ms: time limit
 *
 * Events are acknowledged as they are read. Those that are not the one asked
 * for are kept for later calls.
 *
 * Return: whether it came.
 */
bool t_event_wait(struct ibv_context *ctx, enum ibv_event_type type, void *element,
		  unsigned int ms);

/** t_events_drop - forget all events that have come so far */
void t_events_drop(struct ibv_context *ctx);

#endif
