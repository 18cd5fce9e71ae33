// SPDX-License-Identifier: GPL-2.0
// Copyright (c) 2026 The pinless authors
#include "rdma/device.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

static const char no_device[] =
	"there is no RDMA device: make one, for example with "
	"\"rdma link add pinless0 type pinless netdev lo\" or \"rdma link add rxe0 type rxe netdev eth0\"";

static struct ibv_device **get_list(int *count, char *why, size_t size)
{
	struct ibv_device **list = ibv_get_device_list(count);

	if (!list)
		snprintf(why, size, "the RDMA devices cannot be listed: %s%s", errno_name(errno),
			 errno == ENOSYS ? "; the kernel has no uverbs: \"modprobe ib_uverbs\""
					 : "");
	return list;
}

int list_devices(char ***names, char *why, size_t size)
{
	struct ibv_device **list;
	int count = 0;

	*names = NULL;
	list = get_list(&count, why, size);
	if (!list)
		return -ENODEV;
	*names = calloc((size_t)count + 1, sizeof(**names));
	if (!*names)
		goto err_free_list;
	for (int i = 0; i < count; i++) {
		(*names)[i] = strdup(ibv_get_device_name(list[i]));
		if (!(*names)[i])
			goto err_free_names;
	}
	ibv_free_device_list(list);
	if (!count)
		snprintf(why, size, "%s", no_device);
	return count;

err_free_names:
	free_device_names(*names);
err_free_list:
	ibv_free_device_list(list);
	snprintf(why, size, "out of memory");
	return -ENOMEM;
}

void free_device_names(char **names)
{
	for (char **name = names; name && *name; name++)
		free(*name);
	free(names);
}

struct ibv_context *open_named_device(const char *name, char *why, size_t size)
{
	struct ibv_context *context = NULL;
	struct ibv_device **list;
	int count = 0, error;

	list = get_list(&count, why, size);
	if (!list)
		return NULL;
	if (count)
		snprintf(why, size,
			 "there is no RDMA device %s: \"ibv_devices\" lists those that are there",
			 name);
	else
		snprintf(why, size, "%s", no_device);
	for (int i = 0; i < count && !context; i++) {
		if (strcmp(ibv_get_device_name(list[i]), name))
			continue;
		errno = 0;
		context = ibv_open_device(list[i]);
		if (context)
			break;
		error = errno ? errno : EIO;
		if (error == EACCES || error == EPERM)
			snprintf(why, size,
				 "%s may not be opened: run as root, or give this user access to /dev/infiniband/%s",
				 name, list[i]->dev_name);
		else
			snprintf(why, size, "%s cannot be opened: %s", name, errno_name(error));
	}
	ibv_free_device_list(list);
	return context;
}

enum address_rank { RANK_NONE, RANK_LINK_LOCAL, RANK_IPV6, RANK_IPV4 };

static enum address_rank rank_gid(const union ibv_gid *gid)
{
	const struct in6_addr *address = (const struct in6_addr *)gid->raw;

	if (IN6_IS_ADDR_UNSPECIFIED(address))
		return RANK_NONE;
	if (IN6_IS_ADDR_V4MAPPED(address))
		return RANK_IPV4;
	return IN6_IS_ADDR_LINKLOCAL(address) ? RANK_LINK_LOCAL : RANK_IPV6;
}

static int choose_gid(struct ibv_context *context, const struct ibv_port_attr *attr, int wanted,
		      struct choice *choice, char *why, size_t size)
{
	enum address_rank best = RANK_NONE;
	struct ibv_gid_entry entry;

	choice->gid_index = -1;
	for (int i = 0; i < attr->gid_tbl_len; i++) {
		enum address_rank rank;

		if (wanted != DEVICE_ANY_GID && i != wanted)
			continue;
		if (ibv_query_gid_ex(context, choice->port, (uint32_t)i, &entry, 0) ||
		    entry.gid_type != IBV_GID_TYPE_ROCE_V2)
			continue;
		rank = rank_gid(&entry.gid);
		if (rank > best) {
			best = rank;
			choice->gid_index = i;
			choice->gid = entry.gid;
		}
	}
	if (best != RANK_NONE)
		return 0;
	if (wanted != DEVICE_ANY_GID)
		snprintf(why, size,
			 "%s port %u has no RoCEv2 GID at index %d: see \"ibv_devinfo -v -d %s\"",
			 choice->name, choice->port, wanted, choice->name);
	else
		snprintf(why, size,
			 "%s port %u has no RoCEv2 GID: give its network interface an address and set it up, "
			"for example \"ip addr add 192.0.2.1/24 dev DEV; ip link set DEV up\"",
			choice->name, choice->port);
	return -EADDRNOTAVAIL;
}

static int choose_port(struct ibv_context *context, unsigned int ports, uint8_t wanted,
		       struct choice *choice, struct ibv_port_attr *attr, char *why, size_t size)
{
	const char *state = "DOWN";

	for (unsigned int port = 1; port <= ports; port++) {
		if (wanted != DEVICE_ANY_PORT && port != wanted)
			continue;
		if (ibv_query_port(context, (uint8_t)port, attr))
			continue;
		if (attr->state == IBV_PORT_ACTIVE) {
			choice->port = (uint8_t)port;
			return 0;
		}
		state = ibv_port_state_str(attr->state);
	}
	if (wanted > ports)
		snprintf(why, size, "%s has no port %u: it has %u", choice->name, wanted, ports);
	else
		snprintf(why, size,
			 "%s: no port is active (%s): set its network interface up, \"ip link set DEV up\"",
			choice->name, state);
	return -ENETDOWN;
}

static int read_capabilities(struct ibv_context *context, struct choice *choice,
			     unsigned int *ports, char *why, size_t size)
{
	struct ibv_device_attr_ex attr = { 0 };
	int depth;

	if (ibv_query_device_ex(context, NULL, &attr)) {
		snprintf(why, size, "%s cannot be queried: %s", choice->name, errno_name(errno));
		return -EIO;
	}
	if (!(attr.odp_caps.general_caps & IBV_ODP_SUPPORT)) {
		snprintf(why, size,
			 "%s has no on-demand paging: use a device that has it (pinless, ConnectX, rxe in new kernels)",
			choice->name);
		return -EOPNOTSUPP;
	}
	choice->implicit = attr.odp_caps.general_caps & IBV_ODP_SUPPORT_IMPLICIT;
	choice->rc_odp = attr.odp_caps.per_transport_caps.rc_odp_caps;
	choice->atomics = attr.orig_attr.atomic_cap != IBV_ATOMIC_NONE;
	depth = attr.orig_attr.max_qp_rd_atom < attr.orig_attr.max_qp_init_rd_atom ?
		attr.orig_attr.max_qp_rd_atom : attr.orig_attr.max_qp_init_rd_atom;
	choice->read_depth = depth < 0 ? 0 : depth > 16 ? 16 : (unsigned int)depth;
	*ports = attr.orig_attr.phys_port_cnt;
	return 0;
}

int choose_device(const char *name, uint8_t port, int gid_index, struct choice *choice, char *why,
		  size_t size)
{
	struct ibv_context *context = open_named_device(name, why, size);
	struct ibv_port_attr attr;
	unsigned int ports;
	int err;

	if (!context)
		return -ENODEV;
	memset(choice, 0, sizeof(*choice));
	choice->gid_index = -1;
	snprintf(choice->name, sizeof(choice->name), "%s", name);
	err = read_capabilities(context, choice, &ports, why, size);
	if (!err)
		err = choose_port(context, ports, port, choice, &attr, why, size);
	if (err)
		goto close;
	choice->mtu = attr.active_mtu;
	choice->lid = attr.lid;
	if (attr.link_layer == IBV_LINK_LAYER_ETHERNET)
		err = choose_gid(context, &attr, gid_index, choice, why, size);
close:
	ibv_close_device(context);
	return err;
}
