// SPDX-License-Identifier: GPL-2.0
/* Copyright (c) 2026 The pinless authors */
#include <fcntl.h>
#include <poll.h>
#include <string.h>

#include "t_event.h"
#include "t_test.h"

static struct {
	struct ibv_context *ctx;
	enum ibv_event_type type;
	void *element;
} kept[256];
static unsigned int nr_kept;

static bool readable(struct ibv_context *ctx, int ms)
{
	struct pollfd p = { .fd = ctx->async_fd, .events = POLLIN };

	return poll(&p, 1, ms) > 0 && (p.revents & POLLIN);
}

static void collect(struct ibv_context *ctx, int ms)
{
	struct ibv_async_event ev;

	while (readable(ctx, ms)) {
		if (ibv_get_async_event(ctx, &ev))
			return;
		if (nr_kept < T_ARRAY_SIZE(kept)) {
			kept[nr_kept].ctx = ctx;
			kept[nr_kept].type = ev.event_type;
			kept[nr_kept++].element = ev.element.qp;
		}
		ibv_ack_async_event(&ev);
		ms = 0;
	}
}

static bool take(struct ibv_context *ctx, enum ibv_event_type type, void *element)
{
	unsigned int i;

	for (i = 0; i < nr_kept; i++) {
		if (kept[i].ctx != ctx || kept[i].type != type ||
		    (element && kept[i].element != element))
			continue;
		kept[i] = kept[--nr_kept];
		return true;
	}
	return false;
}

bool t_event_wait(struct ibv_context *ctx, enum ibv_event_type type, void *element,
		  unsigned int ms)
{
	uint64_t end = t_ms() + ms;

	for (;;) {
		uint64_t now = t_ms();

		if (take(ctx, type, element))
			return true;
		if (now >= end)
			break;
		collect(ctx, end - now);
	}
	collect(ctx, 0);
	return take(ctx, type, element);
}

void t_events_drop(struct ibv_context *ctx)
{
	unsigned int i;

	collect(ctx, 0);
	for (i = 0; i < nr_kept;) {
		if (kept[i].ctx == ctx)
			kept[i] = kept[--nr_kept];
		else
			i++;
	}
}
