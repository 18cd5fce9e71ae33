/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef PINLESS_SHIM_H
#define PINLESS_SHIM_H

/*
 * As much of the kernel's API as leaf.c and idtable.c of kernel/ need, for one
 * thread in user space. Locks and RCU check that they are used as the kernel
 * demands. All headers of shim/ lead here.
 */
#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <asm/types.h>

typedef __u8 u8;
typedef __u32 u32;
typedef __u64 u64;

#define PAGE_SHIFT	12
#define PAGE_SIZE	4096ul

#define BIT_ULL(n)	(1ull << (n))
#define READ_ONCE(x)	(*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v) (*(volatile __typeof__(x) *)&(x) = (v))
#define smp_store_release(p, v)	WRITE_ONCE(*(p), v)
#define unlikely(c)		(c)
#define WARN_ON(c)		assert(!(c))
#define BUILD_BUG_ON(c)	_Static_assert(!(c), #c)
#define min_t(t, a, b)	((t)(a) < (t)(b) ? (t)(a) : (t)(b))
#define max_t(t, a, b)	((t)(a) > (t)(b) ? (t)(a) : (t)(b))
#define container_of(p, t, m) ((t *)((char *)(p) - offsetof(t, m)))
#define __percpu

#define ERR_PTR(e)	((void *)(intptr_t)(e))
#define IS_ERR(p)	((uintptr_t)(p) > (uintptr_t)-4096)

static inline void set_bit(int nr, unsigned long *word)
{
	*word |= 1ul << nr;
}

/* Counters. */
typedef struct { long v; } atomic_long_t;
typedef struct { long long v; } atomic64_t;
typedef struct { int v; } refcount_t;

#define atomic_long_inc(a)	((void)(a)->v++)
#define atomic_long_dec(a)	((void)(a)->v--)
#define atomic_long_read(a)	((a)->v)
#define atomic64_add(n, a)	((void)((a)->v += (n)))
#define atomic64_read(a)	((a)->v)
#define refcount_inc(r)		((void)(r)->v++)
#define this_cpu_add(x, n)	((x) += (n))

/* Locks: one thread, so a lock that is held when it is taken is a bug. */
typedef struct { int readers; bool writer; } rwlock_t;

#define rwlock_init(l)	((void)(*(l) = (rwlock_t){ 0 }))

static inline void write_lock(rwlock_t *l)
{
	assert(!l->readers && !l->writer);
	l->writer = true;
}

static inline bool write_trylock(rwlock_t *l)
{
	if (l->readers || l->writer)
		return false;
	l->writer = true;
	return true;
}

static inline void write_unlock(rwlock_t *l)
{
	assert(l->writer);
	l->writer = false;
}

static inline void read_lock(rwlock_t *l)
{
	assert(!l->writer);
	l->readers++;
}

static inline void read_unlock(rwlock_t *l)
{
	assert(l->readers);
	l->readers--;
}

typedef rwlock_t spinlock_t;

#define spin_lock_init(l)	rwlock_init(l)
#define spin_lock(l)		write_lock(l)
#define spin_unlock(l)		write_unlock(l)

#define lockdep_assert_held_write(l)	assert((l)->writer)
#define lockdep_assert_held_read(l)	assert((l)->readers)

struct rcu_head {
	void (*func)(struct rcu_head *head);
};

extern int shim_rcu_depth;

#define rcu_read_lock()		((void)shim_rcu_depth++)
#define rcu_read_unlock()	((void)shim_rcu_depth--)
#define rcu_barrier()		((void)0)
/* There is no other reader, so the grace period is over. */
#define call_rcu(head, fn)	(fn)(head)

struct list_head {
	struct list_head *next, *prev;
};

#define INIT_LIST_HEAD(h)	((void)((h)->next = (h)->prev = (h)))

/* Memory; shim_fail makes the next allocation fail. */
typedef unsigned int gfp_t;
extern bool shim_fail;

#define GFP_KERNEL		0
#define GFP_KERNEL_ACCOUNT	0
#define __GFP_RETRY_MAYFAIL	0
#define __GFP_NOWARN		0
#define SLAB_ACCOUNT		0

struct kmem_cache {
	size_t size;
};

static inline void *shim_zalloc(size_t size)
{
	if (shim_fail) {
		shim_fail = false;
		return NULL;
	}
	return calloc(1, size);
}

static inline struct kmem_cache *shim_cache(size_t size)
{
	struct kmem_cache *c = shim_zalloc(sizeof(*c));

	if (c)
		c->size = size;
	return c;
}

#define KMEM_CACHE(s, flags)		shim_cache(sizeof(struct s))
#define kmem_cache_zalloc(c, gfp)	shim_zalloc((c)->size)
#define kmem_cache_free(c, p)		free(p)
#define kmem_cache_destroy(c)		free(c)
#define kvcalloc(n, size, gfp)		shim_zalloc((n) * (size))
#define kvzalloc(size, gfp)		shim_zalloc(size)
#define kvfree(p)			free(p)
#define kvfree_rcu(p, head)		free(p)
#define get_zeroed_page(gfp)		((unsigned long)shim_zalloc(PAGE_SIZE))
#define free_page(p)			free((void *)(p))

/* Pages are numbers; which of them were marked dirty is noted by the test. */
struct page;
struct folio;

#define pfn_to_page(pfn)	((struct page *)(uintptr_t)(pfn))
#define page_to_pfn(page)	((unsigned long)(uintptr_t)(page))
#define page_folio(page)	((struct folio *)(page))

void folio_mark_dirty(struct folio *folio);

/* HMM's words, in a layout of our own: only its functions may know it. */
#define HMM_PFN_VALID		(1ul << 63)
#define HMM_PFN_WRITE		(1ul << 62)
#define HMM_PFN_ERROR		(1ul << 61)
#define SHIM_PFN_ORDER_SHIFT	50

#define HMM_PFN_FLAGS		(~((1ul << SHIM_PFN_ORDER_SHIFT) - 1))

#define hmm_pfn_to_page(w)	pfn_to_page((w) & ~HMM_PFN_FLAGS)
#define hmm_pfn_to_map_order(w)	((unsigned int)((w) >> SHIM_PFN_ORDER_SHIFT) & 0x1f)

/* MMU notifiers. */
enum mmu_notifier_event {
	MMU_NOTIFY_UNMAP,
	MMU_NOTIFY_CLEAR,
	MMU_NOTIFY_PROTECTION_VMA,
	MMU_NOTIFY_PROTECTION_PAGE,
	MMU_NOTIFY_SOFT_DIRTY,
	MMU_NOTIFY_RELEASE,
	MMU_NOTIFY_MIGRATE,
	MMU_NOTIFY_EXCLUSIVE,
};

struct mm_struct;
struct mmu_interval_notifier;

struct mmu_notifier_range {
	unsigned long start;
	unsigned long end;
	enum mmu_notifier_event event;
};

static inline bool
mmu_notifier_range_blockable(const struct mmu_notifier_range *range)
{
	return range->start <= range->end;
}

static inline u64 ktime_get_ns(void)
{
	static u64 now;

	return ++now;
}

struct mmu_interval_notifier_ops {
	bool (*invalidate)(struct mmu_interval_notifier *mni,
			   const struct mmu_notifier_range *range,
			   unsigned long cur_seq);
};

struct mmu_interval_notifier {
	struct {
		unsigned long start;
		unsigned long last;
	} interval_tree;
	const struct mmu_interval_notifier_ops *ops;
	struct mm_struct *mm;
	unsigned long invalidate_seq;
	bool inserted;
};

int mmu_interval_notifier_insert(struct mmu_interval_notifier *mni,
				 struct mm_struct *mm, unsigned long start,
				 unsigned long length,
				 const struct mmu_interval_notifier_ops *ops);
void mmu_interval_notifier_remove(struct mmu_interval_notifier *mni);
void mmu_interval_set_seq(struct mmu_interval_notifier *mni, unsigned long seq);

#endif /* PINLESS_SHIM_H */
