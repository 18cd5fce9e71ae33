// SPDX-License-Identifier: GPL-2.0
/* Copyright (c) 2026 The pinless authors */

/*
 * Steps A1 to A3 of leaf.c: copies and atomics through the translation. The
 * lock of a leaf is held from the look-up to the end of the copy, for at most
 * PINLESS_COPY_MAX bytes; that, and not a sequence count, is what makes an
 * invalidation wait for the copies under way.
 */
#include <linux/mm.h>
#include <linux/rcupdate.h>

#include "mm/access.h"
#include "mm/leaf.h"
#include "mm/mirror.h"

/* How often the second of two locks is tried for, with the first one held. */
#define LOCK_TRIES	64

/* One end of a copy while its locks are held. */
struct side {
	const struct pinless_mem *mem;
	struct pinless_leaf *leaf;	/* NULL unless mirrored */
	u64 addr;
};

/* Looks the leaf up, if the side has one. Under RCU. */
static __always_inline void side_init(struct side *s, const struct pinless_place *place)
{
	s->mem = place->mem;
	s->addr = place->addr;
	s->leaf = NULL;
	if (s->mem->kind == PINLESS_MEM_MIRROR)
		s->leaf = pinless_mirror_leaf(s->mem->mirror, s->addr,
					      place->hints);
}

static bool side_absent(const struct side *s)
{
	return s->mem->kind == PINLESS_MEM_MIRROR && !s->leaf;
}

/* How many bytes the side's lock covers. */
static size_t side_limit(const struct side *s, size_t len)
{
	return s->leaf ? pinless_range_in_leaf(s->addr, len) : len;
}

static void miss_set(struct pinless_miss *miss, const struct side *s, bool write)
{
	miss->mem = s->mem;
	miss->addr = s->addr;
	miss->write = write;
}

/*
 * The kernel address of the side's next bytes; lowers @len to those that are
 * adjacent. NULL if they are not in the translation, or without the right. All
 * memory is in the direct map: kernels with highmem have no virtual DMA.
 */
static __always_inline void *side_map(struct side *s, size_t *len, bool write)
{
	size_t offset = pinless_page_offset(s->addr);
	unsigned int index;
	u64 entry, page;

	if (likely(s->leaf)) {
		index = pinless_range_slot(s->addr);
		entry = pinless_leaf_entry(s->leaf, index);
		if (unlikely(!(entry & (write ? PINLESS_ENTRY_WRITE :
						PINLESS_ENTRY_READ))))
			return NULL;
		if (write && unlikely(!(entry & PINLESS_ENTRY_DIRTY)))
			pinless_leaf_dirty(s->leaf, index);
		if (s->leaf->kind != PINLESS_LEAF_HUGE)
			*len = min(*len, PAGE_SIZE - offset);
		return pfn_to_kaddr(pinless_entry_pfn(entry)) + offset;
	}
	if (s->mem->kind == PINLESS_MEM_KERNEL)
		return (void *)(uintptr_t)s->addr;
	page = (s->addr - s->mem->pinned->start) >> PAGE_SHIFT;
	*len = min(*len, PAGE_SIZE - offset);
	return page_address(s->mem->pinned->pages[page]) + offset;
}

/*
 * An aligned word of 8 bytes arrives in one piece: programs that poll a word
 * rely on that. Whole pages are moved by the architecture's own copy_page().
 */
static __always_inline void move(void *dst, void *src, size_t len)
{
	unsigned long bits = (unsigned long)dst | (unsigned long)src;

	if (len >= PAGE_SIZE && IS_ALIGNED(bits, PAGE_SIZE)) {
		do {
			copy_page(dst, src);
			dst += PAGE_SIZE;
			src += PAGE_SIZE;
			len -= PAGE_SIZE;
		} while (unlikely(len >= PAGE_SIZE));
		if (likely(!len))
			return;
	} else if (len == sizeof(u64) && IS_ALIGNED(bits, sizeof(u64))) {
		WRITE_ONCE(*(u64 *)dst, *(const u64 *)src);
		return;
	}
	memcpy(dst, src, len);
}

/*
 * How many locks a copy holds depends on what it copies between. sparse wants
 * that balanced in each function, so these locks are hidden from it.
 */
static void leaf_lock(struct pinless_leaf *leaf)
{
	read_lock(&leaf->lock);
	__release(&leaf->lock);
}

static bool leaf_trylock(struct pinless_leaf *leaf)
{
	int got = read_trylock(&leaf->lock);

	if (got)
		__release(&leaf->lock);
	return got;
}

static void leaf_unlock(struct pinless_leaf *leaf)
{
	__acquire(&leaf->lock);
	read_unlock(&leaf->lock);
}

/*
 * Takes the locks of both sides for reading. The second is only tried for: with
 * a writer waiting for each, two readers that nest them in opposite order would
 * wait for ever. If writers keep coming to both, no try may ever succeed, and
 * the caller holds the peer's lock: so give up after some tries.
 */
static noinline bool lock_in_turn(struct pinless_leaf *a,
				  struct pinless_leaf *b)
{
	int tries;

	for (tries = 0; tries < LOCK_TRIES; tries++) {
		leaf_lock(a);
		if (leaf_trylock(b))
			return true;
		leaf_unlock(a);
		cpu_relax();
		swap(a, b);
	}
	return false;
}

/* One side alone is never given up. */
static __always_inline bool lock_sides(struct side *dst, struct side *src)
{
	struct pinless_leaf *a = dst->leaf ? dst->leaf : src->leaf;
	struct pinless_leaf *b = dst->leaf ? src->leaf : NULL;

	if (!a)
		return true;
	leaf_lock(a);
	if (b && b != a && unlikely(!leaf_trylock(b))) {
		leaf_unlock(a);
		if (!lock_in_turn(b, a))
			return false;
	}
	if (!READ_ONCE(a->used))
		WRITE_ONCE(a->used, 1);
	if (b && !READ_ONCE(b->used))
		WRITE_ONCE(b->used, 1);
	return true;
}

static void unlock_sides(struct side *dst, struct side *src)
{
	if (dst->leaf)
		leaf_unlock(dst->leaf);
	if (src->leaf && src->leaf != dst->leaf)
		leaf_unlock(src->leaf);
}

static size_t copy_locked(struct side *dst, struct side *src, size_t len,
			  struct pinless_miss *miss)
{
	size_t done = 0, n;
	void *from, *to;

	while (done < len) {
		n = len - done;
		from = side_map(src, &n, false);
		if (!from) {
			miss_set(miss, src, false);
			break;
		}
		to = side_map(dst, &n, true);
		if (!to) {
			miss_set(miss, dst, true);
			break;
		}
		move(to, from, n);
		dst->addr += n;
		src->addr += n;
		done += n;
	}
	return done;
}

/**
 * pinless_copy() - copy as much as is in the translation
 * @dst:  where to; the range is inside of the memory
 * @src:  where from
 * @len:  bytes, not 0
 * @miss: out: what was missing, if that is why less than @len was copied
 *
 * Context: any; never sleeps.
 * Return: bytes copied, at most PINLESS_COPY_MAX. 0 if the first byte is
 * missing on either side, see @miss; 0 without a miss if invalidations of both
 * sides come so often that the caller should let others run first, which does
 * not happen if either side is kernel memory.
 */
size_t pinless_copy(const struct pinless_place *dst,
		    const struct pinless_place *src, size_t len,
		    struct pinless_miss *miss)
{
	struct side d, s;
	size_t done = 0;

	miss->mem = NULL;
	rcu_read_lock();
	side_init(&d, dst);
	side_init(&s, src);
	if (side_absent(&s)) {
		miss_set(miss, &s, false);
	} else if (side_absent(&d)) {
		miss_set(miss, &d, true);
	} else {
		len = min_t(size_t, len, PINLESS_COPY_MAX);
		len = side_limit(&d, side_limit(&s, len));
		if (lock_sides(&d, &s)) {
			done = copy_locked(&d, &s, len, miss);
			unlock_sides(&d, &s);
		}
	}
	rcu_read_unlock();
	return done;
}

/**
 * pinless_atomic() - an 8-byte atomic, atomic towards CPUs too
 * @dst:         where to; its address is a multiple of 8
 * @cmp_swap:    compare and swap; otherwise fetch and add
 * @compare_add: value to compare with, or to add
 * @swap:        value to store if they are equal
 * @old:         out: the value before
 * @miss:        set on failure
 *
 * Context: any; never sleeps.
 * Return: true, or false when the word is not in the translation.
 */
bool pinless_atomic(const struct pinless_place *dst, bool cmp_swap,
		    u64 compare_add, u64 swap, u64 *old,
		    struct pinless_miss *miss)
{
	struct side d, none = {};
	size_t len = sizeof(u64);
	atomic64_t *word = NULL;

	miss->mem = NULL;
	rcu_read_lock();
	side_init(&d, dst);
	if (!side_absent(&d)) {
		lock_sides(&d, &none);
		word = side_map(&d, &len, true);
		if (word && cmp_swap)
			*old = atomic64_cmpxchg(word, compare_add, swap);
		else if (word)
			*old = atomic64_fetch_add(compare_add, word);
		unlock_sides(&d, &none);
	}
	if (!word)
		miss_set(miss, &d, true);
	rcu_read_unlock();
	return word;
}
