// SPDX-License-Identifier: GPL-2.0
/* Copyright (c) 2026 The pinless authors */
#include <stdio.h>
#include <string.h>

#include "t_dev.h"
#include "t_leak.h"
#include "t_test.h"

#define SETTLE_MS	5000

/* "0: NAME: pd 1 cq 2 qp 2 cm_id 0 mr 4 ctx 1"; empty when it cannot be read. */
static void in_use(struct t_leak *l)
{
	char cmd[128];
	FILE *f;

	l->text[0] = '\0';
	snprintf(cmd, sizeof(cmd), "rdma resource show %s 2>/dev/null", t_dev_name());
	f = popen(cmd, "r");
	if (!f)
		return;
	if (!fgets(l->text, sizeof(l->text), f))
		l->text[0] = '\0';
	pclose(f);
}

void t_leak_begin(struct t_leak *l)
{
	uint64_t end = t_ms() + t_scale(SETTLE_MS);
	struct t_leak now;

	/* Objects of the previous program may still be going away. */
	in_use(l);
	for (;;) {
		t_sleep_ms(100);
		in_use(&now);
		if (!strcmp(now.text, l->text) || t_ms() > end)
			break;
		*l = now;
	}
}

void t_leak_end(const struct t_leak *l)
{
	uint64_t end = t_ms() + t_scale(SETTLE_MS);
	struct t_leak now;

	if (!l->text[0])
		return;
	for (;;) {
		in_use(&now);
		if (!strcmp(now.text, l->text) || t_ms() > end)
			break;
		t_sleep_ms(50);
	}
	t_check(!strcmp(now.text, l->text), "objects in use: expected as before, %sseen %s",
		l->text, now.text);
}
