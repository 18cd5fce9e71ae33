#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (c) 2026 The pinless authors
#
# What the suite in a machine says of a test, with its own functions: reports of the
# kernel, CPUs that stand still, seeds, skips and failures that no list has.
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
guest=$top/tests/vm/guest
lists=$work/lists
bad=0

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

# suite: its functions, with a kernel log of our own: each test's is $work/dmesg
suite()
{
	SUITE_GUEST=$guest SUITE_OUT=$work/out
	: >"$work/dmesg"
	# shellcheck source=tests/vm/guest/suite
	. "$guest/suite"
	# shellcheck source=tests/vm/guest/lists
	. "$guest/lists"
	dmesg()
	{
		[ "$1" != --read-clear ] || cat "$work/dmesg"
	}
}

# says EXPECTED NAME COMMAND...: the result line of a test, without its seconds
says()
{
	local expected=$1 seen
	shift

	seen=$(suite; cp "$work/log" "$work/dmesg"; suite_test "$1" 5 "${@:2}" 2>/dev/null |
		sed -n 's/^\(RESULT [^ ]* [^ ]*\) [0-9]*/\1/p')
	ok "$1" "$seen" "$expected"
}

# Verdicts
: >"$work/log"
says 'RESULT pass a ' a true
says 'RESULT FAIL b status 1: FAIL: x' b sh -c 'echo FAIL: x; exit 1'
says 'RESULT skip c SKIP: x' c sh -c 'echo SKIP: x; exit 77'
says 'RESULT FAIL d time limit; last line: x' d sh -c 'echo x; sleep 20'
says 'RESULT FAIL e status 1: FAIL: x; PINLESS_TEST_SEED=4711' e \
	sh -c 'echo seed 4711; echo FAIL: x; exit 1'
echo '[ 1.0] BUG: KASAN: use-after-free' >"$work/log"
says 'RESULT FAIL f kernel log: [ 1.0] BUG: KASAN: use-after-free' f true
# A dump that the suite has asked for is none; what else is in between is.
printf '[ 1.0] %s\n' 'pinless-test: a dump of CPUs follows' 'Call Trace:' \
	'pinless-test: the dump of CPUs is over' >"$work/log"
says 'RESULT pass g ' g true
sed -i '2a[ 1.0] WARNING: CPU: 1' "$work/log"
says 'RESULT FAIL h kernel log: [ 1.0] WARNING: CPU: 1' h true
printf '[ 1.0] %s\n' 'pinless-test: the dump of CPUs is over' 'Call Trace:' >"$work/log"
says 'RESULT FAIL i kernel log: [ 1.0] Call Trace:' i true
# The report is found where nothing can be written any more.
echo '[ 1.0] BUG: a report' >"$work/log"
seen=$(suite; cp "$work/log" "$work/dmesg"; suite_log_check /proc/nowhere 2>/dev/null; echo "$? $SUITE_REPORT")
ok 'a report, and no room for it' "$seen" '1 [ 1.0] BUG: a report'
seen=$(suite; dmesg() { return 1; }; suite_log_check "$work/none"; echo "$? $SUITE_REPORT")
ok 'a log that cannot be read' "$seen" '1 it cannot be read'

# Hearts: a CPU stands still when others go on, not when all do
# beats CPUS BEAT...: the STANDING lines for beats of these CPUs
beats()
{
	local cpus=$1 cpu
	shift

	(
		suite
		for cpu in $cpus; do
			SUITE_HEART[$cpu]=$$ SUITE_SILENT[$cpu]=0
		done
		suite_cpu_look() { SUITE_CPU_STATE=idle SUITE_CPU_PLACE='idling at x'; }
		for cpu in "$@"; do
			suite_beat "$cpu"
		done | grep '^STANDING' | tr '\n' ';'
	)
}
ten='0 0 0 0 0 0 0 0 0 0'
# shellcheck disable=SC2086 # words
{
	ok 'all CPUs go on' "$(beats '0 1' $ten 1 $ten 1 $ten)" 'STANDING 1 idle;STANDING 1 idle;STANDING 1 idle;'
	ok 'nine beats' "$(beats '0 1' ${ten#0 } 1 ${ten#0 } 1)" ''
	ok 'one CPU stands still' "$(beats '0 1' $ten $ten)" 'STANDING 1 idle;'
	ok 'one of three' "$(beats '0 1 2' ${ten//0/0 1} 1)" 'STANDING 2 idle;'
	ok 'a machine with one CPU' "$(beats 0 $ten $ten)" ''
}

# What the kernel's dump says of a CPU
dump='[   20.1] NMI backtrace for cpu 0
[   20.1] CPU: 0 PID: 1 Comm: bash
[   20.1] RIP: 0010:nmi_cpu_backtrace+0xd9/0x130
[   20.1] NMI backtrace for cpu 1 skipped: idling at default_idle+0xb/0x10
[   20.1] NMI backtrace for cpu 2
[   20.1] CPU: 2 PID: 77 Comm: kworker/2:1
[   20.1] RIP: 0010:pinless_run+0x11/0x130 [pinless]
[   20.1] RIP: 0033:0x7ffff7e33ff3
[   20.1] NMI backtrace for cpu 4
[   20.1] CPU: 4 UID: 0 PID: 0 Comm: swapper/4 Tainted: G           OE       7.3.4
[   20.1] RIP: 0010:pv_native_safe_halt+0xf/0x20
[   20.1] NMI backtrace for cpu 5
[   20.1] CPU: 5 UID: 0 PID: 0 Comm: swapper/5 Tainted: G           OE       7.3.4
[   20.1] RIP: 0010:pinless_run+0x11/0x130 [pinless]
[   20.1] RIP: 0010:pv_native_safe_halt+0xf/0x20
[   20.1] NMI backtrace for cpu 12 skipped: idling at default_idle+0xb/0x10'
place()
{
	(
		suite
		suite_cpu_state "$1" <<<"$dump"
		echo "$SUITE_CPU_STATE $SUITE_CPU_PLACE"
	)
}
ok 'an idle CPU' "$(place 1)" 'idle idling at default_idle+0xb/0x10'
ok 'a CPU in the driver' "$(place 2)" 'busy 0010:pinless_run+0x11/0x130 [pinless]'
ok 'a CPU that waits' "$(place 4)" 'idle 0010:pv_native_safe_halt+0xf/0x20'
ok 'an interrupt while it waited' "$(place 5)" 'busy 0010:pinless_run+0x11/0x130 [pinless]'
ok 'a CPU that does not answer' "$(place 3)" 'busy it does not answer'

# given_up STATE: the results of a test on a CPU whose timers are dead
given_up()
{
	(
		suite
		suite_timers() { SUITE_TIMES=("a sleep") SUITE_DEAD=1; return 1; }
		eval "suite_cpu_look() { SUITE_CPU_STATE=$1 SUITE_CPU_PLACE=somewhere; }"
		SUITE_SUSPECT=1
		suite_test x 5 sleep 2
	) | grep -v '^NOTE' | sed 's/^\(RESULT FAIL x\) [0-9]*/\1/' | tr '\n' ';'
}
ok 'dead timers of an idle CPU' "$(given_up idle)" \
	'SUITE-TIMERS-DEAD idle CPU 1 during x: somewhere;'
ok 'dead timers of a busy CPU' "$(given_up busy)" \
	'RESULT FAIL x CPU 1 stands still and is not idle: somewhere;SUITE-TIMERS-DEAD busy CPU 1 during x: somewhere;'

# Skips
cat >"$lists" <<'LIST'
# a comment
6.1,6.12 mem_uffd* | this kernel .* cannot wait | a reason
* data_*,mem_thp | mmap: .* | a reason
LIST
# skips EXPECTED KERNEL PROGRAM STATUS LINE...: what a program comes to that prints LINEs
skips()
{
	local seen

	seen=$(
		suite
		printf '%s\n' "${@:5}" >"$work/program.log"
		SUITE_STATUS=$4 SUITE_REASON='' SUITE_SECONDS=0
		list_skips "$lists" "$2" "$3" "$work/program.log"
		suite_report program 2>/dev/null | grep -o '^RESULT [a-zA-Z]*'
	)
	ok "skips of $3 on $2: ${*:5}" "$seen" "RESULT $1"
	rm -f "$work/out/logs/program.log"
}
skips skip 6.1 mem_uffd_wp 77 'SKIP: start: this kernel really cannot wait'
skips FAIL 7.x mem_uffd_wp 77 'SKIP: start: this kernel really cannot wait'
skips FAIL 6.1 mem_free 77 'SKIP: start: this kernel really cannot wait'
skips FAIL 6.1 mem_uffd 77 'SKIP: start: another reason'
skips pass 7.x mem_thp 0 'skip: a case: mmap: no memory' 'ok: 3 checks'
skips FAIL 7.x mem_thp 0 'skip: a case: the device does not offer this' 'ok: 3 checks'
skips FAIL 7.x mem_thp_more 0 'skip: a case: mmap: no memory' 'ok: 3 checks'
skips FAIL 7.x data_write 0 'skip: a case: mmap: no memory' 'SKIP: this kernel' 'ok: 1'
skips pass 7.x data_write 0 'ok: 3 checks'
ok 'no list' "$(lists=$work/none skips FAIL 7.x data_write 0 'ok: 3 checks')" ''
echo 'a line that is none' >>"$lists"
skips FAIL 7.x data_write 0 'ok: 3 checks'

# Conditions
cat >"$lists" <<'LIST'
no-disk data_*,mem_* | FAIL: /tmp/f-.*: no room | ENOSPC
no-disk mem_crash | norun | a reason
no-device * | FAIL: no device | there is none
no-disk data_odd | FAIL: .* | even this
LIST
# condition EXPECTED CONDITION PROGRAM STATUS LINE...: the status of the group's test when
# the program prints LINEs, beside another that passes or fails as listed
condition()
{
	local logs=$work/condition

	rm -rf "$logs" && mkdir -p "$logs"
	printf '%s\n' "${@:5}" >"$logs/$3"
	printf 'FAIL: start: no device\n' >"$logs/other"
	{
		[ "$2" != no-device ] || echo 'other 1'
		echo "$3 $4"
	} >"$logs/status"
	GUEST=$guest LIST=$lists LOGS=$logs CONDITION_VERDICT=1 \
		bash "$guest/condition" "$2" 1 >"$work/said" 2>&1
	ok "$2: $3 $4 ${*:5}" $? "$1"
}
condition 0 no-disk mem_file 1 'FAIL: a case: /tmp/f-1: no room' 'FAIL: 1 failures, the first: a case: /tmp/f-1: no room'
condition 0 no-disk mem_file 0 'ok: 3 checks'
condition 1 no-disk mem_file 1 'FAIL: a case: /tmp/f-1: something else'
condition 1 no-disk mem_file 1 'FAIL: a case: /tmp/f-1: something else' 'FAIL: a case: /tmp/f-1: no room'
condition 1 no-disk err_key 1 'FAIL: a case: /tmp/f-1: no room'
condition 1 no-disk mem_file 1 'FAIL: target: 700 of 800 bytes wrong, from byte 1' 'FAIL: a case: /tmp/f-1: no room'
condition 1 no-disk data_odd 1 'FAIL: target: 700 of 800 bytes wrong, from byte 1'
condition 1 no-disk data_odd 0 'target: 700 of 800 bytes wrong, from byte 1' 'ok: 3 checks'
condition 1 no-disk data_odd 1 'FAIL: x: byte 7 of 9: expected 0x01, seen 0x02'
condition 0 no-disk data_odd 1 'FAIL: whatever'
condition 1 no-disk mem_file 139 'ok: 3 checks'
condition 1 no-disk mem_file 1 'nothing'
condition 1 no-disk mem_file 77 'SKIP: start: a reason that is not listed'
condition 0 no-device mem_file 1 'FAIL: start: no device'
condition 1 no-device mem_file 0 'ok: 3 checks'
(
	# shellcheck source=tests/vm/guest/lists
	. "$guest/lists"
	list_norun "$lists" no-disk mem_crash || wrong 'norun: it would run'
	! list_norun "$lists" no-disk mem_file || wrong 'norun: another would not run'
	! list_norun "$lists" no-odp mem_crash || wrong 'norun: it would not run elsewhere'
	exit "$bad"
) || bad=1

[ "$bad" -eq 0 ] && echo ok
exit "$bad"
