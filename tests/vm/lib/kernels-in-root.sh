#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (c) 2026 The pinless authors
#
# Runs inside the build root while it is made: the kernels of the three suites.
# Their headers are installed, their images and modules unpacked in
# /kernels/NAME, because only the machines run them. Also fetches the source of
# rdma-core, in which the provider is built, to /src/rdma-core.
set -e

apt-get -q update

# metapackage VERSION-PREFIX: the newest version of linux-image-amd64 in it
metapackage()
{
	apt-cache madison linux-image-amd64 | awk '{print $3}' | grep "^$1\." |
		sort -V | tail -n 1
}

names=()
for kernel in 6.1 6.12 7.x; do
	version=$(metapackage "${kernel%.x}" || true)
	if [ -z "$version" ]; then
		echo "pinless: the archive has no linux-image-amd64 $kernel" >&2
		exit 1
	fi
	release=$(apt-cache show "linux-image-amd64=$version" |
		grep -o 'linux-image-[0-9][^ ,|]*' | head -n 1)
	release=${release#linux-image-}
	mkdir -p "/kernels/$kernel"
	echo "$release" >"/kernels/$kernel/release"
	names+=("linux-headers-$release")
	# Newer packaging has the modules in a package of their own.
	mapfile -t parts < <(apt-cache --names-only search "^linux-(image|modules|binary)-${release//[+.]/.}\$" |
		cut -d' ' -f1)
	(cd "/kernels/$kernel" && apt-get -q -o APT::Sandbox::User=root download "${parts[@]}" &&
		for deb in ./*.deb; do dpkg-deb -x "$deb" .; done && rm -f ./*.deb)
	image=$(find "/kernels/$kernel" -name 'vmlinuz*' -type f | head -n 1)
	mv "$image" "/kernels/$kernel/vmlinuz"
	rm -rf "/kernels/$kernel/boot" "/kernels/$kernel/usr/share"
	if [ -d "/kernels/$kernel/lib/modules" ]; then
		mkdir -p "/kernels/$kernel/usr/lib"
		mv "/kernels/$kernel/lib/modules" "/kernels/$kernel/usr/lib/modules"
		rmdir "/kernels/$kernel/lib"
	fi
	ln -sfn usr/lib "/kernels/$kernel/lib"
	depmod -b "/kernels/$kernel" "$release"
done
apt-get -q -y install --no-install-recommends "${names[@]}"

# checkpatch comes with the source only; of that nothing else is kept.
mkdir -p /src/scripts
cd /src
source=$(apt-cache --names-only search '^linux-source-[0-9.]+$' | cut -d' ' -f1 | sort -V | tail -n 1)
apt-get -q -o APT::Sandbox::User=root download "$source"
dpkg-deb --fsys-tarfile "$source"_*.deb | tar -xO "./usr/src/$source.tar.xz" |
	tar -xJ -C scripts --strip-components=2 "$source/scripts/checkpatch.pl" \
		"$source/scripts/spelling.txt" "$source/scripts/const_structs.checkpatch"
rm -f "$source"_*.deb

apt-get -q source --tar-only rdma-core
mkdir rdma-core
tar -xf rdma-core_*.orig.tar.* -C rdma-core --strip-components=1
rm -f rdma-core_*
apt-get clean
rm -rf /var/lib/apt/lists/*
