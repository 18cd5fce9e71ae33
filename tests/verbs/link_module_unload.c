// SPDX-License-Identifier: GPL-2.0
/*
 * Description: the module is unloaded while processes move data: every link goes, the processes
 * get a device-fatal event and can end; after loading it again, links work.
 *
 * The links that were there are made again. PINLESS_TEST_MODULE names the module's file; without
 * it, modprobe must find the module.
 *
 * Copyright (c) 2026 The pinless authors
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "t_link.h"

static struct {
	char dev[32], netdev[32];
} links[64];
static unsigned int nr_links;

/* The links of this machine, as "rdma link show" lists them. */
static void remember(void)
{
	FILE *f = popen("rdma link show", "r");
	char line[256], dev[32], netdev[32];

	while (f && fgets(line, sizeof(line), f) && nr_links < T_ARRAY_SIZE(links)) {
		const char *n = strstr(line, " netdev ");

		if (sscanf(line, "link %31[^/]/", dev) != 1 || !n ||
		    sscanf(n, " netdev %31s", netdev) != 1)
			continue;
		if (!strcmp(dev, T_LINK) || !strncmp(dev, "rxe", 3) || !strncmp(dev, "siw", 3))
			continue;
		strcpy(links[nr_links].dev, dev);
		strcpy(links[nr_links++].netdev, netdev);
	}
	if (f)
		pclose(f);
}

static void load(void)
{
	const char *file = getenv("PINLESS_TEST_MODULE");
	unsigned int i;

	if (file ? t_run("insmod %s", file) : t_run("modprobe pinless"))
		t_die("the module could not be loaded again");
	for (i = 0; i < nr_links; i++) {
		if (!t_link_exists(links[i].dev))
			t_check(!t_run("rdma link add %s type pinless netdev %s", links[i].dev,
				       links[i].netdev), "link %s could not be made again", links[i].dev);
	}
}

int main(void)
{
	const char *file = getenv("PINLESS_TEST_MODULE");
	struct t_traffic t[T_KINDS];
	int round, k;

	t_start(120);
	t_link_need();
	if (!file && t_run("modprobe -n pinless"))
		t_skip("the module's file is not known: set PINLESS_TEST_MODULE");
	remember();
	for (round = 0; round < 2; round++) {
		t_case("round %d", round);
		t_link_add();
		for (k = 0; k < T_KINDS; k++)
			t[k] = t_traffic_start(k);
		t_check(!t_run("rmmod pinless"), "rmmod failed");
		t_check(t_run("grep -q '^pinless ' /proc/modules"), "the module is still there");
		for (k = 0; k < T_KINDS; k++)
			t_traffic_end(&t[k], true);
		load();
	}
	t_link_clean();
	return t_finish();
}
