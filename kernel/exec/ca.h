/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef PINLESS_CA_H
#define PINLESS_CA_H

#include <linux/xarray.h>
#include <rdma/ib_verbs.h>

#include "exec/window.h"

/**
 * struct pinless_ca - a channel adapter: what requests know of a device
 * @ibdev:    the core's part of the device
 * @qps:      struct pinless_qpc by QP number, read under RCU; its xa_lock
 *            allocates and erases
 * @next_qpn: where the search for a free QP number begins; under the xa_lock of
 *            @qps
 * @keys:     the keys of its regions
 * @node:     in the list of adapters that peers are looked for on
 */
struct pinless_ca {
	struct ib_device *ibdev;
	struct xarray qps;
	u32 next_qpn;
	struct pinless_keys keys;
	struct list_head node;
};

#endif /* PINLESS_CA_H */
