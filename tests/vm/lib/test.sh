# SPDX-License-Identifier: GPL-2.0
# Copyright (c) 2026 The pinless authors
# shellcheck shell=bash
#
# The command test: unit tests, build checks, then groups of tests in machines.

# Groups that run in a machine, the longest first, with their time limits in
# seconds. Each group has a machine of its own, so that one that dies takes
# only its own tests along.
# The groups counted, whose figures were recorded there, and contract run on 7.x
# with pinless0 only; torture too, unless another kernel is asked for.
# numa is the part of verbs that needs two NUMA nodes, conditions runs it where
# something is lacking, on a kernel whose rxe has no on-demand paging, sanitize is that
# for which a plain run of all tests has time on a sanitizer kernel (sanitize.sh).
MACHINE_GROUPS='verbs pyverbs torture conditions perftest-odp perftest counted contract numa sanitize'
# A machine that does nothing is found by the limit of a test; this one is for hosts that are slow.
GROUP_LIMIT=3600
TORTURE_SECONDS=300

# result VERDICT NAME SECONDS REASON: counts and keeps one result
result()
{
	printf '%s\t%s\t%s\t%s\n' "$@" >>"$RESULTS"
	[ "$1" != FAIL ] || say "    FAIL $2: $4"
}

# results_count VERDICT [PREFIX]
results_count()
{
	awk -F'\t' -v v="$1" -v p="${2:-}" '$1 == v && index($2, p) == 1' "$RESULTS" | wc -l
}

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

# One script per kind of check that needs nothing but the sources.
test_sources()
{
	local tool script log

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
	for script in "$TOP"/tests/*.sh; do
		[ -e "$script" ] || continue
		log=$OUT/logs/$(basename "$script").log
		if (cd "$TOP" && bash "$script") >"$log" 2>&1; then
			result pass "build.$(basename "$script")" 0 ''
		else
			log_tail "$log"
			result FAIL "build.$(basename "$script")" 0 "see $log"
		fi
	done
}

# unit_suite PART DIRECTORY: builds and runs the CTest tests of a directory
unit_suite()
{
	local part=$1 directory=$2 log=$OUT/logs/unit-$1.log line verdict name

	test_build "unit.$part.build" build_cmake "$part" "$directory" || return
	# CTest's files hold the paths of the build, so they run under the same.
	step "unit tests: $directory" "$log" in_root "$ROOT" "$TOP:/pinless:ro" \
		"$CACHED:/work/build" -- \
		ctest --test-dir /work/build --output-on-failure --timeout 300 -j2 ||
		log_tail "$log" 30
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
	grep -qE '^ *[0-9]+/[0-9]+ Test +#' "$log" ||
		result FAIL "unit.$part" 0 "no test ran, see $log"
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

# group_kinds KERNEL GROUP: the devices of the machine of a group
group_kinds()
{
	case $DEVICE:$1:$2 in
	pinless0:*) echo pinless ;;
	rxe0:*) echo rxe ;;
	# rxe has on-demand paging on 7.x only; there it stands beside pinless.
	:7.x:verbs | :7.x:numa | :7.x:perftest-odp) echo 'pinless rxe' ;;
	# There it is a device without.
	:6.12:conditions) echo 'pinless rxe' ;;
	:*) echo pinless ;;
	esac
}

# group_wanted GROUP KERNEL
group_wanted()
{
	case $1:$2:$DEVICE in
	counted:7.x: | counted:7.x:pinless0) return 0 ;;
	contract:7.x: | contract:7.x:pinless0) return 0 ;;
	conditions:6.12:) return 0 ;;
	counted:* | contract:* | conditions:*) return 1 ;;
	torture:*:rxe0 | sanitize:*:rxe0) return 1 ;;
	sanitize:*-sanitize:* | sanitize:*-kcsan:*) return 0 ;;
	sanitize:*) return 1 ;;
	torture:7.x:*) return 0 ;;
	torture:*) [ -n "$KERNEL" ] && return 0 || return 1 ;;
	esac
}

# kernel_wanted KERNEL: does a machine with it belong to what is chosen?
kernel_wanted()
{
	local group

	for group in $MACHINE_GROUPS; do
		chosen "$group" && group_wanted "$group" "$1" && return 0
	done
	return 1
}

# The group that has a kernel of its own, in a run without a flavour.
sanitize_wanted()
{
	case $FLAVOUR:$KERNEL:$DEVICE in
	:: | :7.x: | ::pinless0 | :7.x:pinless0) return 0 ;;
	*) return 1 ;;
	esac
}

# machine_group_wanted GROUP KERNELS: does any machine of what is chosen run it?
machine_group_wanted()
{
	local kernel

	for kernel in $2; do
		group_wanted "$1" "$kernel" && return 0
	done
	[ "$1" = sanitize ] && sanitize_wanted
}

# group_limit KERNEL GROUP: seconds that a machine may run
group_limit()
{
	local limit=$GROUP_LIMIT

	[ -z "${SANITIZE_LEFT:-}" ] || { sanitize_limit; return; }
	[ "$2" != torture ] || limit=$((${TORTURE:=$TORTURE_SECONDS} + 1200))
	echo $((limit * $(kernel_slowdown "$1")))
}

# machine_group KERNEL GROUP: runs in a subshell of its own; its results go to
# a file that the parent takes when the machine is done
machine_group()
{
	local kernel=$1 group=$2 status=0 name=$1.$2 kinds reason

	kinds=$(group_kinds "$kernel" "$group")
	: >"$OUT/logs/$name.output"
	job_dir_make
	trap 'rm -rf "$JOB"' EXIT
	if [ "$group" = contract ]; then
		job_device_parts "$kernel" "$kinds" build_module_debug
	else
		job_device_parts "$kernel" "$kinds"
	fi
	job_program_parts die
	case $group in
	counted) job_perftest_parts ;;
	perftest-odp)
		job_perftest_parts
		job_perftest_break
		;;
	esac
	job_env DEVICES "$kinds"
	job_env PINLESS_KERNEL "${kernel%%-*}"
	job_env TORTURE "${TORTURE:-$TORTURE_SECONDS}"
	job_env TORTURE_SEED "${PINLESS_TEST_SEED:-}"
	if [ -n "${SANITIZE_LEFT:-}" ]; then
		job_env VERBS_SECONDS "$SANITIZE_LEFT"
		job_env VERBS_LIMIT "$SANITIZE_PROGRAM"
		VM_BOOT_SECONDS=$SANITIZE_BOOT
	fi
	[ "$group" != counted ] || VM_MODE=counted
	# Pages move between the nodes when a test says so.
	[ "$group" != numa ] || VM_APPEND='numa=fake=2 numa_balancing=disable'
	[ -z "$CONFORMANCE" ] || job_env VERBS_PROGRAMS "$(conformance_programs)"
	printf 'bash /job/guest/group-%s\n' "$group" >"$JOB/job/command"
	vm_run "$kernel" "$(group_limit "$kernel" "$group")" >"$OUT/logs/$name.output" || status=$?
	if [ ! -s "$JOB/result" ]; then
		reason=$(vm_not_up)
		echo "its machine did not come up${reason:+: $reason}" >"$OUT/logs/$name.not-run"
	elif ! grep -q '^SUITE-TIMERS-DEAD' "$OUT/logs/$name.output"; then
		:
	elif [ -n "${SANITIZE_LEFT:-}" ]; then
		# There may be no time for a second machine.
		grep -qE -f "$LIB/../guest/bad-log" "$JOB/console.log" ||
			echo "a CPU of the emulator stood still" >"$OUT/logs/$name.not-run"
	else
		# The emulator's fault, and rare: once more, with all tests.
		mv "$OUT/logs/$name.output" "$OUT/logs/$name.output.dead-timers"
		cp "$JOB/console.log" "$OUT/logs/$name.console.dead-timers"
		rm -rf "${JOB:?}/out"/*
		status=0
		vm_run "$kernel" "$(group_limit "$kernel" "$group")" >"$OUT/logs/$name.output" || status=$?
	fi
	mkdir -p "$OUT/logs/$name"
	cp -a "$JOB/out/." "$OUT/logs/$name/"
	cp "$JOB/console.log" "$OUT/logs/$name.console" 2>/dev/null
	cp "$JOB/qemu.log" "$OUT/logs/$name.qemu" 2>/dev/null
	printf '%s\n' "$status" >"$OUT/logs/$name.status"
}

# group_results KERNEL GROUP: takes the result lines of a finished machine
group_results()
{
	local name=$1.$2 kernel=$1 group=$2 status verdict test seconds reason before after word

	before=$(results_count FAIL)
	if [ -e "$OUT/logs/$name.output.dead-timers" ]; then
		say "  $kernel $group: a CPU of the emulator stood still; a second machine has run all of it:"
		sed -n 's/^NOTE /    | /p' "$OUT/logs/$name.output.dead-timers" >&2
	fi
	while read -r word verdict test seconds reason; do
		case $word in
		RESULT)
			result "$verdict" "$kernel.$test" "$seconds" "$reason"
			;;
		NOTE)
			# What a test that hung looked like, before its result.
			say "    | $verdict $test $seconds $reason"
			;;
		esac
	done <"$OUT/logs/$name.output"
	status=$(cat "$OUT/logs/$name.status" 2>/dev/null || echo 1)
	if [ -n "${SANITIZE_LEFT:-}" ] && [ -e "$OUT/logs/$name.not-run" ]; then
		# Nothing of this project was in it yet, or it is the emulator's fault.
		reason="$(cat "$OUT/logs/$name.not-run"): see $OUT/logs/$name.console"
		result skip "$name" 0 "$reason"
		say "  $kernel $group: skipped: $reason"
		return
	fi
	if ! grep -q '^SUITE-END' "$OUT/logs/$name.output"; then
		case $status in
		1) reason=$(grep -m 1 'error:' "$OUT/logs/$name.stderr" || echo "the job failed") ;;
		"$VM_TIMEOUT") reason="the machine was stopped after $(group_limit "$kernel" "$group") s" ;;
		"$VM_LOST") reason=$(cat "$OUT/logs/$name.not-run" 2>/dev/null || echo "the machine died") ;;
		*) reason="the job ended early with status $status" ;;
		esac
		result FAIL "$name" 0 "$reason: see $OUT/logs/$name.console and $OUT/logs/$name.output"
		log_report "$OUT/logs/$name.console"
		log_tail "$OUT/logs/$name.stderr" 5
	elif [ "$status" -ne 0 ]; then
		result FAIL "$name" 0 "the job ended with status $status"
	elif grep -qE -f "$LIB/../guest/bad-log" "$OUT/logs/$name.console" &&
		[ "$(results_count FAIL)" -eq "$before" ]; then
		# A report that came between two tests, or while the machine ended.
		result FAIL "$name.kernel-log" 0 \
			"$(grep -m 1 -E -f "$LIB/../guest/bad-log" "$OUT/logs/$name.console")"
	fi
	after=$(results_count FAIL)
	say "  $kernel $group: $(grep -c '^RESULT pass' "$OUT/logs/$name.output") passed," \
		"$((after - before)) failed, $(grep -c '^RESULT skip' "$OUT/logs/$name.output") skipped"
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

# test_machines KERNELS [TITLE]: all groups that are chosen and wanted, each in a machine
test_machines()
{
	local kernels=$1 title=${2:-Tests in machines} kernel group parallel start=$SECONDS pid
	local -A running=()

	# The machines' own shells end their QEMU when they are told to end.
	trap 'kill "${!running[@]}" 2>/dev/null; wait; exit 130' INT TERM

	parallel=$(machines_parallel)
	for group in $MACHINE_GROUPS; do
		chosen "$group" || continue
		for kernel in $kernels; do
			group_wanted "$group" "$kernel" || continue
			while [ "${#running[@]}" -ge "$parallel" ]; do
				machines_reap
			done
			[ -z "$title" ] || say "$title ($parallel at a time):"
			title=''
			say "  $kernel $group: started at $((SECONDS - start)) s"
			machine_group "$kernel" "$group" 2>"$OUT/logs/$kernel.$group.stderr" &
			running[$!]="$kernel $group"
		done
	done
	while [ "${#running[@]}" -gt 0 ]; do
		machines_reap
	done
	trap - INT TERM
}

# Waits for one of the running machines (the caller's array) and takes its results.
machines_reap()
{
	local kernel group

	wait -n -p pid "${!running[@]}"
	read -r kernel group <<<"${running[$pid]}"
	unset "running[$pid]"
	group_results "$kernel" "$group"
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

command_test()
{
	local kernels=${KERNEL:-$KERNELS} kernel passed failed skipped part start=$SECONDS

	if [ -n "$CONFORMANCE" ]; then
		[ -z "$ONLY" ] || usage_error "--conformance is a choice of its own: leave --only out"
		[ -z "$FLAVOUR" ] || usage_error "--conformance is about Debian's kernels: leave --sanitize out"
		ONLY=verbs,numa
	fi

	# On a kernel that is built to find errors, what makes it find some.
	[ -z "$FLAVOUR" ] || ONLY=${ONLY:-verbs,pyverbs}
	for part in ${ONLY//,/ }; do
		case " unit model fuzz build | $MACHINE_GROUPS " in
		*" $part "*"|"*) ;;
		*"|"*" $part "*)
			machine_group_wanted "$part" "$kernels" ||
				usage_error "no machine runs the group '$part'${KERNEL:+ with --kernel ${KERNEL%%-*}}${DEVICE:+ with --device $DEVICE}${FLAVOUR:+ with --$FLAVOUR}: leave that option out"
			;;
		*) usage_error "unknown group '$part' in --only: choose from unit model fuzz build $MACHINE_GROUPS" ;;
		esac
	done
	OUT=${OUT:-$TOP/results}/test
	rm -rf "$OUT"
	mkdir -p "$OUT/logs" || die "cannot write to $OUT" "" "choose another folder with --out"
	RESULTS=$OUT/results.tsv
	: >"$RESULTS"
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
		test_build build.perftest-each build_perftest_each
	fi
	if [ -z "$ONLY" ] || [ -n "$(for part in $MACHINE_GROUPS; do chosen "$part" && echo x; done)" ]; then
		# What the machines share is made before they start side by side.
		image_get
		test_build build.odplat build_cmake odplat userspace/odplat
		test_build build.verbs build_cmake verbs tests/verbs
		test_build build.provider build_provider
		test_build build.perftest build_perftest
		test_build build.perftest-break build_cmake perftest-break tests/perf/break
		for kernel in $kernels; do
			kernel_wanted "$kernel" || continue
			initramfs_get "$kernel"
			test_build "build.$kernel.module" build_module "$kernel"
		done
		test_machines "$kernels"
	fi
	chosen sanitize && sanitize_wanted && test_sanitized "$start"
	if [ -n "$CONFORMANCE" ]; then
		bash "$TOP/tests/conformance-doc.sh" --print "$RESULTS"
	else
		test_table
	fi
	passed=$(results_count pass)
	failed=$(results_count FAIL)
	skipped=$(results_count skip)
	if [ "$failed" -gt 0 ]; then
		echo "Failed:"
		awk -F'\t' '$1 == "FAIL" { print "  " $2 ": " $4 }' "$RESULTS"
		echo "Logs: $OUT/logs"
	fi
	echo "All results with the reasons of skips: $RESULTS ($((SECONDS - start)) s)"
	echo "$passed passed, $failed failed, $skipped skipped"
	[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
}
