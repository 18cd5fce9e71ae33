// SPDX-License-Identifier: GPL-2.0
/* Copyright (c) 2026 The pinless authors */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "t_link.h"
#include "t_module.h"

static struct {
	char dev[32], netdev[32];
} *links;
static unsigned int nr_links;

static const char *file(void)
{
	return getenv("PINLESS_TEST_MODULE");
}

/* The links of this machine, as "rdma link show" lists them. */
static void remember(void)
{
	FILE *f = popen("rdma link show", "r");
	char line[256], dev[32], netdev[32];

	while (f && fgets(line, sizeof(line), f)) {
		const char *n = strstr(line, " netdev ");

		if (sscanf(line, "link %31[^/]/", dev) != 1 || !n ||
		    sscanf(n, " netdev %31s", netdev) != 1)
			continue;
		if (!strcmp(dev, T_LINK) || !strncmp(dev, "rxe", 3) || !strncmp(dev, "siw", 3))
			continue;
		links = realloc(links, (nr_links + 1) * sizeof(*links));
		if (!links)
			t_die("no memory for the names of links");
		strcpy(links[nr_links].dev, dev);
		strcpy(links[nr_links++].netdev, netdev);
	}
	if (f)
		pclose(f);
}

void t_module_need(void)
{
	if (!file() && t_run("modprobe -n pinless"))
		t_skip("the module's file is not known: set PINLESS_TEST_MODULE");
	remember();
}

bool t_module_loaded(void)
{
	return !t_run("grep -q '^pinless ' /proc/modules");
}

void t_module_unload(void)
{
	t_check(!t_run("rmmod pinless"), "rmmod failed");
	t_check(!t_module_loaded(), "the module is still there");
}

void t_module_exec(void)
{
	if (file())
		execlp("insmod", "insmod", file(), NULL);
	else
		execlp("modprobe", "modprobe", "pinless", NULL);
}

void t_module_restore(void)
{
	unsigned int i;

	if (!t_module_loaded() &&
	    (file() ? t_run("insmod %s", file()) : t_run("modprobe pinless")))
		t_die("the module could not be loaded again");
	for (i = 0; i < nr_links; i++) {
		if (!t_link_exists(links[i].dev))
			t_check(!t_run("rdma link add %s type pinless netdev %s", links[i].dev,
				       links[i].netdev), "link %s could not be made again",
				links[i].dev);
	}
}
