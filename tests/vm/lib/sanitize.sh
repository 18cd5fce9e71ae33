# SPDX-License-Identifier: GPL-2.0
# Copyright (c) 2026 The pinless authors
# shellcheck shell=bash
#
# The part of plain "./pinless test" that runs on a sanitizer kernel: the group
# sanitize, last and alone, when there is time and room for it.

SANITIZE_KERNEL=7.x-sanitize
# Seconds since the start of the command: after SANITIZE_BUILD_UNTIL no build of
# the kernel begins, at SANITIZE_BUILD_END one is given up, and at SANITIZE_END
# the group lets no further program begin, nor after SANITIZE_SECONDS of its own.
SANITIZE_BUILD_UNTIL=3100
SANITIZE_BUILD_END=3800
SANITIZE_END=4300
SANITIZE_SECONDS=600
# What booting may take with all its tries, and a program before PINLESS_SLOWDOWN.
SANITIZE_BOOT=400
SANITIZE_PROGRAM=60
# What the build of the kernel and its machine need.
SANITIZE_DISK_GB=8
SANITIZE_MEMORY_GB=6

# sanitize_room: prints which resource is too small for the machine, if one is
sanitize_room()
{
	local gb

	gb=$(awk '/MemAvailable/ { print int($2 / 1048576) }' /proc/meminfo)
	[ "$gb" -ge "$SANITIZE_MEMORY_GB" ] ||
		echo "it needs $SANITIZE_MEMORY_GB GB of free memory, and $gb are free"
}

# sanitize_build_room SECONDS: the same for the build, so long after the start
sanitize_build_room()
{
	local gb

	gb=$(df --output=avail -BG "$CACHE" | tr -dc '0-9')
	if [ "$1" -gt "$SANITIZE_BUILD_UNTIL" ]; then
		echo "its kernel is not in the cache yet, and $(($1 / 60)) minutes after the start no time is left to build it"
	elif [ "$gb" -lt "$SANITIZE_DISK_GB" ]; then
		echo "its kernel is not in the cache yet, and its build needs $SANITIZE_DISK_GB GB in $CACHE, where $gb are free"
	fi
}

# sanitize_kernel START: the kernel, from the cache or built if there is time;
# START is $SECONDS at the start of the command. Sets SANITIZE_REASON and
# returns 1 when it is not there.
sanitize_kernel()
{
	local start=$1 now

	now=$((SECONDS - start))
	SANITIZE_REASON=$(sanitize_room)
	[ -n "$SANITIZE_REASON" ] || [ "$now" -le $((SANITIZE_END - 240)) ] ||
		SANITIZE_REASON="no time is left $((now / 60)) minutes after the start"
	[ -z "$SANITIZE_REASON" ] || return 1
	# Its name is made of that of the root that builds it.
	if ! (roots_get kernel); then
		SANITIZE_REASON="no root for the build of its kernel: see above"
		return 1
	fi
	kernel_cached "$SANITIZE_KERNEL" && return 0
	now=$((SECONDS - start))
	SANITIZE_REASON=$(sanitize_build_room "$now")
	[ -z "$SANITIZE_REASON" ] || return 1
	(KERNEL_LIMIT=$((SANITIZE_BUILD_END - now)) kernel_get "$SANITIZE_KERNEL") && return 0
	if [ $((SECONDS - start)) -ge "$SANITIZE_BUILD_END" ]; then
		SANITIZE_REASON="the build of its kernel was given up after $(((SECONDS - start - now) / 60)) minutes"
	else
		SANITIZE_REASON="its kernel was not built: see $CACHE/log/kernel-$SANITIZE_KERNEL.log"
	fi
	return 1
}

# sanitize_limit LEFT: seconds that the machine may run, where tests begin for LEFT
# seconds: more than it takes to boot and to end all that begins in time, with what is
# looked for at the end
sanitize_limit()
{
	echo $((SANITIZE_BOOT + $1 + SANITIZE_PROGRAM * $(kernel_slowdown "$SANITIZE_KERNEL") + 240))
}

# test_sanitized START: the group sanitize, after all other machines have ended
test_sanitized()
{
	local start=$1 left

	if ! sanitize_kernel "$start"; then
		say "  $SANITIZE_KERNEL sanitize: skipped: $SANITIZE_REASON"
		say "    it alone, whenever there is time: ./pinless test --sanitize --only sanitize"
		result skip "$SANITIZE_KERNEL.sanitize" 0 "$SANITIZE_REASON"
		return
	fi
	initramfs_get "$SANITIZE_KERNEL"
	test_build "build.$SANITIZE_KERNEL.module" build_module "$SANITIZE_KERNEL" || return
	left=$((SANITIZE_END - (SECONDS - start)))
	test_machines "$SANITIZE_KERNEL" sanitize "On the sanitizer kernel" \
		$((left < SANITIZE_SECONDS ? left : SANITIZE_SECONDS))
}
