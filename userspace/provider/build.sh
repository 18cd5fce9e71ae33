#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Copyright (c) 2026 The pinless authors
#
# Build the libibverbs provider inside a private copy of an rdma-core source.
#
#   build.sh <rdma-core source directory> <output directory>
#
# The output directory gets libpinless-rdmav<private ABI>.so and pinless.driver.
# The source stays as it is. Only what the provider links to is built:
# libibverbs, its utility libraries, the provider. CC, CFLAGS and JOBS (default:
# all processors) are honoured. Needs cmake, ninja-build, python3, a C compiler.
set -eu

die() {
	echo "provider/build.sh: $*" >&2
	exit 1
}

[ $# -eq 2 ] || die "usage: build.sh <rdma-core source directory> <output directory>"
src=$1
out=$2
here=$(cd "$(dirname "$0")" && pwd)
abi=$here/../../kernel/uapi/pinless-abi.h

[ -f "$src/libibverbs/driver.h" ] ||
	die "'$src' is no rdma-core source (libibverbs/driver.h is missing): give an unpacked rdma-core"
[ -f "$abi" ] || die "'$abi' is missing: the checkout is not complete"
for tool in cmake ninja python3 pkg-config "${CC:-cc}"; do
	command -v "$tool" >/dev/null ||
		die "'$tool' is missing: apt-get install cmake ninja-build pkg-config python3 gcc"
done

mkdir -p "$out"
out=$(cd "$out" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/pinless-provider.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Only these parts are copied; the others are cut out of the build below.
mkdir -p "$work/src/providers/pinless"
for part in CMakeLists.txt buildlib ccan util kernel-headers libibumad libibmad \
	libibverbs COPYING.md; do
	cp -R "$src/$part" "$work/src/"
done
cp "$here"/*.c "$here"/*.h "$here/CMakeLists.txt" "$abi" \
	"$work/src/providers/pinless/"

# add_subdirectory() of a part that is not needed goes; ours comes after
# libibverbs.
awk '
	/^add_subdirectory\((ccan|util|kernel-headers|libibumad|libibmad)\)/ { print; next }
	/^add_subdirectory\(libibverbs\)/ {
		print
		print "add_subdirectory(providers/pinless)"
		next
	}
	/^ *add_subdirectory\(/ { next }
	{ print }
' "$src/CMakeLists.txt" >"$work/src/CMakeLists.txt"
grep -q 'providers/pinless' "$work/src/CMakeLists.txt" ||
	die "the CMakeLists.txt of '$src' has no add_subdirectory(libibverbs): this version of rdma-core is not known"

log=$out/build.log
run() {
	"$@" >>"$log" 2>&1 || {
		tail -n 30 "$log" >&2
		die "'$1' failed; the whole log is $log"
	}
}

: >"$log"
run cmake -G Ninja -S "$work/src" -B "$work/build" \
	-DCMAKE_BUILD_TYPE=Release -DCMAKE_INSTALL_PREFIX=/usr \
	-DCMAKE_C_FLAGS_RELEASE="-O2 -g -DNDEBUG -ffile-prefix-map=$work=." \
	-DCMAKE_SKIP_RPATH=1 \
	-DNO_PYVERBS=1 -DNO_MAN_PAGES=1 -DENABLE_RESOLVE_NEIGH=0 \
	-DENABLE_VALGRIND=0
target=$(ninja -C "$work/build" -t targets all |
	sed -n 's/^\(pinless-rdmav[0-9]*\): phony$/\1/p' | head -n 1)
[ -n "$target" ] || die "cmake made no target for the provider; see $log"
run ninja -C "$work/build" ${JOBS:+-j "$JOBS"} "$target"

if grep -n 'providers/pinless/.*warning:' "$log" >&2; then
	die "the provider must build without warnings; the whole log is $log"
fi

rm -f "$out"/libpinless-rdmav*.so
install -m 644 "$work/build/lib/lib$target.so" "$out/"
echo "driver pinless" >"$out/pinless.driver"
