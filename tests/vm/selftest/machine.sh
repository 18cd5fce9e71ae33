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

# processes: those of ./pinless that interrupted() started, by their environment
processes()
{
	grep -lsF "TMPDIR=$work/tmp" /proc/[0-9]*/environ | cut -d / -f 3
}

# background COMMAND...: in a session of its own, with the signals of a foreground
# command: a shell starts what runs in the background with SIGINT ignored
background()
{
	rm -rf "$work/tmp"
	mkdir "$work/tmp"
	TMPDIR=$work/tmp setsid env --default-signal=INT "$@" >"$work/said" 2>&1 </dev/null &
}

# ended SIGNAL PID NAME: SIGNAL ends the session PID at once, and nothing is left
ended()
{
	local start=$SECONDS status=0

	kill -"$1" -- -"$2"
	wait "$2" || status=$?
	[ "$status" -eq 130 ] || fail "$3: status $status instead of 130"
	[ $((SECONDS - start)) -lt 20 ] || fail "$3: ended after $((SECONDS - start)) s"
	[ -z "$(processes)" ] || fail "$3: still there: $(ps -o args= -p "$(processes | paste -sd ,)" | cut -c 1-100)"
	[ -z "$(ls -A "$work/tmp")" ] || fail "$3: left $(ls "$work/tmp")"
}

# interrupted SIGNAL WORD COMMAND ARGUMENT...: ./pinless, started so, is sent SIGNAL
# once the console of one of its machines says WORD
interrupted()
{
	local pid start=$SECONDS signal=$1 word=$2 command=$3
	shift 3

	background "$TOP/pinless" "$command" --out "$work/out" "$@"
	pid=$!
	until grep -qsF "$word" "$work"/tmp/pinless.*/console.log "$work/said"; do
		kill -0 "$pid" 2>/dev/null || break
		[ $((SECONDS - start)) -lt 900 ] || break
		sleep 0.2
	done
	[ -n "$(machine_pids)" ] || fail "$command: no machine ran: $(tail -n 2 "$work/said")"
	ended "$signal" "$pid" "SIG$signal at '$word' of $command"
}

# An entry of the cache is built by a step with two processes. The next build removes
# what is left of it.
common="PINLESS_CACHE='$work/cache'; . '$TOP/tests/vm/lib/common.sh'"
# shellcheck disable=SC2016 # that shell's own
background bash -c "$common"'
	builder() { step building "$CACHE/log/entry.log" bash -c "sleep 300 & sleep 300; :"; }
	cached entry builder'
pid=$!
for _ in {1..100}; do
	[ "$(processes | wc -l)" -lt 4 ] || break
	sleep 0.1
done
[ -d "$work/cache/tmp.entry" ] || fail "a build: has not begun: $(cat "$work/said")"
ended INT "$pid" 'SIGINT of a build'
bash -c "$common; cached other true" || fail "a build after one that was ended fails"
[ "$(ls "$work/cache")" = "$(printf 'lock\nlog\nother')" ] ||
	fail "the cache after a build that was ended:" "$work"/cache/*

interrupted INT 'Linux version' vm --kernel 7.x -- 'echo the job runs; sleep 300'
interrupted TERM 'the job runs' vm --kernel 7.x -- 'echo the job runs; sleep 300'
# Two machines side by side, where the host has room for them.
interrupted INT 'Linux version' test --kernel 7.x --device pinless0 --only cpus4,numa
flock -n "$work/out/test.lock" true || fail "a run that was ended keeps its lock"
[ "$failed" -eq 0 ] && echo "machine.sh: all as it should be"
exit "$failed"
