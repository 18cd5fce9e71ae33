/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef PINLESS_QUERY_H
#define PINLESS_QUERY_H

#include <rdma/ib_verbs.h>

int pinless_query_device(struct ib_device *ibdev, struct ib_device_attr *attr,
			 struct ib_udata *udata);
void pinless_get_dev_fw_str(struct ib_device *ibdev, char *str);
int pinless_query_port(struct ib_device *ibdev, u32 port,
		       struct ib_port_attr *attr);
int pinless_query_pkey(struct ib_device *ibdev, u32 port, u16 index, u16 *pkey);
enum rdma_link_layer pinless_get_link_layer(struct ib_device *ibdev, u32 port);
int pinless_get_port_immutable(struct ib_device *ibdev, u32 port,
			       struct ib_port_immutable *immutable);

#endif /* PINLESS_QUERY_H */
