/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef PINLESS_PEER_H
#define PINLESS_PEER_H

#include <rdma/ib_verbs.h>

struct pinless_ca;
struct pinless_qpc;

void pinless_peer_add_ca(struct pinless_ca *ca);
void pinless_peer_del_ca(struct pinless_ca *ca);
struct pinless_qpc *pinless_peer_find(const union ib_gid *dgid, u64 net,
				      u32 qpn);

#endif /* PINLESS_PEER_H */
