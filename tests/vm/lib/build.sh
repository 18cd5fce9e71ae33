# SPDX-License-Identifier: GPL-2.0
# Copyright (c) 2026 The pinless authors
# shellcheck shell=bash
#
# Builds the parts of pinless in the build root. Each part is a cache entry
# named by the content of its sources, so nothing is built twice.

KERNELS='6.1 6.12 7.x'

# What this process has built, by part.
declare -A BUILT=()
# What the caller of built() may set: the root that builds, and what the build
# needs besides the checkout, SOURCE:TARGET:ro.
BUILD_ROOT=build
BUILD_BINDS=()

# built NAME TEXT SCRIPT-NAME ARGUMENT... -- INPUT...: sets CACHED to what
# build-SCRIPT-NAME.sh made of the inputs. Returns 1 after saying what failed.
built()
{
	local part=$1 text=$2 script=$3 args=() log key built_now=0
	shift 3

	# One run works with one state of the sources, also when they are edited.
	if [ -n "${BUILT[$part]:-}" ]; then
		CACHED=${BUILT[$part]}
		return 0
	fi
	while [ "$1" != -- ]; do
		args+=("$1")
		shift
	done
	shift
	roots_get "$BUILD_ROOT"
	log=$CACHE/log/build-$part.log
	built_step()
	{
		built_now=1
		: >"$log"
		step "$text" "$log" in_root "$ROOT" "$TOP:/pinless:ro" "$1:/out" \
			"$CACHE/work/$part-$TREE:/work" "${BUILD_BINDS[@]}" -- \
			nice bash "/pinless/tests/vm/lib/in-root-build.sh" "$script" "${args[@]}"
	}
	mkdir -p "$CACHE/work/$part-$TREE"
	BUILD_LOG=$log
	key=$(built_key "$@")
	if cached "$part-$key" built_step; then
		# Edited while it was built: what is there is not what its name says.
		if [ "$built_now" -eq 0 ] || [ "$key" = "$(built_key "$@")" ]; then
			BUILT[$part]=$CACHED
			cached_forget "$part-" "$CACHED"
			return 0
		fi
		remove_tree "$CACHED"
		say "  the sources changed while they were built: once more"
		built "$part" "$text" "$script" "${args[@]}" -- "$@"
		return
	fi
	grep -E 'error|warning|Error|FAILED' "$log" | head -n 20 | sed 's/^/    | /' >&2
	log_tail "$log" 5
	return 1
}

built_key()
{
	hash_of "$(basename "$ROOT")" "$LIB/in-root-build.sh" "$@"
}

have_module()	{ [ -f "$TOP/Kbuild" ]; }
have_provider()	{ [ -f "$TOP/userspace/provider/build.sh" ]; }

build_module()
{
	local BUILD_BINDS

	kernel_get "$1"
	BUILD_BINDS=("${KERNEL_BINDS[@]}")
	built "module-$1" "building the module for $1" module "$1" -- \
		"$TOP/Kbuild" "$TOP/kernel" "${KERNEL_KEY[@]}"
}

# The module of the tests of the contract: kernel/obs/debug.c.
build_module_debug()
{
	local BUILD_BINDS

	kernel_get "$1"
	BUILD_BINDS=("${KERNEL_BINDS[@]}")
	built "module-debug-$1" "building the debug module for $1" module-debug "$1" -- \
		"$TOP/Kbuild" "$TOP/kernel" "${KERNEL_KEY[@]}"
}

# The same with every warning that the kernel's makefiles know, and sparse.
build_module_check()
{
	local BUILD_BINDS

	kernel_get "$1"
	BUILD_BINDS=("${KERNEL_BINDS[@]}")
	built "module-check-$1" "building the module for $1 with W=1 and sparse" \
		module-check "$1" -- "$TOP/Kbuild" "$TOP/kernel" "${KERNEL_KEY[@]}"
}

build_provider()
{
	built provider "building the provider in rdma-core's source" provider -- \
		"$TOP/userspace/provider" "$TOP/kernel/uapi"
}

# build_cmake PART DIRECTORY: a directory with a CMakeLists.txt of its own
build_cmake()
{
	local inputs=("$TOP/$2" "$TOP/kernel/uapi")

	# These compile pure parts of driver and provider, or read the lists of the driver.
	case $1 in
	unit) inputs+=("$TOP/kernel" "$TOP/userspace/provider") ;;
	fuzz) inputs+=("$TOP/kernel") ;;
	verbs) inputs+=("$TOP/kernel/obs") ;;
	esac
	built "$1" "building $2" cmake "$2" -- "${inputs[@]}"
}

# built_or_die COMMAND...: for the commands that cannot go on without it
built_or_die()
{
	"$@" && return 0
	die "the build failed" "$BUILD_LOG" "correct what the log names and run the same command again"
}
