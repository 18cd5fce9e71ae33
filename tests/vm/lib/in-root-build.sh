#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (c) 2026 The pinless authors
#
# Runs in the build root: /pinless is the checkout (read-only), /work a folder
# that stays from build to build, /out what becomes the cache entry.
set -e

jobs=$(nproc)

# Only the files that make the module: Kbuild writes beside its sources.
copy_module_source()
{
	rm -rf /work/src
	mkdir -p /work/src
	cp -a /pinless/Kbuild /pinless/kernel /work/src/
	find /work/src \( -name '*.o' -o -name '*.ko' -o -name '.*.cmd' -o -name '*.mod*' \) -delete
}

build_module()
{
	local release build
	release=$(cat "/kernels/$1/release")
	# A kernel that is built here brings its own folder.
	build=/kernels/$1/build
	[ -d "$build" ] || build=/lib/modules/$release/build
	shift
	copy_module_source
	make -C "$build" M=/work/src -j"$jobs" "$@" modules
	cp /work/src/pinless.ko /out/
}

case $1 in
module)
	build_module "$2"
	;;
module-debug)
	build_module "$2" PINLESS_DEBUG=1
	;;
module-check)
	status=0
	build_module "$2" W=1 C=2 CF="-fdiagnostic-prefix=sparse" >/out/log 2>&1 || status=$?
	cat /out/log
	# What the kernel's own headers say is not ours to correct.
	grep -E '(^|/)(work/src/|kernel/)[^ ]*: (.*: )?(warning|error)' /out/log |
		sort -u >/out/warnings || true
	exit "$status"
	;;
provider)
	sh /pinless/userspace/provider/build.sh /src/rdma-core /out
	;;
cmake)
	cmake -G Ninja -S "/pinless/$2" -B /work/build -DCMAKE_BUILD_TYPE=RelWithDebInfo
	ninja -C /work/build
	cp -a /work/build/. /out/
	;;
perftest)
	sh /pinless/perftest-patches/build.sh /perftest/perftest.orig.tar.gz \
		"/pinless/perftest-patches/$2" /out
	;;
perftest-each)
	sh /pinless/perftest-patches/build.sh --each /perftest/perftest.orig.tar.gz \
		"/pinless/perftest-patches/$2" /out
	;;
*)
	echo "in-root-build: unknown part $1" >&2
	exit 2
	;;
esac
