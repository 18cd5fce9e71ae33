# SPDX-License-Identifier: GPL-2.0
# Copyright (c) 2026 The pinless authors
# shellcheck shell=bash
#
# What a machine boots: one disk image for all kernels, and per kernel an
# initramfs that carries the kernel's modules.

# Modules that the machines may load; what they depend on comes along.
GUEST_MODULES='virtio_pci virtio_blk virtio_console virtio_rng ext4 9p 9pnet_virtio
ib_core ib_uverbs ib_umad ib_cm rdma_cm rdma_ucm rdma_rxe dummy veth bridge zram
lz4 lz4_compress zstd lzo lzo_rle crc32c crc32c_generic crc32_generic crc32-pclmul
nvme-rdma nvmet-rdma null_blk nf_tables binfmt_misc fuse overlay configfs btrfs xfs'

image_step()
{
	: >"$IMAGE_LOG"
	step "making the disk image of the machines" "$IMAGE_LOG" image_make "$1"
}

image_make()
{
	local mib

	mib=$(as_root_of_roots du -sm --apparent-size "$IMAGE_ROOT" | cut -f1)
	# Room for the files that tests map and fill.
	mib=$((mib * 5 / 4 + 1500))
	in_root "$ROOT" "$IMAGE_ROOT:/guest:ro" "$1:/out" -- \
		mke2fs -q -t ext4 -L pinless -O ^has_journal -E root_owner=0:0 \
			-d /guest /out/root.img "${mib}M"
}

# image_get: sets IMAGE to the disk image that all machines start from
image_get()
{
	roots_get guest
	IMAGE_ROOT=$ROOT
	roots_get build
	IMAGE_LOG=$CACHE/log/image.log
	if ! cached "image-$(hash_of "$(basename "$IMAGE_ROOT")" "$(declare -f image_make)")" image_step; then
		log_tail "$IMAGE_LOG"
		die "cannot make the disk image" "$IMAGE_LOG" "see whether $CACHE has room"
	fi
	IMAGE=$CACHED/root.img
}

initramfs_step()
{
	: >"$INITRAMFS_LOG"
	# shellcheck disable=SC2086 # a list of words
	step "making the initramfs of kernel $INITRAMFS_KERNEL" "$INITRAMFS_LOG" \
		in_root "$ROOT" "$TOP:/pinless:ro" "$1:/out" "${KERNEL_BINDS[@]}" -- \
		bash /pinless/tests/vm/lib/in-root-initramfs.sh "$INITRAMFS_KERNEL" $GUEST_MODULES
}

# initramfs_get KERNEL: sets BOOT to a directory with vmlinuz and initramfs.cpio
initramfs_get()
{
	INITRAMFS_KERNEL=$1
	INITRAMFS_LOG=$CACHE/log/initramfs-$1.log
	kernel_get "$1"
	roots_get build
	if ! cached "boot-$1-$(hash_of "$(basename "$ROOT")" "$GUEST_MODULES" \
		"${KERNEL_KEY[@]}" "$LIB/in-root-initramfs.sh" "$LIB/../guest/init")" initramfs_step; then
		log_tail "$INITRAMFS_LOG"
		die "cannot make the initramfs of kernel $1" "$INITRAMFS_LOG"
	fi
	BOOT=$CACHED
}
