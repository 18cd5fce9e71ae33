#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (c) 2026 The pinless authors
#
# How results are judged, with the harness's own functions and machines that are made
# up: a rerun erases no failure, a result that cannot be written ends the run, a lost
# kernel log is no clean one.
#
#   results.sh [CHECKOUT]
#
# Exit status: 0 all is judged as it should be, 1 something is not.
#
# Each case is a run of its own, in a subshell.
# shellcheck disable=SC2030,SC2031
set -u

# A mistake of the harness must not hold up the run that looks for it.
[ -n "${SELFTEST_LIMITED:-}" ] || SELFTEST_LIMITED=1 exec timeout -k 5 120 bash "$0" "$@"

top=${1:-$(cd "$(dirname "$0")/../../.." && pwd)} || exit 2
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
bad=0

# harness [RESULTS]: the functions of a run, with stand-ins for builds and machines. The N-th
# machine says what is in $work/output.N and console.N and ends with status.N.
harness()
{
	local part

	TOP=$top LIB=$top/tests/vm/lib TREE=selftest
	for part in common host source roots kernel build vm-files vm run-job perftest groups results \
		test sanitize; do
		# shellcheck source=/dev/null
		[ ! -e "$LIB/$part.sh" ] || . "$LIB/$part.sh"
	done
	KERNEL='' DEVICE='' FLAVOUR='' ONLY=verbs CONFORMANCE='' TORTURE=300 VM_MODE=wall
	OUT=$work/out RESULTS=${1:-$work/out/results.tsv}
	rm -rf "$work/out"
	: >"$work/tries"
	mkdir -p "$OUT/logs"
	host_accel()		{ echo "${ACCEL:-tcg}"; }
	job_device_parts()	{ :; }
	job_program_parts()	{ [ -z "${JOB_DIES:-}" ] || die 'odplat was not built'; }
	machines_parallel()	{ echo 1; }
	vm_run()
	{
		local n

		echo x >>"$work/tries"
		n=$(wc -l <"$work/tries")
		echo pinless-job-start >"$JOB/result"
		: >"$JOB/qemu.log"
		[ ! -e "$work/console.$n" ] || cp "$work/console.$n" "$JOB/console.log"
		cat "$work/output.$n"
		return "$(cat "$work/status.$n")"
	}
	export TMPDIR=$work
}

# machine N STATUS CONSOLE OUTPUT...: what the N-th machine says; no console for "-"
machine()
{
	echo "$2" >"$work/status.$1"
	rm -f "$work/console.$1"
	[ "$3" = - ] || printf 'booted\n%s\n' "$3" >"$work/console.$1"
	printf '%s\n' "${@:4}" >"$work/output.$1"
}

# judged NAME "PASSED FAILED SKIPPED" MACHINES [PATTERN]: runs the group verbs in the
# machines that were made up, and compares counts, number of machines and a line of the
# report
judged()
{
	local seen machines report=$work/report

	seen=$(
		harness
		test_machines 7.x verbs '' 2>/dev/null >&2
		for verdict in pass FAIL skip; do
			awk -F'\t' -v v="$verdict" '$1 == v' "$RESULTS" | wc -l
		done | tr '\n' ' '
		{
			cat "$RESULTS"
			command -v results_summary >/dev/null && results_summary "$RESULTS" logs 1
		} >"$report"
	)
	machines=$(wc -l <"$work/tries")
	ok "$1: counts" "${seen% }" "$2"
	ok "$1: machines" "$machines" "$3"
	[ -z "${4:-}" ] || grep -qE "$4" "$report" || wrong "$1: the report has no '$4'"
}

wrong()
{
	echo "FAIL: $1"
	bad=1
}

# ok NAME SEEN EXPECTED
ok()
{
	[ "$2" = "$3" ] || wrong "$1: expected '$3', seen '$2'"
}

good='RESULT pass verbs.pinless.data_write 1 '
wrong='RESULT FAIL verbs.pinless.data_write 1 status 1: 700 of 800 bytes wrong'
idle='SUITE-TIMERS-DEAD idle CPU 1 during verbs.pinless.data_read: idling at default_idle+0xb/0x10'
busy='SUITE-TIMERS-DEAD busy CPU 1 during verbs.pinless.data_read: pinless_run+0x1/0x2'
kasan='[   12.3] BUG: KASAN: slab-use-after-free in pinless_leaf_commit'

# One machine
machine 1 0 '' "$good" SUITE-END
judged clean '1 0 0' 1 '^1 passed, 0 failed, 0 skipped$'
machine 1 0 "$kasan" "$good" SUITE-END
judged 'a report of the kernel' '1 1 0' 1 'KASAN'
machine 1 0 - "$good" SUITE-END
judged 'a lost kernel log' '1 1 0' 1 'kernel-log.*lost'
machine 1 0 '' "$good"
judged 'a job that does not end' '1 1 0' 1
machine 1 3 '' "$good" SUITE-END
judged 'a status that is not 0' '1 1 0' 1
machine 1 0 '' 'RESULT passed verbs.pinless.data_write 1 ' SUITE-END
judged 'an unknown verdict' '0 1 0' 1
machine 1 0 '' 'STANDING 1 idle' 'STANDING 0 busy' 'STANDING 1 idle' "$good" SUITE-END
judged 'CPUs that stood still' '1 0 0' 1 '^CPUs of machines that stood still: 2 idle, 1 busy$'

JOB_DIES=1 judged 'a job that cannot be made' '0 1 0' 0 'odplat was not built'

# A CPU that stands still for good: once more, and what was found stays found
machine 2 0 '' "$good" SUITE-END
machine 1 4 '' "$good" "$idle"
judged 'an idle CPU stands still' '1 0 0' 2
machine 1 4 '' "$wrong" "$idle"
judged 'a failure, then an idle CPU stands still' '1 1 0' 2 '700 of 800 bytes wrong.*first of two'
machine 1 4 "$kasan" "$good" "$idle"
judged 'a report, then an idle CPU stands still' '1 1 0' 2 'KASAN.*first of two'
machine 1 4 "$kasan" "$wrong" "$idle"
judged 'both, then an idle CPU stands still' '1 1 0' 2 '700 of 800'
machine 1 4 - "$good" "$idle"
judged 'the first log is lost' '1 1 0' 2 'lost'
machine 1 4 '' "$busy"
judged 'a busy CPU stands still' '0 1 0' 1 'stood still: busy CPU 1 .*pinless_run'
machine 1 4 '' 'SUITE-TIMERS-DEAD'
judged 'a CPU of which nothing is known stands still' '0 1 0' 1
machine 1 4 '' "$idle"
ACCEL=kvm judged 'an idle CPU under KVM' '0 1 0' 1
machine 2 4 '' "$idle"
judged 'twice' '0 1 0' 2

# What cannot be written ends the run, and ends it with an error
(
	harness /dev/full
	result pass verbs.pinless.data_write 1 ''
	exit 0
) 2>"$work/full.log"
ok 'a full disk: status' $? 1
grep -q 'cannot write the result' "$work/full.log" || wrong 'a full disk: no reason is given'
(
	harness /dev/full
	machine 1 0 '' "$good" SUITE-END
	test_machines 7.x verbs ''
	exit 0
) 2>/dev/null >&2
ok 'a full disk, with a machine: status' $? 1
# Counts do not come from the file.
seen=$(
	harness
	result FAIL one 1 'bytes wrong' 2>/dev/null
	: >"$RESULTS"
	result pass two 1 ''
	results_summary "$RESULTS" logs 1 | tail -n 1
	exit "${PIPESTATUS[0]}"
)
ok 'a file that has lost a line: status' $? 1
ok 'a file that has lost a line: counts' "$seen" '1 passed, 1 failed, 0 skipped'
seen=$(harness && results_summary "$RESULTS" logs 1 >/dev/null; echo $?)
ok 'no test at all: status' "$seen" 1

[ "$bad" -eq 0 ] && echo "ok"
exit "$bad"
