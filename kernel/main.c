// SPDX-License-Identifier: GPL-2.0
/* Copyright (c) 2026 The pinless authors */

#include <linux/module.h>
#include <linux/rcupdate.h>
#include <rdma/ib_verbs.h>

#include "uapi/pinless-abi.h"
#include "obs/hist.h"
#include "mm/account.h"
#include "mm/mirror.h"
#include "mm/slow.h"
#include "exec/qpc.h"
#include "verbs/link.h"

static int __init pinless_init(void)
{
	int err;

	err = pinless_account_init();
	if (err)
		return err;

	err = pinless_mirror_init();
	if (err)
		goto err_account;

	err = pinless_qpc_init();
	if (err)
		goto err_mirror;

	err = pinless_slow_init();
	if (err)
		goto err_qpc;

	pinless_hist_init();
	err = pinless_link_init();
	if (err)
		goto err_hist;

	return 0;

err_hist:
	pinless_hist_exit();
	pinless_slow_exit();
err_qpc:
	pinless_qpc_exit();
err_mirror:
	pinless_mirror_exit();
err_account:
	pinless_account_exit();
	rcu_barrier();
	return err;
}

/*
 * Open files of /dev/infiniband hold no reference to the module, so it may be
 * unloaded while processes have contexts open. pinless_link_exit() returns when
 * every device is gone, and all objects of all contexts with it: no op is
 * running and none can start. What is left is queued work and RCU callbacks;
 * wait for them one after the other.
 */
static void __exit pinless_exit(void)
{
	pinless_link_exit();
	pinless_hist_exit();
	/*
	 * A slow fault under way may queue work of its queue pair, so the former
	 * go first; prefetches, all of whose regions are gone, end at their next
	 * leaf.
	 */
	pinless_slow_exit();
	pinless_qpc_exit();
	pinless_mirror_exit();
	pinless_account_exit();
	rcu_barrier();
}

module_init(pinless_init);
module_exit(pinless_exit);

MODULE_DESCRIPTION("Software RDMA NIC whose memory regions are never pinned");
MODULE_AUTHOR("The pinless authors");
MODULE_LICENSE("GPL");
MODULE_VERSION(PINLESS_VERSION);
