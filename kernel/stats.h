/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef PINLESS_STATS_H
#define PINLESS_STATS_H

#include <linux/percpu.h>
#include <linux/types.h>
#include <rdma/ib_verbs.h>

/*
 * The port counters: X(enum member, name in hw_counters, what it counts).
 * Enum, netlink names and the table of docs/counters.md come from this list.
 */
#define PINLESS_COUNTERS(X) \
	X(FAULTS, "odp_faults", \
	  "pages that an access found missing and that were faulted") \
	X(FAULT_CALLS, "odp_fault_calls", \
	  "times that missing pages were asked of the kernel") \
	X(FAULT_RETRIES, "odp_fault_retries", \
	  "times that an invalidation collided with a fault") \
	X(FAULT_ERRORS, "odp_fault_errors", \
	  "faults that found no usable memory") \
	X(FAULT_DEFERRED, "odp_faults_deferred", \
	  "faults handed to a worker because they may sleep") \
	X(PREFETCHED, "odp_prefetched", \
	  "pages brought in by ibv_advise_mr") \
	X(NEIGHBOURS, "odp_neighbours", \
	  "pages present for the CPU that were taken along") \
	X(INVAL_UNMAP, "odp_inval_unmap", \
	  "pages dropped by munmap, mremap or exit") \
	X(INVAL_CLEAR, "odp_inval_clear", \
	  "pages dropped by madvise, reclaim, COW, KSM, THP") \
	X(INVAL_PROTECT, "odp_inval_protect", \
	  "pages dropped or made read-only by mprotect, fork, write-back") \
	X(INVAL_OTHER, "odp_inval_other", \
	  "pages dropped by migration, soft-dirty and other events") \
	X(SHRUNK, "odp_shrunk", \
	  "pages dropped because the kernel needed memory") \
	X(SEND_WQES, "send_wqes", \
	  "send work requests executed") \
	X(RECV_WQES, "recv_wqes", \
	  "receive work requests consumed") \
	X(BYTES, "bytes_copied", \
	  "bytes copied from page to page") \
	X(DEFERRED, "sendq_deferred", \
	  "times that a send queue was handed to a worker") \
	X(RNR, "rnr_waits", \
	  "times that a message waited for receive work") \
	X(TIMEOUTS, "ack_timeouts", \
	  "times that nobody answered at the destination") \
	X(CQ_OVERFLOWS, "cq_overflows", \
	  "completion queues that overflowed")

#define X(member, name, text) PINLESS_CNT_##member,
enum pinless_counter {
	PINLESS_COUNTERS(X)
	PINLESS_CNT_COUNT
};

#undef X

struct pinless_counter_values {
	u64 v[PINLESS_CNT_COUNT];
};

/**
 * struct pinless_counters - the counters of one device
 * @pcpu: one set for each CPU; summed up when read
 */
struct pinless_counters {
	struct pinless_counter_values __percpu *pcpu;
};

/**
 * pinless_count() - add to a port counter
 * @c:       counters of the device; NULL counts nothing
 * @counter: which
 * @n:       how many
 *
 * Context: any.
 */
static inline void pinless_count(struct pinless_counters *c,
				 enum pinless_counter counter, u64 n)
{
	if (c)
		this_cpu_add(c->pcpu->v[counter], n);
}

int pinless_counters_init(struct pinless_counters *c);
void pinless_counters_destroy(struct pinless_counters *c);

extern const struct rdma_stat_desc pinless_stat_descs[PINLESS_CNT_COUNT];
struct rdma_hw_stats *pinless_alloc_hw_port_stats(struct ib_device *ibdev,
						  u32 port);
int pinless_get_hw_stats(struct ib_device *ibdev, struct rdma_hw_stats *stats,
			 u32 port, int index);

#endif /* PINLESS_STATS_H */
