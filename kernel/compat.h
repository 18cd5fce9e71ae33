/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */
#ifndef PINLESS_COMPAT_H
#define PINLESS_COMPAT_H

/*
 * All differences between the kernels 6.1, 6.12 and 7.3 are here, so that no
 * other file asks which kernel it is built for. Kbuild looks for functions
 * (PINLESS_HAVE_*), the compiler for types of callbacks.
 */

#include <linux/err.h>
#include <linux/hmm.h>
#include <linux/mm.h>
#include <linux/shrinker.h>
#include <rdma/ib_umem.h>
#include <rdma/ib_verbs.h>
#include <rdma/uverbs_ioctl.h>

#ifndef CONFIG_INFINIBAND_ON_DEMAND_PAGING
#error "pinless needs a kernel with CONFIG_INFINIBAND_ON_DEMAND_PAGING=y"
#endif
#ifndef CONFIG_INFINIBAND_VIRT_DMA
#error "pinless needs a kernel with CONFIG_INFINIBAND_VIRT_DMA=y (a 64-bit kernel)"
#endif
#ifndef CONFIG_HMM_MIRROR
#error "pinless needs a kernel with CONFIG_HMM_MIRROR=y"
#endif

/* Since 6.3 the flags of a VMA are changed by a function. */
static inline void pinless_vm_flags_set(struct vm_area_struct *vma,
					unsigned long flags)
{
#ifdef PINLESS_HAVE_VM_FLAGS_SET
	vm_flags_set(vma, flags);
#else
	vma->vm_flags |= flags;
#endif
}

/* 7.x: ib_umem_get() takes a source of addresses; ib_umem_get_va() does not. */
static inline struct ib_umem *pinless_umem_get(struct ib_device *ibdev,
					       unsigned long addr, size_t size,
					       int access)
{
#ifdef PINLESS_HAVE_UMEM_GET_VA
	return ib_umem_get_va(ibdev, addr, size, access);
#else
	return ib_umem_get(ibdev, addr, size, access);
#endif
}

/* 7.x: an RDMA device belongs to a network namespace from the beginning. */
#ifndef ib_alloc_device_with_net
#define ib_alloc_device_with_net(drv_struct, member, net) \
	((void)(net), ib_alloc_device(drv_struct, member))
#endif

/*
 * 7.x dispatches port state events itself, but only to one of the devices of a
 * netdev. It remembers the last state, so dispatching it again is harmless.
 * Older kernels leave all of it to the driver.
 */
#ifdef PINLESS_HAVE_PORT_STATE_EVENT
static inline bool pinless_core_port_event(struct ib_device *ibdev,
					   struct net_device *netdev)
{
	ib_dispatch_port_state_event(ibdev, netdev);
	return true;
}
#else
static inline bool pinless_core_port_event(struct ib_device *ibdev,
					   struct net_device *netdev)
{
	return false;
}
#endif

/*
 * Since 6.10 create_cq takes the attributes of the system call, NULL for kernel
 * queues, instead of struct ib_udata.
 */
#define PINLESS_CREATE_CQ_HAS_ATTRS \
	__builtin_types_compatible_p( \
		typeof_member(const struct ib_device_ops, create_cq), \
		int (*)(struct ib_cq *ibcq, \
			const struct ib_cq_init_attr *attr, \
			struct uverbs_attr_bundle *attrs))

/*
 * 7.x: one more argument, hints for a PCI device ("DMA handle").
 */
struct ib_dmah;

#define PINLESS_REG_USER_MR_HAS_DMAH \
	__builtin_types_compatible_p( \
		typeof_member(const struct ib_device_ops, reg_user_mr), \
		struct ib_mr *(*)(struct ib_pd *pd, u64 start, u64 length, \
				  u64 virt, int access, \
				  struct ib_dmah *dmah, \
				  struct ib_udata *udata))

/*
 * 7.x: a page fault may drop mmap_lock, as userfaultfd and slow file systems
 * need. Older kernels hold it throughout, and userfaultfd fails with -EFAULT.
 *
 * Both forms take mmap_lock themselves and set range->notifier_seq. They return
 * -EBUSY if an invalidation collided; the caller decides whether to retry.
 */
#ifdef PINLESS_HAVE_HMM_UNLOCKED
static inline int pinless_hmm_fault(struct hmm_range *range,
				    unsigned long timeout)
{
	return hmm_range_fault_unlocked_timeout(range, timeout);
}
#else
static inline int pinless_hmm_fault(struct hmm_range *range,
				    unsigned long timeout)
{
	struct mm_struct *mm = range->notifier->mm;
	int ret;

	range->notifier_seq = mmu_interval_read_begin(range->notifier);
	ret = mmap_read_lock_killable(mm);
	if (ret)
		return ret;
	ret = hmm_range_fault(range);
	mmap_read_unlock(mm);
	return ret;
}
#endif

/*
 * Page tables may be walked without a lock where GUP does so. The option was
 * renamed in 6.10.
 */
#if defined(CONFIG_HAVE_GUP_FAST) || defined(CONFIG_HAVE_FAST_GUP)
#define PINLESS_HAVE_LOCKLESS_WALK	1
#else
#define PINLESS_HAVE_LOCKLESS_WALK	0
#endif

/* Until 6.16 page table entries of device memory were of their own kind. */
static inline bool pinless_pte_devmap(pte_t pte)
{
#ifdef PINLESS_HAVE_PTE_DEVMAP
	return pte_devmap(pte);
#else
	return false;
#endif
}

/* Since 6.7 a shrinker is allocated. */
#ifdef PINLESS_HAVE_SHRINKER_ALLOC
static inline struct shrinker *
pinless_shrinker_register(struct shrinker *tmpl, const char *name)
{
	struct shrinker *s = shrinker_alloc(0, "%s", name);

	if (!s)
		return NULL;
	s->count_objects = tmpl->count_objects;
	s->scan_objects = tmpl->scan_objects;
	s->seeks = tmpl->seeks;
	shrinker_register(s);
	return s;
}

static inline void pinless_shrinker_unregister(struct shrinker *s)
{
	shrinker_free(s);
}
#else
static inline struct shrinker *
pinless_shrinker_register(struct shrinker *tmpl, const char *name)
{
	return register_shrinker(tmpl, "%s", name) ? NULL : tmpl;
}

static inline void pinless_shrinker_unregister(struct shrinker *s)
{
	unregister_shrinker(s);
}
#endif

#endif /* PINLESS_COMPAT_H */
