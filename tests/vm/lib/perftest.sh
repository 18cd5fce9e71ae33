# SPDX-License-Identifier: GPL-2.0
# Copyright (c) 2026 The pinless authors
# shellcheck shell=bash
#
# perftest with the patches of perftest-patches: its source, its build, and the
# command perftest.

PERFTEST_VERSION=25.01.0+0.80
PERFTEST_SHA256=54e86b131f0b06862b8b9cd692739737295463cfef467bdda5f5aa3dae8c5b05
PERFTEST_PATCHES=$TOP/perftest-patches/$PERFTEST_VERSION
PERFTEST_TOOLS='ib_read_lat ib_write_lat ib_send_lat ib_atomic_lat ib_read_bw ib_write_bw ib_send_bw ib_atomic_bw'

# What a build on the host itself needs.
PERFTEST_NEEDS='gcc:gcc make:make patch:patch autoconf:autoconf automake:automake libtoolize:libtool ip:iproute2'

perftest_fetch()
{
	local file=$1/perftest.orig.tar.gz sum

	if [ -n "${PINLESS_PERFTEST_SOURCE:-}" ]; then
		cp "$PINLESS_PERFTEST_SOURCE" "$file" || return 1
	else
		source_fetch "$1" perftest "$PERFTEST_VERSION" &&
			mv "$1"/perftest_*.orig.tar.gz "$file" || return 1
	fi
	sum=$(sha256sum "$file" | cut -d' ' -f1)
	[ "$sum" = "$PERFTEST_SHA256" ] && return 0
	echo "pinless: the source of perftest has the checksum $sum, not $PERFTEST_SHA256" >&2
	return 1
}

perftest_fetch_step()
{
	: >"$PERFTEST_LOG"
	step "fetching the source of perftest $PERFTEST_VERSION" "$PERFTEST_LOG" perftest_fetch "$1"
}

# perftest_source_get: sets PERFTEST_SOURCE to a folder with the tarball
perftest_source_get()
{
	local reason

	PERFTEST_LOG=$CACHE/log/perftest-source.log
	if ! cached "perftest-source-${PERFTEST_SHA256:0:16}" perftest_fetch_step; then
		host_network_or_die "$PERFTEST_LOG"
		reason=$(sed -n 's/^pinless: //p' "$PERFTEST_LOG" | tail -n 1)
		[ -n "$reason" ] || log_tail "$PERFTEST_LOG"
		die "${reason:-cannot fetch the source of perftest}" "$PERFTEST_LOG" \
		    "name the file perftest_$PERFTEST_VERSION.orig.tar.gz in PINLESS_PERFTEST_SOURCE; docs/perftest.md says how the patches are carried to another version"
	fi
	PERFTEST_SOURCE=$CACHED
}

# perftest_series: prints a hash of the series and of what builds it
perftest_series()
{
	hash_of "$PERFTEST_SHA256" "$PERFTEST_PATCHES/series" "$PERFTEST_PATCHES/alone" \
		"$PERFTEST_PATCHES"/[0-9]*.patch "$TOP/perftest-patches/build.sh"
}

# perftest_built PART TEXT: a build in perftest's own root
perftest_built()
{
	local BUILD_ROOT=perftest BUILD_BINDS

	perftest_source_get
	BUILD_BINDS=("$PERFTEST_SOURCE:/perftest:ro")
	built "$1" "$2" "$1" "$PERFTEST_VERSION" -- "$(perftest_series)"
}

# build_perftest: sets CACHED to a folder with the patched programs
build_perftest()
{
	perftest_built perftest "building perftest with the patches"
}

# build_perftest_each: after every patch, with warnings as errors
build_perftest_each()
{
	perftest_built perftest-each "building perftest after every patch, warnings are errors"
}

# perftest_recorded: was this very series built after every patch, as the tree says?
perftest_recorded()
{
	[ "$(grep -v '^#' "$PERFTEST_PATCHES/built" 2>/dev/null)" = "$(perftest_series)" ]
}

# perftest_record: the tree says so from now on
perftest_record()
{
	cat >"$PERFTEST_PATCHES/built" <<BUILT
# SPDX-License-Identifier: GPL-2.0
# Copyright (c) 2026 The pinless authors
# The series that was built after every patch; written by
# PINLESS_RECORD=1 ./pinless test --only build (docs/testing.md).
$(perftest_series)
BUILT
}

# job_perftest_parts: the patched programs, for a job
job_perftest_parts()
{
	built_or_die build_perftest
	job_add "$CACHED" perftest
	[ -d "$JOB/job/perf" ] || job_add "$TOP/tests/perf" perf
}

# job_perftest_break: the library that spoils what they do, for a job
job_perftest_break()
{
	built_or_die build_cmake perftest-break tests/perf/break
	job_add "$CACHED/perftest_break.so" perftest-break/perftest_break.so
}

# perftest_words: is what follows "--" a program and options that can be run?
perftest_words()
{
	local word

	case " $PERFTEST_TOOLS " in
	*" ${WORDS[0]} "*) ;;
	*) usage_error "unknown program '${WORDS[0]}': choose one of $PERFTEST_TOOLS" ;;
	esac
	for word in "${WORDS[@]:1}"; do
		case $word in
		-d | -d?* | --ib-dev | --ib-dev=*)
			usage_error "'$word' after '--': the device is named before it, --device NAME"
			;;
		-p | -p[0-9]* | --port | --port=*)
			usage_error "'$word' after '--': a free port is chosen for both sides"
			;;
		esac
	done
}

# perftest_native: both sides on this host, or only the build
perftest_native()
{
	local header package missing='' devices dir log=$CACHE/log/build-perftest-native.log

	for header in infiniband/verbs.h:libibverbs-dev rdma/rdma_cma.h:librdmacm-dev \
		infiniband/umad.h:libibumad-dev pci/pci.h:libpci-dev \
		libnl3/netlink/netlink.h:libnl-3-dev; do
		package=${header#*:}
		[ -e "/usr/include/${header%%:*}" ] ||
			find /usr/include -path "*/${header%%:*}" 2>/dev/null | grep -q . ||
			missing="$missing no-such-command-$package:$package"
	done
	HOST_NEEDS=$PERFTEST_NEEDS
	# shellcheck disable=SC2086 # a list of words
	host_prepare $missing
	if [ ${#WORDS[@]} -gt 0 ] && [ ! -e "/sys/class/infiniband/$DEVICE" ]; then
		devices=$(find /sys/class/infiniband -mindepth 1 -printf '%f ' 2>/dev/null)
		die "this host has no RDMA device '$DEVICE'" "" \
		    "${devices:+choose one of: }${devices:-leave --native out: a machine with pinless0 and rxe0 is started}"
	fi
	perftest_source_get
	perftest_native_step()
	{
		: >"$log"
		step "building perftest with the patches for this host" "$log" \
			sh "$TOP/perftest-patches/build.sh" "$PERFTEST_SOURCE/perftest.orig.tar.gz" \
			"$PERFTEST_PATCHES" "$1"
	}
	if ! cached "perftest-native-$(hash_of "$PERFTEST_SHA256" "$PERFTEST_PATCHES" \
		"$TOP/perftest-patches/build.sh" "$(gcc -dumpfullversion)" /usr/include/infiniband/verbs.h)" \
		perftest_native_step; then
		log_tail "$log"
		die "perftest was not built" "$log" "correct what the log names and run the same command again"
	fi
	dir=$CACHED
	if [ ${#WORDS[@]} -eq 0 ]; then
		printf '%s\n' "$dir"
		return
	fi
	PERFTEST_PROGRAMS=$dir PERFTEST_OUT=${OUT:-} \
		bash "$TOP/tests/perf/perftest-run" "$DEVICE" "${WORDS[@]}"
}

# perftest_in_machine: both sides in a machine, on one of its devices
perftest_in_machine()
{
	local kernel=${KERNEL:-7.x} kinds device=${DEVICE:-pinless0}

	kinds=$(device_kinds "$device") || exit
	host_prepare
	job_dir_make
	trap 'rm -rf "$JOB"' EXIT
	job_device_parts "$kernel" "$kinds"
	job_perftest_parts
	job_env DEVICES "$kinds"
	job_env PERFTEST_PROGRAMS /job/perftest
	job_env PERFTEST_OUT /out
	# An emulated CPU's frequency is not what /proc/cpuinfo says.
	printf '%q ' bash /job/perf/perftest-run "$device" "${WORDS[@]}" -F >"$JOB/job/command"
	job_run "$kernel" "${OUT:-$TOP/results}/perftest"
}

command_perftest()
{
	[ ${#WORDS[@]} -eq 0 ] || perftest_words
	if [ -n "$NATIVE" ]; then
		[ ${#WORDS[@]} -eq 0 ] || [ -n "$DEVICE" ] ||
			usage_error "--native needs --device NAME, one of this host's own devices"
		perftest_native
	else
		[ ${#WORDS[@]} -gt 0 ] ||
			usage_error "perftest needs a program after '--', for example: ./pinless perftest -- ib_read_lat --odp"
		perftest_in_machine
	fi
}
