#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Copyright (c) 2026 The pinless authors
#
# Builds perftest with the patch series in this folder.
#
#   build.sh [--each] TARBALL PATCHES OUT
#
# TARBALL is perftest's source, PATCHES the folder of the series that is made
# for it (with the file "series"), OUT gets the programs, and in no-netlink one
# that was built without libnl-3.
#
# With --each the patches are applied one on top of the other, as git am does, and
# after every one of them the whole tree is built from nothing, warnings being
# errors; at the end without libnl-3 as well. Then each that applies to the clean
# tree is built there by itself; those that the file "alone" names must. Nothing is
# kept.
# CC and JOBS (default: all processors) are honoured.
set -eu

die()
{
	echo "perftest-patches/build.sh: $*" >&2
	exit 1
}

usage='usage: build.sh [--each] TARBALL PATCHES OUT'
each=''
if [ "${1:-}" = --each ]; then
	each=1
	shift
fi
[ $# -eq 3 ] || die "$usage"
tarball=$1 patches=$2 out=$3
jobs=${JOBS:-$(nproc)}

[ -f "$tarball" ] || die "there is no '$tarball': give the original tarball of perftest"
[ -f "$patches/series" ] || die "'$patches' has no file 'series': give the folder of a version"
for tool in patch make autoconf automake libtoolize "${CC:-cc}"; do
	command -v "$tool" >/dev/null ||
		die "'$tool' is missing: apt-get install build-essential autoconf automake libtool"
done
for patch in "$patches"/[0-9]*.patch; do
	name=${patch##*/}
	case $name in
	0000-*) ;;
	'[0-9]*.patch') ;;
	*)
		grep -Fxq "$name" "$patches/series" ||
			die "$name is not in the file series of $patches"
		;;
	esac
done
patches=$(cd "$patches" && pwd)
mkdir -p "$out"
out=$(cd "$out" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/pinless-perftest.XXXXXX")
trap 'rm -rf "$work" "$work.clean" "$work.clean.patched"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
tar -xf "$tarball" -C "$work" --strip-components=1
cd "$work"

configure()
{
	sh ./autogen.sh
	./configure --quiet "$@"
}

# Warnings are made errors here and not for configure, whose probes may warn.
build()
{
	make -j"$jobs" ${each:+CFLAGS="-g -O2 -Wall -Werror -D_GNU_SOURCE"} "$@"
}

# What the patch means for configure.ac and Makefile.am counts too.
configure_for()
{
	! grep -qE '^\+\+\+ b/(configure\.ac|Makefile\.am)' "$1" || configure
}

# alone PATCH: builds it on the clean tree if it applies there
alone()
{
	name=${1##*/}
	rm -rf "$clean.patched"
	# Built already: with the times of its files only what the patch changes is new.
	cp -a "$clean" "$clean.patched"
	cd "$clean.patched"
	if ! patch -p1 --fuzz=0 --no-backup-if-mismatch <"$1" >/dev/null; then
		! grep -Fxq "$name" "$patches/alone" ||
			die "$name is in the file alone and does not apply to the clean tree"
		return 0
	fi
	echo "== $name alone"
	configure_for "$1"
	build || die "the clean tree does not build with $name alone"
}

if [ -n "$each" ]; then
	configure
	build
	clean=$work.clean
	cp -a "$work" "$clean"
fi
while read -r name; do
	case $name in
	'' | '#'*) continue ;;
	esac
	[ -f "$patches/$name" ] || die "the series names $name, which is not there"
	echo "== $name"
	# No fuzz: what applies only roughly may land in the wrong place.
	patch -p1 --fuzz=0 --no-backup-if-mismatch <"$patches/$name" ||
		die "$name does not apply"
	if [ -n "$each" ]; then
		configure_for "$patches/$name"
		make clean >/dev/null
		build || die "the tree does not build after $name"
	fi
done <"$patches/series"
if [ -n "$each" ]; then
	make clean >/dev/null
	configure --disable-odp_netlink
	build || die "the tree does not build with --disable-odp_netlink"
	# The first of the series has been.
	first=1
	while read -r name; do
		case $name in
		'' | '#'*) continue ;;
		esac
		[ -n "$first" ] || alone "$patches/$name"
		first=''
	done <"$patches/series"
	exit 0
fi
configure
build
for tool in read write send atomic; do
	cp "ib_${tool}_lat" "ib_${tool}_bw" "$out/"
done
# The page belongs to the patches that change it.
cp man/perftest.1 "$out/"
make clean >/dev/null
configure --disable-odp_netlink
build ib_read_lat
mkdir -p "$out/no-netlink"
cp ib_read_lat "$out/no-netlink/"
