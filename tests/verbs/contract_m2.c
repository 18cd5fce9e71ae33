// SPDX-License-Identifier: GPL-2.0
/*
 * Description: rule M2: when an invalidation has returned, the device no longer touches the
 * pages, though it writes to their addresses without pause; what it writes from then on is in the
 * pages that are there instead.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include "t_traffic.h"

#define PAGES	16
#define ROUNDS	60

int main(void)
{
	struct t_stream s;
	struct t_twin t;
	struct t_dev d;
	unsigned int i;

	t_start(60);
	d = t_dev_open();
	t_need_odp(&d);
	if (!d.pinless)
		t_skip("a rule of the driver pinless");
	t_stream_open(&s, &d, &t, PAGES * T_PAGE);
	t_stream_start(&s);
	t_case("other pages mapped over those that are written");
	for (i = 0; i < ROUNDS && t_stream_wait(&s, PAGES); i++) {
		t_twin_swap(&t);
		/* One that was under way has ended; all others have begun after. */
		t_stream_wait(&s, PAGES + 1);
		t_twin_untouched(&t, "pages that were unmapped before");
	}
	if (!t_failures())
		t_check(s.done >= ROUNDS * 2 * PAGES, "WRITEs: expected %d or more, seen %llu",
			ROUNDS * 2 * PAGES, (unsigned long long)s.done);
	t_stream_close(&s);
	t_dev_close(&d);
	return t_finish();
}
