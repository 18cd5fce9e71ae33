/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */

#undef TRACE_SYSTEM
#define TRACE_SYSTEM pinless

#if !defined(PINLESS_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define PINLESS_TRACE_H

#include <linux/mmu_notifier.h>
#include <linux/tracepoint.h>

#include "base/fault_flags.h"
#include "obs/stages.h"

/*
 * Described in docs/measuring.md. Addresses are those of the process that the
 * memory belongs to; "dev" is the number that "rdma dev" shows, -1 if the
 * region is gone; "_ns" are nanoseconds.
 */

#define PINLESS_TRACE_FLAGS \
	{ PINLESS_FAULT_WRITE,		"write" }, \
	{ PINLESS_FAULT_SNAPSHOT,	"snapshot" }, \
	{ PINLESS_FAULT_NOWAIT,		"nowait" }, \
	{ PINLESS_FAULT_PREFETCH,	"prefetch" }, \
	{ PINLESS_FAULT_TARGET,		"target" }

#define PINLESS_TRACE_EVENTS \
	{ MMU_NOTIFY_UNMAP,		"unmap" }, \
	{ MMU_NOTIFY_CLEAR,		"clear" }, \
	{ MMU_NOTIFY_PROTECTION_VMA,	"protect_vma" }, \
	{ MMU_NOTIFY_PROTECTION_PAGE,	"protect_page" }, \
	{ MMU_NOTIFY_SOFT_DIRTY,	"soft_dirty" }, \
	{ MMU_NOTIFY_RELEASE,		"release" }, \
	{ MMU_NOTIFY_MIGRATE,		"migrate" }, \
	{ MMU_NOTIFY_EXCLUSIVE,		"exclusive" }

TRACE_DEFINE_ENUM(PINLESS_FAULT_WRITE);
TRACE_DEFINE_ENUM(PINLESS_FAULT_SNAPSHOT);
TRACE_DEFINE_ENUM(PINLESS_FAULT_NOWAIT);
TRACE_DEFINE_ENUM(PINLESS_FAULT_PREFETCH);
TRACE_DEFINE_ENUM(PINLESS_FAULT_TARGET);
TRACE_DEFINE_ENUM(MMU_NOTIFY_UNMAP);
TRACE_DEFINE_ENUM(MMU_NOTIFY_CLEAR);
TRACE_DEFINE_ENUM(MMU_NOTIFY_PROTECTION_VMA);
TRACE_DEFINE_ENUM(MMU_NOTIFY_PROTECTION_PAGE);
TRACE_DEFINE_ENUM(MMU_NOTIFY_SOFT_DIRTY);
TRACE_DEFINE_ENUM(MMU_NOTIFY_RELEASE);
TRACE_DEFINE_ENUM(MMU_NOTIFY_MIGRATE);
TRACE_DEFINE_ENUM(MMU_NOTIFY_EXCLUSIVE);

/* A fault, or a prefetch, begins. */
TRACE_EVENT(pinless_fault_begin,
	TP_PROTO(int dev, u64 addr, u64 len, unsigned int flags),
	TP_ARGS(dev, addr, len, flags),
	TP_STRUCT__entry(
		__field(u64, addr)
		__field(u64, len)
		__field(int, dev)
		__field(u32, flags)
	),
	TP_fast_assign(
		__entry->addr = addr;
		__entry->len = len;
		__entry->dev = dev;
		__entry->flags = flags;
	),
	TP_printk("dev=%d addr=0x%llx len=%llu flags=%s", __entry->dev,
		  __entry->addr, __entry->len,
		  __print_flags(__entry->flags, "|", PINLESS_TRACE_FLAGS))
);

/* The end of it. What the stages do not add up to was spent between them. */
TRACE_EVENT(pinless_fault,
	TP_PROTO(int dev, u64 addr, u64 len, unsigned int flags, int err,
		 const struct pinless_times *t, u64 total),
	TP_ARGS(dev, addr, len, flags, err, t, total),
	TP_STRUCT__entry(
		__field(u64, addr)
		__field(u64, len)
		__field(u64, total)
		__field(u64, lock)
		__field(u64, hmm)
		__field(u64, commit)
		__field(int, dev)
		__field(u32, flags)
		__field(u32, pages)
		__field(u32, neighbours)
		__field(u32, calls)
		__field(u32, retries)
		__field(int, err)
	),
	TP_fast_assign(
		__entry->addr = addr;
		__entry->len = len;
		__entry->total = total;
		__entry->lock = t->stage[PINLESS_STAGE_LOCK];
		__entry->hmm = t->stage[PINLESS_STAGE_HMM];
		__entry->commit = t->stage[PINLESS_STAGE_COMMIT];
		__entry->dev = dev;
		__entry->flags = flags;
		__entry->pages = t->pages;
		__entry->neighbours = t->neighbours;
		__entry->calls = t->calls;
		__entry->retries = t->retries;
		__entry->err = err;
	),
	TP_printk("dev=%d addr=0x%llx len=%llu flags=%s err=%d pages=%u neighbours=%u calls=%u retries=%u total_ns=%llu lock_ns=%llu hmm_ns=%llu commit_ns=%llu",
		  __entry->dev, __entry->addr, __entry->len,
		  __print_flags(__entry->flags, "|", PINLESS_TRACE_FLAGS),
		  __entry->err, __entry->pages, __entry->neighbours,
		  __entry->calls, __entry->retries, __entry->total,
		  __entry->lock, __entry->hmm, __entry->commit)
);

/* An invalidation collided with a fault, which discards what it has found. */
TRACE_EVENT(pinless_retry,
	TP_PROTO(u64 addr, unsigned int retries),
	TP_ARGS(addr, retries),
	TP_STRUCT__entry(
		__field(u64, addr)
		__field(u32, retries)
	),
	TP_fast_assign(
		__entry->addr = addr;
		__entry->retries = retries;
	),
	TP_printk("addr=0x%llx retries=%u", __entry->addr, __entry->retries)
);

/* The step of a request after a fault that was served in place. */
TRACE_EVENT(pinless_copy,
	TP_PROTO(int dev, u32 qpn, u64 bytes, bool over, u64 copy,
		 u64 completion),
	TP_ARGS(dev, qpn, bytes, over, copy, completion),
	TP_STRUCT__entry(
		__field(u64, bytes)
		__field(u64, copy)
		__field(u64, completion)
		__field(int, dev)
		__field(u32, qpn)
		__field(bool, over)
	),
	TP_fast_assign(
		__entry->bytes = bytes;
		__entry->copy = copy;
		__entry->completion = completion;
		__entry->dev = dev;
		__entry->qpn = qpn;
		__entry->over = over;
	),
	TP_printk("dev=%d qpn=0x%x bytes=%llu over=%d copy_ns=%llu completion_ns=%llu",
		  __entry->dev, __entry->qpn, __entry->bytes, __entry->over,
		  __entry->copy, __entry->completion)
);

/* The part of an invalidation in one leaf, whether it took pages or not. */
TRACE_EVENT(pinless_invalidate,
	TP_PROTO(int dev, u64 start, u64 end, enum mmu_notifier_event event,
		 bool blockable, unsigned int pages, u64 total),
	TP_ARGS(dev, start, end, event, blockable, pages, total),
	TP_STRUCT__entry(
		__field(u64, start)
		__field(u64, end)
		__field(u64, total)
		__field(int, dev)
		__field(u32, event)
		__field(u32, pages)
		__field(bool, blockable)
	),
	TP_fast_assign(
		__entry->start = start;
		__entry->end = end;
		__entry->total = total;
		__entry->dev = dev;
		__entry->event = event;
		__entry->pages = pages;
		__entry->blockable = blockable;
	),
	TP_printk("dev=%d start=0x%llx end=0x%llx event=%s blockable=%d pages=%u total_ns=%llu",
		  __entry->dev, __entry->start, __entry->end,
		  __print_symbolic(__entry->event, PINLESS_TRACE_EVENTS),
		  __entry->blockable, __entry->pages, __entry->total)
);

/* The shrinker has been called. */
TRACE_EVENT(pinless_shrink,
	TP_PROTO(unsigned long wanted, unsigned long scanned,
		 unsigned long freed, u64 total),
	TP_ARGS(wanted, scanned, freed, total),
	TP_STRUCT__entry(
		__field(unsigned long, wanted)
		__field(unsigned long, scanned)
		__field(unsigned long, freed)
		__field(u64, total)
	),
	TP_fast_assign(
		__entry->wanted = wanted;
		__entry->scanned = scanned;
		__entry->freed = freed;
		__entry->total = total;
	),
	TP_printk("wanted=%lu scanned=%lu freed=%lu total_ns=%llu",
		  __entry->wanted, __entry->scanned, __entry->freed,
		  __entry->total)
);

/* A call of ibv_advise_mr. Its faults precede it; without flush they follow. */
TRACE_EVENT(pinless_advise,
	TP_PROTO(int dev, u32 advice, bool flush, u32 ranges, int err,
		 u64 total),
	TP_ARGS(dev, advice, flush, ranges, err, total),
	TP_STRUCT__entry(
		__field(u64, total)
		__field(int, dev)
		__field(u32, advice)
		__field(u32, ranges)
		__field(int, err)
		__field(bool, flush)
	),
	TP_fast_assign(
		__entry->total = total;
		__entry->dev = dev;
		__entry->advice = advice;
		__entry->ranges = ranges;
		__entry->err = err;
		__entry->flush = flush;
	),
	TP_printk("dev=%d advice=%s flush=%d ranges=%u err=%d total_ns=%llu",
		  __entry->dev,
		  __print_symbolic(__entry->advice,
				   { 0, "prefetch" },
				   { 1, "prefetch_write" },
				   { 2, "prefetch_no_fault" }),
		  __entry->flush, __entry->ranges, __entry->err,
		  __entry->total)
);

#endif /* PINLESS_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
