# SPDX-License-Identifier: GPL-2.0
# Copyright (c) 2026 The pinless authors
# shellcheck shell=bash
#
# The command build: module, provider and tools for the running system.

BUILD_NEEDS='gcc:gcc make:make cmake:cmake ninja:ninja-build pkg-config:pkg-config
python3:python3 xz:xz-utils'

# Prints the packages of libraries that are missing.
build_libraries_missing()
{
	[ -e /usr/include/infiniband/verbs.h ] || printf 'libibverbs-dev '
	pkg-config --exists libnl-3.0 2>/dev/null || printf 'libnl-3-dev '
	pkg-config --exists libnl-route-3.0 2>/dev/null || printf 'libnl-route-3-dev '
	[ -e "/lib/modules/$(uname -r)/build" ] || printf 'linux-headers-%s ' "$(uname -r)"
}

rdma_core_fetch()
{
	source_fetch "$1" rdma-core &&
		(cd "$1" && mkdir rdma-core &&
			tar -xf rdma-core_*.orig.tar.* -C rdma-core --strip-components=1) ||
		return 1
	rm -rf "$1"/rdma-core_*
}

rdma_core_step()
{
	: >"$RDMA_CORE_LOG"
	step "fetching the source of rdma-core" "$RDMA_CORE_LOG" rdma_core_fetch "$1"
}

build_native_module()
{
	rm -rf "$1/module"
	mkdir -p "$1/module"
	cp -a "$TOP/Kbuild" "$TOP/kernel" "$1/module/"
	make -C "/lib/modules/$(uname -r)/build" M="$1/module" -j"$(nproc)" modules &&
		cp "$1/module/pinless.ko" "$1/"
}

build_native_tools()
{
	cmake -S "$TOP" -B "$1/tools" -DCMAKE_BUILD_TYPE=RelWithDebInfo &&
		cmake --build "$1/tools" -j"$(nproc)" && cp "$1/tools/userspace/odplat/odplat" "$1/"
}

command_build()
{
	local dir=${OUT:-$TOP/build} failed='' logs packages release

	release=$(uname -r)
	logs=$dir/logs
	mkdir -p "$logs" || die "cannot write to $dir" "" "choose another folder with --out"
	dir=$(cd "$dir" && pwd)
	packages=$(build_libraries_missing)
	# Headers that no repository has (a kernel of one's own) do not stop the rest.
	case $packages in
	*linux-headers-*)
		apt-cache show "linux-headers-$release" >/dev/null 2>&1 ||
			packages=${packages/linux-headers-$release /}
		;;
	esac
	HOST_NEEDS=$BUILD_NEEDS
	# shellcheck disable=SC2046 # a list of words
	host_prepare $(for package in $packages; do echo "no-such-command-$package:$package"; done)

	RDMA_CORE_LOG=$CACHE/log/rdma-core.log
	if ! cached "rdma-core-$(hash_of "$(declare -f rdma_core_fetch source_fetch)")" rdma_core_step; then
		host_network_or_die "$RDMA_CORE_LOG"
		log_tail "$RDMA_CORE_LOG"
		die "cannot fetch the source of rdma-core" "$RDMA_CORE_LOG"
	fi
	rm -f "$logs"/* "$dir/pinless.ko"
	step "building the provider" "$logs/provider.log" \
		sh "$TOP/userspace/provider/build.sh" "$CACHED/rdma-core" "$dir/provider" || failed="$failed provider"
	step "building tools and tests" "$logs/tools.log" build_native_tools "$dir" || failed="$failed tools"
	if [ -e "/lib/modules/$release/build" ]; then
		step "building the module for $release" "$logs/module.log" build_native_module "$dir" ||
			failed="$failed module"
	else
		say "  no headers of the running kernel $release: the module is not built"
		failed="$failed module"
	fi
	build_advice "$dir" "$release"
	[ -z "$failed" ] || die "not built:$failed" "$logs" "correct what the logs name, or install linux-headers-$release for the module"
}

# build_advice DIR RELEASE: what to do with what was built
build_advice()
{
	local dir=$1 module=$1/pinless.ko

	if [ -f "$module" ]; then
		cat <<-TEXT
			To use it in place, as root:
			  modprobe ib_uverbs && insmod $module
			  rdma link add pinless0 type pinless netdev DEV
		TEXT
	fi
	cat <<-TEXT
		Programs find the provider by this variable:
		  export RDMAV_DRIVERS=$dir/provider/libpinless
		and the tool is $dir/odplat.
		To install, as root:
		  install -m 644 $dir/provider/libpinless-rdmav*.so $(host_provider_dir)/
		  install -D -m 644 $dir/provider/pinless.driver /etc/libibverbs.d/pinless.driver
		  install -m 755 $dir/odplat /usr/local/bin/odplat
	TEXT
	[ ! -f "$module" ] ||
		echo "  install -D -m 644 $module /lib/modules/$2/updates/pinless.ko && depmod"
}

# Where this system's libibverbs looks for providers.
host_provider_dir()
{
	printf '/usr/lib/%s/libibverbs' "$(gcc -print-multiarch 2>/dev/null || echo x86_64-linux-gnu)"
}
