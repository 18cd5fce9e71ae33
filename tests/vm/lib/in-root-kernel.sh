#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (c) 2026 The pinless authors
#
# Runs in the kernel root: builds the kernel $1 (6.12, 7.x) with the options of
# the flavour $2 into /out: vmlinuz, release, config, lib/modules, and in build
# what a module is built against. /work is an empty folder.
set -e -o pipefail

options=/pinless/tests/vm/kernel
pattern="^linux-source-${1//./[.]}\$"
pattern=${pattern/'[.]x'/'[.][0-9]+'}

apt-get -q update
source=$(apt-cache --names-only search '^linux-source-[0-9.]+$' | cut -d' ' -f1 |
	grep -E "$pattern" | sort -V | tail -n 1)
if [ -z "$source" ]; then
	echo "pinless: the archive has no linux-source for $1" >&2
	exit 1
fi
cd /work
apt-get -q -o APT::Sandbox::User=root download "$source"
rm -rf /var/lib/apt/lists/*
dpkg-deb --fsys-tarfile "$source"_*.deb | tar -xO "./usr/src/$source.tar.xz" | tar -xJ
rm -f "$source"_*.deb
cd "$source"

cat "$options/base.config" "$options/$2.config" >/work/options
make -s KCONFIG_ALLCONFIG=/work/options allnoconfig
# An option that the kernel does not take is a check that never runs.
status=0
while read -r line; do
	case $line in
	CONFIG_*=*)
		grep -qxF "$line" .config || { echo "error: not taken: $line"; status=1; }
		;;
	'# CONFIG_'*' is not set')
		! grep -q "^$(cut -d' ' -f2 <<<"$line")=" .config ||
			{ echo "error: not taken: $line"; status=1; }
		;;
	esac
done </work/options
[ "$status" -eq 0 ] || exit "$status"

make -j"$(nproc)" LOCALVERSION="-$2" KBUILD_BUILD_HOST=pinless KBUILD_BUILD_USER=pinless \
	bzImage modules
make -s kernelrelease LOCALVERSION="-$2" >/out/release
make -s LOCALVERSION="-$2" INSTALL_MOD_PATH=/out modules_install
rm -f "/out/lib/modules/$(cat /out/release)"/{build,source}
cp arch/x86/boot/bzImage /out/vmlinuz
cp .config /out/config
srctree=. SRCARCH=x86 CC=gcc HOSTCC=gcc MAKE=make \
	sh scripts/package/install-extmod-build /out/build
