// SPDX-License-Identifier: GPL-2.0
/* Copyright (c) 2026 The pinless authors */
#include <net/netlink.h>
#include <rdma/rdma_netlink.h>
#include <rdma/restrack.h>

#include "mm/account.h"
#include "verbs/mr.h"
#include "verbs/restrack.h"

#define X(member, name, text) {name, offsetof(struct pinless_account, member)},
static const struct {
	const char *name;
	size_t offset;
} region_counters[] = {
	PINLESS_REGION_COUNTERS(X)
};

#undef X

static const atomic64_t *region_counter(const struct pinless_account *account,
					size_t i)
{
	return (const void *)account + region_counters[i].offset;
}

/**
 * pinless_fill_stat_mr_entry() - what "rdma statistic show mr" prints
 * @msg:  netlink message
 * @ibmr: the region; nothing is added for one that is not ODP
 *
 * Context: process context; the core keeps the region.
 * Return: 0 or -EMSGSIZE.
 */
int pinless_fill_stat_mr_entry(struct sk_buff *msg, struct ib_mr *ibmr)
{
	struct pinless_mr *mr = to_pmr(ibmr);
	struct pinless_account *account = mr->window.mem.account;
	struct nlattr *table;
	size_t i;
	u64 value;

	if (!pinless_window_odp(&mr->window))
		return 0;
	table = nla_nest_start(msg, RDMA_NLDEV_ATTR_STAT_HWCOUNTERS);
	if (!table)
		return -EMSGSIZE;
	for (i = 0; i < ARRAY_SIZE(region_counters); i++) {
		value = atomic64_read(region_counter(account, i));
		if (rdma_nl_stat_hwcounter_entry(msg, region_counters[i].name,
						 value)) {
			nla_nest_cancel(msg, table);
			return -EMSGSIZE;
		}
	}
	nla_nest_end(msg, table);
	return 0;
}

/**
 * pinless_fill_res_mr_entry() - what "rdma resource show mr -dd" adds
 * @msg:  netlink message
 * @ibmr: the region; nothing is added for one that is not ODP
 *
 * Context: process context; the core keeps the region.
 * Return: 0 or -EMSGSIZE.
 */
int pinless_fill_res_mr_entry(struct sk_buff *msg, struct ib_mr *ibmr)
{
	struct pinless_mr *mr = to_pmr(ibmr);
	struct nlattr *table;

	if (!pinless_window_odp(&mr->window))
		return 0;
	table = nla_nest_start(msg, RDMA_NLDEV_ATTR_DRIVER);
	if (!table)
		return -EMSGSIZE;
	if (rdma_nl_put_driver_string(msg, "odp", mr->implicit ?
				      "implicit" : "explicit")) {
		nla_nest_cancel(msg, table);
		return -EMSGSIZE;
	}
	nla_nest_end(msg, table);
	return 0;
}
