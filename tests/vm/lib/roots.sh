# SPDX-License-Identifier: GPL-2.0
# Copyright (c) 2026 The pinless authors
# shellcheck shell=bash
#
# The Debian roots: one that builds (a chroot), one that the machines boot, one
# with the emulator, and two that build what is seldom needed: perftest, and
# sanitizer kernels.

# Raise this when what is done here changes in a way that old roots lack.
ROOTS_VERSION=1

BUILD_PACKAGES='build-essential,bc,kmod,sparse,cmake,ninja-build,pkgconf,perl,python3-minimal,libnl-3-dev,libnl-route-3-dev,libudev-dev,libibverbs-dev,librdmacm-dev,libcmocka-dev,spin,clang,libclang-rt-dev,gnuplot-nox,man-db,e2fsprogs,busybox-static,shellcheck,cpio,xz-utils,zstd,ca-certificates'
KERNEL_PACKAGES='build-essential,bc,bison,flex,libelf-dev,kmod,perl,python3-minimal,cpio,xz-utils,ca-certificates'
GUEST_PACKAGES='iproute2,iputils-ping,kmod,procps,util-linux,strace,busybox,ibverbs-providers,ibverbs-utils,libibverbs1,librdmacm1t64,rdmacm-utils,perftest,python3-pyverbs,python3-minimal,libasan8,libubsan1'
EMULATOR_PACKAGES='qemu-system-x86,seabios,qemu-system-data'
PERFTEST_PACKAGES='build-essential,autoconf,automake,libtool,pkgconf,libnl-3-dev,libnl-route-3-dev,libibverbs-dev,libibumad-dev,libpci-dev,librdmacm-dev'

# Prints the sources.list of a root ($1: all = with the kernels' suites).
roots_sources()
{
	local debian security suite

	debian=$(host_mirror Debian http://deb.debian.org/debian)
	security=$(host_mirror Debian-Security http://security.debian.org/debian-security)
	for suite in trixie trixie-updates; do
		echo "deb $debian $suite main"
	done
	echo "deb $security trixie-security main"
	[ "${1:-}" = all ] || return 0
	echo "deb $debian trixie-backports main"
	echo "deb $debian bookworm main"
	echo "deb $security bookworm-security main"
	echo "deb-src $debian trixie main"
}

# in_root DIR [BIND...] -- COMMAND...: runs COMMAND in the root DIR, in
# namespaces of its own, so that nothing stays mounted when it is killed.
# BIND is SOURCE:TARGET or SOURCE:TARGET:ro.
in_root()
{
	local map=()

	[ "$(id -u)" -eq 0 ] || map=(--map-root-user --map-auto)
	unshare "${map[@]}" --mount --pid --fork --kill-child -- \
		bash "$LIB/in-root.sh" "$@"
}

# as_root_of_roots COMMAND...: as the root that owns the files of the roots
as_root_of_roots()
{
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	else
		unshare --map-root-user --map-auto -- "$@"
	fi
}

roots_bootstrap()
{
	local packages=$1 sources=$2 dir=$3 conf=$CACHE/tmp.apt-conf.$$ mode=root status=0

	[ "$(id -u)" -eq 0 ] || mode=unshare
	host_apt_conf >"$conf"
	# A file of options is the one form that mmdebstrap passes on unchanged.
	roots_sources "$sources" | mmdebstrap --mode="$mode" --variant=minbase \
		--format=directory --skip=check/empty \
		--aptopt="$conf" --dpkgopt='path-exclude=/usr/share/locale/*' \
		--dpkgopt='path-exclude=/usr/share/man/*' \
		--dpkgopt='force-unsafe-io' \
		--include="$packages" trixie "$dir" - || status=$?
	rm -f "$conf"
	return "$status"
}

roots_build_make()
{
	local dir=$1

	roots_bootstrap "$BUILD_PACKAGES" all "$dir" &&
		in_root "$dir" "$LIB:/lib.pinless:ro" -- bash /lib.pinless/kernels-in-root.sh
}

roots_guest_make()
{
	roots_bootstrap "$GUEST_PACKAGES" '' "$1"
}

roots_emulator_make()
{
	roots_bootstrap "$EMULATOR_PACKAGES" '' "$1"
}

roots_perftest_make()
{
	roots_bootstrap "$PERFTEST_PACKAGES" '' "$1"
}

roots_kernel_make()
{
	roots_bootstrap "$KERNEL_PACKAGES" all "$1"
}

# roots_get build|guest|emulator|perftest|kernel: sets ROOT to that root, made if needed
roots_get()
{
	local kind=$1 text log key

	log=$CACHE/log/root-$kind.log
	case $kind in
	build) key=$(hash_of "$ROOTS_VERSION" "$BUILD_PACKAGES" "$LIB/kernels-in-root.sh") ;;
	guest) key=$(hash_of "$ROOTS_VERSION" "$GUEST_PACKAGES") ;;
	emulator) key=$(hash_of "$ROOTS_VERSION" "$EMULATOR_PACKAGES") ;;
	perftest) key=$(hash_of "$ROOTS_VERSION" "$PERFTEST_PACKAGES") ;;
	kernel) key=$(hash_of "$ROOTS_VERSION" "$KERNEL_PACKAGES") ;;
	esac
	text="making the $kind root from Debian's packages"
	roots_step()
	{
		: >"$log"
		step "$text" "$log" "roots_${kind}_make" "$1"
	}
	if ! cached "root-$kind-$key" roots_step; then
		host_network_or_die "$log"
		log_tail "$log"
		die "cannot make the $kind root" "$log" \
		    "correct the cause above and run the same command again"
	fi
	ROOT=$CACHED
}
