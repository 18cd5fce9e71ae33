#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (c) 2026 The pinless authors
#
# The commands that run machines: wrong options are named in one line, a second run
# is kept out of the results of the first, and Ctrl-C ends a machine while it boots,
# and while its job runs, with nothing left.
set -u

TOP=$(cd "$(dirname "$0")/../../.." && pwd) || exit 1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
failed=0

fail()
{
	echo "FAIL $*"
	failed=1
}

# refused TEXT ARGUMENT...: ./pinless says TEXT, and ends with status 2
refused()
{
	local text=$1 status=0
	shift

	"$TOP/pinless" "$@" >"$work/said" 2>&1 </dev/null || status=$?
	[ "$status" -eq 2 ] || fail "pinless $*: status $status instead of 2"
	grep -qF -- "$text" "$work/said" || fail "pinless $*: said $(head -n 1 "$work/said")"
}

number='--cpus needs a number from 1 to 8'
for value in 0 9 x 04 -1; do
	refused "$number, not '$value'" vm --cpus "$value" -- true
done
refused '--cpus needs a value' test --cpus
refused "'measure' does not take --cpus" measure --cpus 4
refused "'vm' does not take --cpus with --counted" vm --counted --cpus 2 -- true

# A run holds the lock for as long as it lasts.
mkdir "$work/out"
(
	flock -n 9 || exit
	"$TOP/pinless" test --only unit --out "$work/out" >"$work/said" 2>&1 </dev/null
	echo $? >"$work/status"
) 9>"$work/out/test.lock"
[ "$(cat "$work/status")" = 1 ] || fail "a second run: status $(cat "$work/status") instead of 1"
grep -qF "another run of the tests writes to $work/out/test" "$work/said" ||
	fail "a second run: said $(head -n 1 "$work/said")"

# machine_pids: the QEMU of this test, known by its job's folder; the bracket keeps
# grep from finding itself
machine_pids()
{
	grep -ls "path=$work/tmp/[p]inless" /proc/[0-9]*/cmdline | cut -d / -f 3
}

# interrupted SIGNAL WORD: a machine is sent SIGNAL once its console says WORD
interrupted()
{
	local pid start status=0 name="SIG$1 at '$2'"

	rm -rf "$work/tmp"
	mkdir "$work/tmp"
	# A shell starts what runs in the background with SIGINT ignored.
	TMPDIR=$work/tmp setsid env --default-signal=INT "$TOP/pinless" vm --kernel 7.x \
		--out "$work/out" -- 'echo the job runs; sleep 300' \
		>"$work/said" 2>&1 </dev/null &
	pid=$!
	start=$SECONDS
	until grep -qsF "$2" "$work"/tmp/pinless.*/console.log "$work/said"; do
		kill -0 "$pid" 2>/dev/null || break
		[ $((SECONDS - start)) -lt 900 ] || break
		sleep 0.2
	done
	[ -n "$(machine_pids)" ] || fail "$name: no machine ran: $(tail -n 2 "$work/said")"
	start=$SECONDS
	kill -"$1" -- -"$pid"
	wait "$pid" || status=$?
	[ "$status" -eq 130 ] || fail "$name: status $status instead of 130"
	[ $((SECONDS - start)) -lt 20 ] || fail "$name: ended after $((SECONDS - start)) s"
	[ -z "$(machine_pids)" ] || fail "$name: its QEMU is still there"
	[ -z "$(ls -A "$work/tmp")" ] || fail "$name: left $(ls "$work/tmp")"
}

interrupted INT 'Linux version'
interrupted TERM 'the job runs'
[ "$failed" -eq 0 ] && echo "machine.sh: all as it should be"
exit "$failed"
