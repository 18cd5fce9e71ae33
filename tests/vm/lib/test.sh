# SPDX-License-Identifier: GPL-2.0
# Copyright (c) 2026 The pinless authors
# shellcheck shell=bash
#
# The command test: unit tests, build checks, then groups of tests in machines.

# How long the group torture runs unless a time is given.
TORTURE_SECONDS=300

# chosen GROUP: is it in --only?
chosen()
{
	[ -z "$ONLY" ] && return 0
	case ",$ONLY," in
	*",$1,"*) return 0 ;;
	esac
	return 1
}

# test_build NAME COMMAND...: a build step as a test
test_build()
{
	local name=$1 start=$SECONDS
	shift

	if "$@"; then
		result pass "$name" $((SECONDS - start)) ''
	else
		result FAIL "$name" $((SECONDS - start)) "see $BUILD_LOG"
		return 1
	fi
}

# Warnings of the module's own sources, which the check build collects.
test_warnings()
{
	local kernel=$1 count

	test_build "build.$kernel.w1-sparse" build_module_check "$kernel" || return
	# The machines take this module rather than one more build of the same.
	BUILT["module-$kernel"]=$CACHED
	count=$(wc -l <"$CACHED/warnings")
	if [ "$count" -eq 0 ]; then
		result pass "build.$kernel.no-warnings" 0 ''
	else
		result FAIL "build.$kernel.no-warnings" 0 "$count warnings: $(head -n 1 "$CACHED/warnings")"
		sed 's/^/      /' "$CACHED/warnings" | head -n 20 >&2
	fi
}

# Building perftest after every patch takes minutes, and says something new only where
# the series has changed: then, or when PINLESS_RECORD asks for it, it is built.
test_perftest_each()
{
	if perftest_recorded && [ -z "${PINLESS_RECORD:-}" ]; then
		result pass build.perftest-each 0 'recorded for this series'
		return
	fi
	test_build build.perftest-each build_perftest_each || return
	if [ -n "${PINLESS_RECORD:-}" ]; then
		perftest_record
	else
		result FAIL build.perftest-recorded 0 \
			"the series is another than $PERFTEST_PATCHES/built says: PINLESS_RECORD=1 ./pinless test --only build"
	fi
}

# One script per kind of check that needs nothing but the sources.
test_sources()
{
	local tool script log name

	roots_get build
	for tool in checkpatch shellcheck; do
		log=$OUT/logs/$tool.log
		if step "$tool" "$log" in_root "$ROOT" "$TOP:/pinless:ro" -- \
			bash "/pinless/tests/vm/lib/in-root-$tool.sh"; then
			result pass "build.$tool" 0 ''
		else
			head -n 10 "$log" | sed 's/^/      /' >&2
			result FAIL "build.$tool" 0 "see $log"
		fi
	done
	for script in "$TOP"/tests/*.sh "$TOP"/tests/vm/selftest/*.sh; do
		[ -e "$script" ] || continue
		name=${script#"$TOP/tests/"}
		name=${name#vm/}
		test_script "build.${name//\//.}" "$script"
	done
}

# test_script NAME SCRIPT: a script of the checkout that needs no machine, as a test
test_script()
{
	local log=$OUT/logs/$1.log start=$SECONDS

	if (cd "$TOP" && bash "$2") >"$log" 2>&1 </dev/null; then
		result pass "$1" $((SECONDS - start)) ''
	else
		log_tail "$log"
		result FAIL "$1" $((SECONDS - start)) "see $log"
	fi
}

# unit_suite PART DIRECTORY: builds and runs the CTest tests of a directory
unit_suite()
{
	local part=$1 directory=$2 log=$OUT/logs/unit-$1.log line verdict name
	local status=0 failed=${RESULT_COUNT[FAIL]}

	test_build "unit.$part.build" build_cmake "$part" "$directory" || return
	# CTest's files hold the paths of the build, so they run under the same.
	step "unit tests: $directory" "$log" in_root "$ROOT" "$TOP:/pinless:ro" \
		"$CACHED:/work/build" -- \
		ctest --test-dir /work/build --output-on-failure --timeout 300 -j2 || status=$?
	[ "$status" -eq 0 ] || log_tail "$log" 30
	while read -r line; do
		name=${line#*: }
		name=${name%% *}
		case $line in
		*Passed*) verdict=pass ;;
		*Skipped* | *'Not Run (Disabled)'*) verdict=skip ;;
		*) verdict=FAIL ;;
		esac
		result "$verdict" "unit.$part.$name" 0 "$([ "$verdict" = pass ] || echo "see $log")"
	done < <(grep -E '^ *[0-9]+/[0-9]+ Test +#' "$log")
	if ! grep -qE '^ *[0-9]+/[0-9]+ Test +#' "$log"; then
		result FAIL "unit.$part" 0 "no test ran, see $log"
	elif [ "$status" -ne 0 ] && [ "${RESULT_COUNT[FAIL]}" -eq "$failed" ]; then
		# It ended before it had run them all.
		result FAIL "unit.$part" 0 "ctest ended with status $status, see $log"
	fi
}

test_units()
{
	local directory

	unit_suite unit tests/unit
	for directory in userspace/odplat userspace/provider; do
		grep -q add_test "$TOP/$directory/CMakeLists.txt" 2>/dev/null || continue
		unit_suite "$(basename "$directory")" "$directory"
	done
}

# sanitize_wanted: does this run end with the group that has a kernel of its own?
sanitize_wanted()
{
	chosen sanitize || return 1
	case $FLAVOUR:$KERNEL:$DEVICE in
	:: | :7.x: | ::pinless0 | :7.x:pinless0) return 0 ;;
	*) return 1 ;;
	esac
}

# group_limit KERNEL GROUP [LEFT]: seconds that its machine may run
group_limit()
{
	if [ -n "${3:-}" ]; then
		sanitize_limit "$3"
	else
		echo $(($(group_seconds "$2" "$TORTURE") * $(kernel_slowdown "$1")))
	fi
}

# machine_job KERNEL GROUP [LEFT]: what a group's machine is given, in $JOB
machine_job()
{
	local kernel=$1 group=$2 left=${3:-} kinds part module=''

	kinds=$(group_devices "$group" "$kernel" "$DEVICE")
	for part in ${GROUP_FIELD[$group.parts]}; do
		[ "$part" != module-debug ] || module=build_module_debug
	done
	job_device_parts "$kernel" "$kinds" "$module"
	job_program_parts die
	for part in ${GROUP_FIELD[$group.parts]}; do
		case $part in
		perftest) job_perftest_parts ;;
		perftest-break) job_perftest_break ;;
		esac
	done
	job_env DEVICES "$kinds"
	job_env PINLESS_KERNEL "${kernel%%-*}"
	job_env TORTURE "$TORTURE"
	job_env PINLESS_TEST_SEED "${PINLESS_TEST_SEED:-}"
	if [ -n "$left" ]; then
		job_env VERBS_SECONDS "$left"
		job_env VERBS_LIMIT "$SANITIZE_PROGRAM"
	fi
	[ -z "$CONFORMANCE" ] || job_env VERBS_PROGRAMS "$(conformance_programs)"
	printf 'bash /job/guest/group-%s\n' "$group" >"$JOB/job/command"
}

# machine_run KERNEL LIMIT BASE: runs the job that is in $JOB; what is left of it is
# BASE.output, .console, .qemu and .status and the folder BASE. A kernel log that
# cannot be kept is missed by result_lines().
machine_run()
{
	local status=0

	vm_run "$1" "$2" >"$3.output" || status=$?
	mkdir -p "$3"
	cp -a "$JOB/out/." "$3/"
	cp "$JOB/qemu.log" "$3.qemu" 2>/dev/null
	cp "$JOB/console.log" "$3.console" || rm -f "$3.console"
	printf '%s\n' "$status" >"$3.status"
}

# machine_group KERNEL GROUP [LEFT]: runs in a subshell of its own; its results go to
# files that the parent takes when the machine is done. LEFT: the seconds that are left
# for the tests of a run that is to end.
machine_group()
{
	local kernel=$1 group=$2 left=${3:-} base=$OUT/logs/$1.$2 limit part reason

	: >"$base.output"
	job_dir_make
	trap 'rm -rf "$JOB"' EXIT
	machine_job "$kernel" "$group" "$left"
	group_environment "$group"
	[ -z "$left" ] || VM_BOOT_SECONDS=$SANITIZE_BOOT
	limit=$(group_limit "$kernel" "$group" "$left")
	machine_run "$kernel" "$limit" "$base"
	if [ ! -s "$JOB/result" ]; then
		reason=$(vm_not_up)
		echo "its machine did not come up${reason:+: $reason}" >"$base.not-run"
	elif ! cpu_idle_and_still "$base" || [ "$(host_accel)" = kvm ]; then
		:
	elif [ -n "$left" ]; then
		# There may be no time for a second machine.
		grep -qE -f "$LIB/../guest/bad-log" "$base.console" ||
			echo "a CPU of the emulator stood still" >"$base.not-run"
	else
		# The emulator's fault, and rare: once more, with all tests. What the first
		# machine found stays found: group_results().
		for part in .output .console .qemu .status ''; do
			mv "$base$part" "$base.first$part"
		done
		rm -rf "${JOB:?}/out"/*
		machine_run "$kernel" "$limit" "$base"
	fi
}

# cpu_idle_and_still BASE: was the machine given up for a CPU that stood still and that
# the kernel saw idle? A CPU that is busy may stand still for an error of the driver.
cpu_idle_and_still()
{
	grep -q '^SUITE-TIMERS-DEAD idle' "$1.output"
}

# group_results KERNEL GROUP [LEFT]: takes the results of a finished machine
group_results()
{
	local name=$1.$2 kernel=$1 group=$2 left=${3:-} base=$OUT/logs/$1.$2 status reason
	local passed=${RESULT_COUNT[pass]} failed=${RESULT_COUNT[FAIL]} skipped=${RESULT_COUNT[skip]}

	if [ -e "$base.first.output" ]; then
		say "  $kernel $group: a CPU of the emulator stood still; a second machine has run all of it:"
		result_lines "$kernel" "$base.first.output" "$base.first.console" \
			'in the first of two machines'
	fi
	if [ -n "$left" ] && [ -e "$base.not-run" ]; then
		# It had not reached this project's code, or it is the emulator's fault.
		result_lines "$kernel" "$base.output" /dev/null
		reason="$(cat "$base.not-run"): see $base.console"
		result skip "$name" 0 "$reason"
		say "  $kernel $group: skipped: $reason"
		return
	fi
	status=$(cat "$base.status" 2>/dev/null || echo 1)
	if ! grep -q '^SUITE-END' "$base.output"; then
		result_lines "$kernel" "$base.output" /dev/null
		case $status in
		1) reason=$(grep -m 1 'error:' "$base.stderr" || echo "the job failed") ;;
		"$VM_TIMEOUT") reason="the machine was stopped after $(group_limit "$kernel" "$group" "$left") s" ;;
		"$VM_LOST") reason=$(cat "$base.not-run" 2>/dev/null || echo "the machine died") ;;
		*)
			reason=$(sed -n 's/^SUITE-TIMERS-DEAD //p' "$base.output")
			reason=${reason:+a CPU stood still: $reason}
			reason=${reason:-the job ended early with status $status}
			;;
		esac
		result FAIL "$name" 0 "$reason: see $base.console and $base.output"
		log_report "$base.console"
		log_tail "$base.stderr" 5
	else
		result_lines "$kernel" "$base.output" "$base.console"
		[ "$status" -eq 0 ] || result FAIL "$name" 0 "the job ended with status $status"
	fi
	say "  $kernel $group: $((RESULT_COUNT[pass] - passed)) passed," \
		"$((RESULT_COUNT[FAIL] - failed)) failed, $((RESULT_COUNT[skip] - skipped)) skipped"
}

# Two machines at a time where there are two cores and the memory for them.
machines_parallel()
{
	local kib

	kib=$(awk '/MemAvailable/ { print $2 }' /proc/meminfo)
	if [ "$(nproc)" -ge 2 ] && [ "$kib" -gt 7000000 ]; then
		echo 2
	else
		echo 1
	fi
}

# test_machines KERNELS GROUPS TITLE [LEFT]: each of GROUPS on each of KERNELS that it
# runs on, each in a machine of its own, so that one that dies takes only its own tests
# along
test_machines()
{
	local kernels=$1 groups=$2 title=$3 left=${4:-} kernel group parallel start=$SECONDS pid
	local -A running=()

	# The machines' own shells end their QEMU when they are told to end.
	trap 'kill "${!running[@]}" 2>/dev/null; wait; exit 130' INT TERM

	parallel=$(machines_parallel)
	for group in $groups; do
		for kernel in $kernels; do
			group_runs "$group" "$kernel" "$DEVICE" "$KERNEL" || continue
			while [ "${#running[@]}" -ge "$parallel" ]; do
				machines_reap "$left"
			done
			[ -z "$title" ] || say "$title ($parallel at a time):"
			title=''
			say "  $kernel $group: started at $((SECONDS - start)) s"
			machine_group "$kernel" "$group" "$left" 2>"$OUT/logs/$kernel.$group.stderr" &
			running[$!]="$kernel $group"
		done
	done
	while [ "${#running[@]}" -gt 0 ]; do
		machines_reap "$left"
	done
	trap - INT TERM
}

# machines_reap LEFT: waits for one of the caller's array of running machines and takes
# its results
machines_reap()
{
	local kernel group

	wait -n -p pid "${!running[@]}"
	read -r kernel group <<<"${running[$pid]}"
	unset "running[$pid]"
	# A result that cannot be written ends the run, and with it the other machines.
	trap 'kill "${!running[@]}" 2>/dev/null; wait' EXIT
	group_results "$kernel" "$group" "$1"
	trap - EXIT
}

# The conformance programs on both devices, side by side.
test_table()
{
	awk -F'\t' '
		$2 ~ /^7\.x\.verbs\./ {
			split($2, part, ".")
			device = part[4]
			name = part[5]
			if (!(name in seen)) { seen[name] = 1; order[++n] = name }
			word = $1 == "pass" ? "ok" : $1 == "FAIL" ? "FAIL" : "skip"
			if ($4 ~ /^known on rxe/) word = "fails"
			cell[name, device] = word
		}
		END {
			if (!n) exit
			printf "%-32s %-8s %s\n", "behaviour (kernel 7.x)", "pinless", "rxe"
			for (i = 1; i <= n; i++)
				printf "%-32s %-8s %s\n", order[i], cell[order[i], "pinless"], cell[order[i], "rxe"]
		}' "$RESULTS"
}

# conformance_programs: those of the table of memory events
conformance_programs()
{
	awk '/^[a-z]/ { printf "%s ", $1 }' "$TOP/tests/verbs/lists/events.txt"
}

# groups_chosen KERNELS: prints the machine groups of this run, in order; those that
# --only names and that nothing would run are an error
groups_chosen()
{
	local name kernel runs

	for name in ${ONLY//,/ }; do
		[ -n "${GROUP_FIELD[$name.kernels]:-}" ] ||
			usage_error "unknown group '$name' in --only: choose from ${GROUP_NAMES[*]}"
	done
	for name in $(machine_groups); do
		chosen "$name" || continue
		runs=''
		for kernel in $1; do
			group_runs "$name" "$kernel" "$DEVICE" "$KERNEL" && runs=1
		done
		if [ -n "$runs" ]; then
			printf '%s ' "$name"
		elif [ -n "$ONLY" ] && { [ "$name" != sanitize ] || ! sanitize_wanted; }; then
			usage_error "no machine runs the group '$name'${KERNEL:+ with --kernel ${KERNEL%%-*}}${DEVICE:+ with --device $DEVICE}${FLAVOUR:+ with --$FLAVOUR}: leave that option out"
		fi
	done
}

# test_parts KERNELS GROUPS: what the machines share is made before they start side by
# side
test_parts()
{
	local kernel group

	image_get
	test_build build.odplat build_cmake odplat userspace/odplat
	test_build build.verbs build_cmake verbs tests/verbs
	test_build build.provider build_provider
	test_build build.perftest build_perftest
	test_build build.perftest-break build_cmake perftest-break tests/perf/break
	for kernel in $1; do
		for group in $2; do
			group_runs "$group" "$kernel" "$DEVICE" "$KERNEL" || continue
			initramfs_get "$kernel"
			test_build "build.$kernel.module" build_module "$kernel"
			break
		done
	done
}

command_test()
{
	local kernels=${KERNEL:-$KERNELS} kernel groups start=$SECONDS

	case $DEVICE in
	'' | pinless0 | rxe0) ;;
	*) usage_error "unknown device '$DEVICE': the machines have pinless0 and rxe0" ;;
	esac
	if [ -n "$CONFORMANCE" ]; then
		[ -z "$ONLY" ] || usage_error "--conformance is a choice of its own: leave --only out"
		[ -z "$FLAVOUR" ] || usage_error "--conformance is about Debian's kernels: leave --sanitize out"
		ONLY=verbs,numa
	fi
	# On a sanitizer kernel, the groups that are likely to find errors.
	[ -z "$FLAVOUR" ] || ONLY=${ONLY:-verbs,pyverbs}
	TORTURE=${TORTURE:-$TORTURE_SECONDS}
	groups=$(groups_chosen "$kernels") || exit
	OUT=${OUT:-$TOP/results}/test
	results_lock "$OUT"
	rm -rf "$OUT"
	mkdir -p "$OUT/logs" || die "cannot write to $OUT" "" "choose another folder with --out"
	RESULTS=$OUT/results.tsv
	: >"$RESULTS" || die "cannot write to $RESULTS" "" "choose another folder with --out"
	host_prepare
	roots_get build

	chosen unit && test_units
	chosen model && unit_suite model tests/model
	chosen fuzz && unit_suite fuzz tests/fuzz
	if chosen build; then
		test_sources
		for kernel in $kernels; do
			test_warnings "$kernel"
		done
		test_perftest_each
	fi
	# The sanitizer's machine takes the same programs.
	if [ -n "$groups" ] || sanitize_wanted; then
		test_parts "$kernels" "$groups"
		test_machines "$kernels" "$groups" "Tests in machines"
	fi
	sanitize_wanted && test_sanitized "$start"
	if [ -n "$CONFORMANCE" ]; then
		bash "$TOP/tests/conformance-doc.sh" --print "$RESULTS"
	else
		test_table
	fi
	results_summary "$RESULTS" "$OUT/logs" $((SECONDS - start))
}
