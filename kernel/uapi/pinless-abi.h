/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR Linux-OpenIB */
/*
 * Copyright (c) 2026 The pinless authors
 *
 * The user ABI of pinless: what the provider and the driver share.
 *
 * Queues are memory of the kernel, mapped into the process. Whatever the
 * process can write, the kernel copies once and then checks the copy; nothing
 * in a queue is trusted, and no index in a queue is used before it has been
 * brought into range. docs/abi.md explains the protocols.
 */
#ifndef PINLESS_ABI_H
#define PINLESS_ABI_H

#include <linux/types.h>

/* Version of this file; the provider refuses a driver that speaks another. */
#define PINLESS_ABI_VERSION	1

/*
 * The driver id of pinless. It is no member of enum rdma_driver_id, which ends
 * far below; libibverbs and the kernel only compare it.
 */
#define PINLESS_DRIVER_ID	0x706e6c73u	/* "pnls" */

/*
 * struct pinless_map - a queue to map
 * @offset: what to pass to mmap() of the command file descriptor, in bytes
 * @length: bytes to map, a multiple of the page size
 */
struct pinless_map {
	__aligned_u64 offset;
	__aligned_u64 length;
};

/* Responses of create commands, after the core's own part. */

struct pinless_uresp_alloc_ucontext {
	__u32 abi_version;	/* PINLESS_ABI_VERSION */
	__u32 max_inline;	/* largest max_inline_data that create_qp takes */
	__u32 max_sge;
	__u32 reserved;
};

/*
 * One mapping: struct pinless_cq_ctl in the first PINLESS_CTL_BYTES, then cqe
 * entries of struct pinless_cqe.
 */
struct pinless_uresp_create_cq {
	struct pinless_map map;
	__u32 cqn;
	__u32 cqe;		/* number of entries, a power of two */
};

/*
 * Two mappings: the send queue (struct pinless_sq_ctl, then entries) and the
 * receive queue (struct pinless_rq_ctl, then entries). A queue without entries
 * has a map of length 0.
 */
struct pinless_uresp_create_qp {
	struct pinless_map sq;
	struct pinless_map rq;
	__u32 qpn;
	__u32 sq_entries;	/* powers of two */
	__u32 rq_entries;
	__u32 sq_stride;	/* bytes from entry to entry */
	__u32 rq_stride;
	__u32 max_inline;
};

/* Entries begin this many bytes after the start of a mapping. */
#define PINLESS_CTL_BYTES	64

/*
 * Indices are free-running 32-bit counters: entry i lies in slot
 * i & (entries - 1). Full is prod - cons == entries.
 */

/*
 * The driver keeps no index of the send queue in shared memory: it is told by
 * PINLESS_METHOD_RING.
 */
struct pinless_sq_ctl {
	__u32 reserved[16];
};

/*
 * struct pinless_rq_ctl
 * @prod: (process) number of entries ever posted; stored with release order
 *        after the entries
 * @ring: (driver) non-zero: the queue pair is in the error state and flushes:
 *        ring the doorbell after posting. The process loads it after a full
 *        barrier that follows the store of @prod.
 */
struct pinless_rq_ctl {
	__u32 prod;
	__u32 ring;
	__u32 reserved[14];
};

/*
 * struct pinless_cq_ctl
 * @cons: (process) number of entries taken
 * @arm:  (process sets, driver clears) PINLESS_ARM_*; a full barrier follows
 *        the process' store, then the queue is looked at once more
 */
struct pinless_cq_ctl {
	__u32 cons;
	__u32 arm;
	__u32 reserved[14];
};

#define PINLESS_ARM_NONE	0
#define PINLESS_ARM_SOLICITED	1	/* solicited or in error */
#define PINLESS_ARM_NEXT	2

/*
 * struct pinless_sge - same layout as struct ibv_sge
 */
struct pinless_sge {
	__aligned_u64 addr;
	__u32 length;
	__u32 lkey;
};

enum pinless_opcode {
	PINLESS_OP_SEND,
	PINLESS_OP_SEND_IMM,
	PINLESS_OP_WRITE,
	PINLESS_OP_WRITE_IMM,
	PINLESS_OP_READ,
	PINLESS_OP_CMP_SWAP,
	PINLESS_OP_FETCH_ADD,
	PINLESS_OP_COUNT,
};

#define PINLESS_SEND_SIGNALED	0x01	/* always set by the provider when sq_sig_all */
#define PINLESS_SEND_SOLICITED	0x02
#define PINLESS_SEND_FENCE	0x04
#define PINLESS_SEND_INLINE	0x08

/*
 * struct pinless_send_wqe - an entry of the send queue
 * @wr_id:       given back in the completion
 * @opcode:      enum pinless_opcode
 * @flags:       PINLESS_SEND_*
 * @num_sge:     entries of struct pinless_sge that follow; 0 with inline data
 * @imm:         immediate data, in network byte order
 * @inline_len:  bytes of inline data that follow instead of SGEs
 * @rkey:        key of the remote region (WRITE, READ, atomics)
 * @remote_addr: iova in the remote region
 * @compare_add: value to compare with, or to add
 * @swap:        value to store
 */
struct pinless_send_wqe {
	__aligned_u64 wr_id;
	__u8 opcode;
	__u8 flags;
	__u16 num_sge;
	__be32 imm;
	__u32 inline_len;
	__u32 rkey;
	__aligned_u64 remote_addr;
	__aligned_u64 compare_add;
	__aligned_u64 swap;
	__u32 reserved[4];
	/* struct pinless_sge sge[num_sge], or inline_len bytes of data */
};

/*
 * struct pinless_recv_wqe - an entry of the receive queue
 */
struct pinless_recv_wqe {
	__aligned_u64 wr_id;
	__u32 num_sge;
	__u32 reserved;
	/* struct pinless_sge sge[num_sge] */
};

/*
 * Values of @status are those of enum ibv_wc_status, of @opcode those of enum
 * ibv_wc_opcode, of @flags those of enum ibv_wc_flags.
 */

/*
 * struct pinless_cqe - an entry of a completion queue
 * @wr_id:      of the work request
 * @timestamp:  nanoseconds of CLOCK_MONOTONIC_RAW when it completed
 * @byte_len:   bytes received, read or swapped
 * @imm:        immediate data, in network byte order
 * @qpn:        local queue pair
 * @src_qp:     remote queue pair
 * @index:      index of the entry of the send or receive queue that has
 *              completed: this one and all before it are free again
 * @status:     enum ibv_wc_status
 * @vendor_err: a driver's word on the cause of an error, enum pinless_vendor_err
 * @opcode:     enum ibv_wc_opcode; for flushed entries too
 * @flags:      enum ibv_wc_flags
 * @phase:      written last, with release order: (i / entries) + 1 of the
 *              entry's index i, so a slot is new when it differs from what was
 *              found there one round before
 */
struct pinless_cqe {
	__aligned_u64 wr_id;
	__aligned_u64 timestamp;
	__u32 byte_len;
	__be32 imm;
	__u32 qpn;
	__u32 src_qp;
	__u32 index;
	__u32 status;
	__u32 vendor_err;
	__u16 opcode;
	__u16 flags;
	__u32 reserved[3];
	__u32 phase;
};

enum pinless_vendor_err {
	PINLESS_VERR_NONE,
	PINLESS_VERR_OPCODE,		/* unknown opcode */
	PINLESS_VERR_FLAGS,		/* unknown or impossible flags */
	PINLESS_VERR_NUM_SGE,		/* more SGEs than the queue pair has */
	PINLESS_VERR_INLINE,		/* more inline data than the queue pair has */
	PINLESS_VERR_LENGTH,		/* the sum of the SGEs exceeds max_msg_sz */
	PINLESS_VERR_KEY,		/* no region has this key, or it is of another PD */
	PINLESS_VERR_RANGE,		/* outside of the region */
	PINLESS_VERR_ACCESS,		/* the region or the queue pair lacks the right */
	PINLESS_VERR_FAULT,		/* no memory there, or not of that kind */
	PINLESS_VERR_ALIGN,		/* atomic on an unaligned address */
	PINLESS_VERR_RNR,		/* no receive work posted */
	PINLESS_VERR_UNREACHABLE,	/* no answer from the destination */
	PINLESS_VERR_RECV_LENGTH,	/* message longer than the receive buffer */
	PINLESS_VERR_RD_ATOMIC,		/* responder has no READ/atomic resources */
	PINLESS_VERR_CQ,		/* completion queue overflow */
	PINLESS_VERR_FLUSH,
	PINLESS_VERR_NOMEM,
	PINLESS_VERR_INDEX,		/* queue index out of range */
};

/*
 * Driver-private methods of the uverbs ioctl.
 *
 * PINLESS_METHOD_RING: run a queue. Its one attribute is a 64-bit word: the
 * number of the queue pair in the lower 32 bits (bit 31: PINLESS_RING_RECV),
 * and the producer index in the upper 32 (send queue; ignored for receive).
 * The numbers lie in the driver's name space (UVERBS_ID_NS_SHIFT is 12).
 */
enum pinless_objects {
	PINLESS_OBJECT_QUEUE = (1U << 12),
};

enum pinless_methods {
	PINLESS_METHOD_RING = (1U << 12),
};

enum pinless_ring_attrs {
	PINLESS_ATTR_RING_WORD = (1U << 12),
};

#define PINLESS_RING_RECV	0x80000000u

#endif /* PINLESS_ABI_H */
