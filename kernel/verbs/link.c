// SPDX-License-Identifier: GPL-2.0
/* Copyright (c) 2026 The pinless authors */

#define pr_fmt(fmt) "pinless: " fmt

#include <linux/if_arp.h>
#include <linux/if_vlan.h>
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/rtnetlink.h>
#include <rdma/rdma_netlink.h>

#include "compat.h"
#include "uapi/pinless-abi.h"
#include "verbs/device.h"
#include "verbs/link.h"
#include "verbs/register.h"

/* Two links on one netdev at once: the second must see the first. */
static DEFINE_MUTEX(link_lock);

static struct ib_device *device_of_netdev(struct net_device *netdev)
{
	return ib_device_get_by_netdev(netdev, PINLESS_DRIVER_ID);
}

static int check_netdev(struct net_device *netdev)
{
	if (is_vlan_dev(netdev)) {
		pr_err("%s is a VLAN: make the link on %s, whose GID table has the addresses of its VLANs\n",
		       netdev->name, vlan_dev_real_dev(netdev)->name);
		return -EINVAL;
	}
	if (netdev->type != ARPHRD_ETHER && netdev->type != ARPHRD_LOOPBACK) {
		pr_err("%s is no Ethernet device (type %u): choose an Ethernet or dummy device, or lo\n",
		       netdev->name, netdev->type);
		return -EINVAL;
	}
	return 0;
}

/* One event for one change, from whichever side it is noticed. */
static void port_changed(struct pinless_device *pdev)
{
	struct ib_event event = {
		.device = &pdev->ibdev,
		.element.port_num = 1,
	};
	bool active = pinless_port_active(pdev);

	ASSERT_RTNL();
	if (pinless_core_port_event(&pdev->ibdev, pdev->netdev))
		return;
	if (pdev->active == active)
		return;
	pdev->active = active;
	event.event = active ? IB_EVENT_PORT_ACTIVE : IB_EVENT_PORT_ERR;
	ib_dispatch_event(&event);
}

/*
 * A netdev that changed before its device had been put into the hash of netdevs
 * did not find it there. Both state and unregistration change under the RTNL,
 * so either the notifier has seen the device, or this sees the change.
 */
static int catch_up(struct net_device *netdev)
{
	struct ib_device *ibdev;
	bool gone;

	rtnl_lock();
	gone = netdev->reg_state != NETREG_REGISTERED;
	ibdev = device_of_netdev(netdev);
	if (ibdev && !gone)
		port_changed(to_pdev(ibdev));
	rtnl_unlock();

	if (ibdev && gone)
		ib_unregister_device_and_put(ibdev);
	else if (ibdev)
		ib_device_put(ibdev);
	return gone ? -ENODEV : 0;
}

static int pinless_newlink(const char *name, struct net_device *netdev)
{
	struct ib_device *ibdev;
	int err;

	err = check_netdev(netdev);
	if (err)
		return err;

	mutex_lock(&link_lock);
	ibdev = device_of_netdev(netdev);
	if (ibdev) {
		pr_err("%s already has the device %s: use that, or remove it by \"rdma link delete\"\n",
		       netdev->name, dev_name(&ibdev->dev));
		ib_device_put(ibdev);
		err = -EEXIST;
	} else {
		err = pinless_device_create(name, netdev);
		if (!err)
			err = catch_up(netdev);
	}
	mutex_unlock(&link_lock);
	return err;
}

static struct rdma_link_ops pinless_link_ops = {
	.type = "pinless",
	.newlink = pinless_newlink,
};

static int netdev_event(struct notifier_block *nb, unsigned long event,
			void *info)
{
	struct ib_device *ibdev;

	switch (event) {
	case NETDEV_UP:
	case NETDEV_DOWN:
	case NETDEV_CHANGE:
	case NETDEV_UNREGISTER:
		break;
	default:
		return NOTIFY_DONE;
	}

	ibdev = device_of_netdev(netdev_notifier_info_to_dev(info));
	if (!ibdev)
		return NOTIFY_DONE;

	/* Unregistering waits for users, which may wait for the RTNL. */
	if (event == NETDEV_UNREGISTER)
		ib_unregister_device_queued(ibdev);
	else
		port_changed(to_pdev(ibdev));
	ib_device_put(ibdev);
	return NOTIFY_DONE;
}

static struct notifier_block netdev_notifier = {
	.notifier_call = netdev_event,
};

/**
 * pinless_link_init() - let devices be made
 *
 * Context: process context, may sleep.
 * Return: 0, or a negative errno.
 */
int pinless_link_init(void)
{
	int err;

	err = register_netdevice_notifier(&netdev_notifier);
	if (err)
		return err;
	rdma_link_register(&pinless_link_ops);
	return 0;
}

/**
 * pinless_link_exit() - remove all devices, and let no more be made
 *
 * rdma_link_unregister() waits for a newlink() that runs. The notifier goes
 * last: taking it off tells it the end of every netdev there is.
 *
 * Context: process context, may sleep. When it returns, no op of struct
 * ib_device_ops is running, and none will.
 */
void pinless_link_exit(void)
{
	rdma_link_unregister(&pinless_link_ops);
	ib_unregister_driver(PINLESS_DRIVER_ID);
	unregister_netdevice_notifier(&netdev_notifier);
}

MODULE_ALIAS_RDMA_LINK("pinless");
