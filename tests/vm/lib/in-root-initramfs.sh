#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (c) 2026 The pinless authors
#
# Runs in the build root: makes /out/{vmlinuz,initramfs.cpio,release} of the
# kernel $1 with the modules $2... and what they depend on.
set -e -o pipefail

from=/kernels/$1
shift
release=$(cat "$from/release")
work=/tmp/initramfs
mkdir -p "$work"/{bin,proc,sys,dev,newroot} "$work/lib/modules/$release/kernel"
cp /bin/busybox "$work/bin/busybox"
cp /pinless/tests/vm/guest/init "$work/init"
chmod 755 "$work/init"

for module in "$@"; do
	# A name that this kernel has built in, or does not know, is no error.
	modprobe -d "$from" -S "$release" --show-depends "$module" 2>/dev/null || :
done >/tmp/known
[ -s /tmp/known ] || { echo "no modules found in $from"; exit 1; }
awk '$1 == "insmod" { print $2 }' /tmp/known | sort -u >/out/modules

while read -r path; do
	# Packed modules would be unpacked by the emulated CPU at every start.
	module=$work/lib/modules/$release/kernel/$(basename "$path")
	case $path in
	*.xz) xz -dc "$path" >"${module%.xz}" ;;
	*.zst) zstd -qdc "$path" >"${module%.zst}" ;;
	*) cp "$path" "$module" ;;
	esac
done </out/modules
for list in modules.builtin modules.builtin.modinfo modules.order; do
	[ ! -e "$from/lib/modules/$release/$list" ] ||
		cp "$from/lib/modules/$release/$list" "$work/lib/modules/$release/"
done
depmod -b "$work" "$release"
(cd "$work" && find . | cpio --quiet -o -H newc -R 0:0) >/out/initramfs.cpio
cp "$from/vmlinuz" "$from/release" /out/
