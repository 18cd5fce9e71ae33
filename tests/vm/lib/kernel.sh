# SPDX-License-Identifier: GPL-2.0
# Copyright (c) 2026 The pinless authors
# shellcheck shell=bash
#
# Kernels that are built here, from Debian's source with the options of
# tests/vm/kernel. They are named KERNEL-FLAVOUR, as 7.x-sanitize.

# kernel_flavour NAME: prints the flavour of a kernel that is built here
kernel_flavour()
{
	case $1 in
	*-sanitize | *-kcsan) printf '%s' "${1##*-}" ;;
	esac
}

# KERNEL_LIMIT of the caller: seconds after which the build is given up
kernel_make()
{
	local work=$CACHE/work/kernel-$KERNEL_NAME status=0 watched=()

	# Modules are built without it: with the kernel itself unwatched, each
	# report has the driver on one of its sides, and no test waits for others.
	[ "${KERNEL_NAME##*-}" != kcsan ] || watched=(env KCSAN_SANITIZE=n)

	# The leftovers of an interrupted build cannot be trusted.
	remove_tree "$work"
	mkdir -p "$work"
	: >"$BUILD_LOG"
	step "building the kernel $KERNEL_NAME (tens of minutes, once)" "$BUILD_LOG" \
		in_root "$ROOT" "$TOP:/pinless:ro" "$1:/out" "$work:/work" -- \
		timeout --kill-after 10 "${KERNEL_LIMIT:-0}" \
		nice "${watched[@]}" bash /pinless/tests/vm/lib/in-root-kernel.sh \
			"${KERNEL_NAME%-*}" "${KERNEL_NAME##*-}" || status=$?
	remove_tree "$work"
	return "$status"
}

# kernel_entry NAME: sets KERNEL_ENTRY to the name in the cache of a kernel that
# is built here
kernel_entry()
{
	local options=$TOP/tests/vm/kernel

	roots_get kernel
	KERNEL_ENTRY=kernel-$1-$(hash_of "$(basename "$ROOT")" "$LIB/in-root-kernel.sh" \
		"$options/base.config" "$options/$(kernel_flavour "$1").config")
}

# kernel_cached NAME: is it in the cache?
kernel_cached()
{
	kernel_entry "$1"
	[ -d "$CACHE/$KERNEL_ENTRY" ]
}

# kernel_get NAME: sets KERNEL_BINDS to what a root needs to see of the kernel
# NAME, and KERNEL_KEY to what its users are named by: nothing for Debian's,
# which are in the build root
kernel_get()
{
	KERNEL_NAME=$1
	KERNEL_BINDS=()
	KERNEL_KEY=()
	[ -n "$(kernel_flavour "$1")" ] || return 0
	kernel_entry "$1"
	BUILD_LOG=$CACHE/log/kernel-$1.log
	if ! cached "$KERNEL_ENTRY" kernel_make; then
		host_network_or_die "$BUILD_LOG"
		log_tail "$BUILD_LOG"
		die "cannot build the kernel $1" "$BUILD_LOG" \
		    "correct the cause above and run the same command again"
	fi
	KERNEL_BINDS=("$CACHED:/kernels/$1:ro")
	KERNEL_KEY=("$(basename "$CACHED")")
}

# kernel_slowdown NAME: how many times slower than Debian's it is, at most
kernel_slowdown()
{
	if [ -n "$(kernel_flavour "$1")" ]; then
		echo 6
	else
		echo 1
	fi
}
