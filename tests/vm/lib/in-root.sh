#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (c) 2026 The pinless authors
#
# The inner half of in_root(): mounts, then chroot. Runs in namespaces of its own.
set -e

root=$1
shift
mount --make-rprivate /
mount --rbind "$root" "$root"
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
for node in null zero full random urandom tty; do
	[ -e "$root/dev/$node" ] || : >"$root/dev/$node"
	mount --bind "/dev/$node" "$root/dev/$node"
done
[ -e "$root/dev/fd" ] || ln -s /proc/self/fd "$root/dev/fd"
mkdir -p "$root/dev/shm"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
for file in resolv.conf hosts; do
	[ -r "/etc/$file" ] || continue
	[ -e "$root/etc/$file" ] || : >"$root/etc/$file"
	mount --bind "$(readlink -f "/etc/$file")" "$root/etc/$file"
done
while [ "$1" != -- ]; do
	IFS=: read -r source target mode <<<"$1"
	mkdir -p "$root$target"
	mount --bind "$source" "$root$target"
	if [ "$mode" = ro ]; then
		mount -o remount,bind,ro "$root$target"
	fi
	shift
done
shift
exec env -i HOME=/root TERM="${TERM:-dumb}" LC_ALL=C.UTF-8 \
	PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
	DEBIAN_FRONTEND=noninteractive \
	${http_proxy:+http_proxy="$http_proxy"} ${https_proxy:+https_proxy="$https_proxy"} \
	chroot "$root" "$@"
