/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef PINLESS_COUNTERS_H
#define PINLESS_COUNTERS_H

/*
 * All that is counted. The driver takes its enum, hw_counters and netlink names
 * from these lists, docs/counters.md its tables, and tests/verbs/counters_names
 * the names to look for. Programs include this file, so it includes nothing.
 */

/* Of a port: X(enum member, name, what it counts). */
#define PINLESS_COUNTERS(X) \
	X(FAULTS, "odp_faults", \
	  "pages that an access found missing and that were faulted") \
	X(FAULTS_INITIATOR, "odp_faults_initiator", \
	  "those of them in the memory of the side that posted the request") \
	X(FAULTS_TARGET, "odp_faults_target", \
	  "those of them in the memory of the other side, receive buffers included") \
	X(FAULTS_MINOR, "odp_faults_minor", \
	  "page faults of the kernel that these and prefetches led to, nothing read from a disk") \
	X(FAULTS_MAJOR, "odp_faults_major", \
	  "the same, with something read from a disk or from swap, or waited for") \
	X(FAULT_CALLS, "odp_fault_calls", \
	  "times that missing pages were asked of the kernel") \
	X(FAULT_RETRIES, "odp_fault_retries", \
	  "times that an invalidation collided with a fault") \
	X(FAULT_DEFERRED, "odp_faults_deferred", \
	  "faults handed to a worker because they may sleep") \
	X(FAULT_ERRORS, "odp_fault_errors", \
	  "faults and prefetches that failed, for whatever reason") \
	X(FAULT_UNMAPPED, "odp_fault_err_unmapped", \
	  "those of them that found no memory there, none that may be read, or none left") \
	X(FAULT_DENIED, "odp_fault_err_denied", \
	  "those of them that found memory without the right to write it") \
	X(FAULT_COLLIDED, "odp_fault_err_collided", \
	  "those of them that gave up because invalidations kept colliding") \
	X(FAULT_NOMEM, "odp_fault_err_nomem", \
	  "those of them for which the driver got no memory for itself") \
	X(PREFETCHED, "odp_prefetched", \
	  "pages brought in by ibv_advise_mr") \
	X(NEIGHBOURS, "odp_neighbours", \
	  "pages present for the CPU that were taken along") \
	X(DROPPED, "odp_dropped", \
	  "pages that invalidations took: all odp_inval_* but odp_inval_protect_page") \
	X(DROP_CALLS, "odp_drop_calls", \
	  "times that an invalidation took pages, or their write permission, from 2 MiB") \
	X(INVAL_UNMAP, "odp_inval_unmap", \
	  "pages dropped by munmap, mremap (MMU_NOTIFY_UNMAP)") \
	X(INVAL_CLEAR, "odp_inval_clear", \
	  "pages dropped by madvise, reclaim, COW, KSM, THP, migration (MMU_NOTIFY_CLEAR)") \
	X(INVAL_PROTECT_VMA, "odp_inval_protect_vma", \
	  "pages dropped by mprotect and the like (MMU_NOTIFY_PROTECTION_VMA)") \
	X(INVAL_PROTECT_PAGE, "odp_inval_protect_page", \
	  "pages made read-only by fork, write-back (MMU_NOTIFY_PROTECTION_PAGE); not dropped") \
	X(INVAL_SOFT_DIRTY, "odp_inval_soft_dirty", \
	  "pages dropped by /proc/PID/clear_refs (MMU_NOTIFY_SOFT_DIRTY)") \
	X(INVAL_RELEASE, "odp_inval_release", \
	  "pages dropped by the end of the process, or exec (MMU_NOTIFY_RELEASE)") \
	X(INVAL_MIGRATE, "odp_inval_migrate", \
	  "pages dropped by migration to a device (MMU_NOTIFY_MIGRATE)") \
	X(INVAL_EXCLUSIVE, "odp_inval_exclusive", \
	  "pages dropped for the exclusive use of a device (MMU_NOTIFY_EXCLUSIVE)") \
	X(INVAL_OTHER, "odp_inval_other", \
	  "pages dropped by events that this driver does not know") \
	X(SHRUNK, "odp_shrunk", \
	  "pages dropped because the kernel, or the memory cgroup, needed memory") \
	X(SHRINKS, "odp_shrinks", \
	  "tables of 512 pages, not empty, that were given up for that") \
	X(TABLE_BYTES, "odp_table_bytes", \
	  "bytes that the translations of all devices take now; the one that also falls") \
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
	  "times that the destination did not answer") \
	X(CQ_OVERFLOWS, "cq_overflows", \
	  "completion queues that overflowed")

/* Of a region: X(member of struct pinless_account, name, what it counts). */
#define PINLESS_REGION_COUNTERS(X) \
	X(faults, "page_faults", \
	  "pages that accesses through the region found missing") \
	X(invalidations, "page_invalidations", \
	  "pages that the region brought in and that invalidations took; not those of odp_shrunk") \
	X(prefetched, "page_prefetch", \
	  "pages that ibv_advise_mr brought in for the region")

/* Histograms of a device: X(enum member, name, what is counted by its size). */
#define PINLESS_HISTOGRAMS(X) \
	X(FAULT, "fault_ns", \
	  "faults and prefetches, by the nanoseconds from beginning to end") \
	X(FAULT_LOCK, "fault_lock_ns", \
	  "the same, by the nanoseconds of the stage lock") \
	X(FAULT_HMM, "fault_hmm_ns", \
	  "the same, by the nanoseconds of the stage hmm") \
	X(FAULT_COMMIT, "fault_commit_ns", \
	  "the same, by the nanoseconds of the stage commit") \
	X(FAULT_PAGES, "fault_pages", \
	  "the same, by the pages that were missing and have been brought in") \
	X(COPY, "copy_ns", \
	  "steps of a request after a fault that was served in place") \
	X(INVALIDATE, "invalidate_ns", \
	  "invalidations that took pages, or their write permission, from 2 MiB")

#endif /* PINLESS_COUNTERS_H */
