#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Copyright (c) 2026 The pinless authors
#
# Description: odplat's command line, as far as it needs no device.
# Usage: cli.sh ODPLAT
set -u
odplat=$1
out=$(mktemp -d) || exit 1
trap 'rm -rf "$out"' EXIT
failed=0

# expect STATUS PATTERN ARGUMENT...: exit status, and an extended regular expression in the output
expect()
{
	status=$1 pattern=$2
	shift 2
	"$odplat" "$@" >"$out/text" 2>&1
	got=$?
	if [ $got -ne "$status" ] || ! grep -Eq -- "$pattern" "$out/text"; then
		echo "odplat $*: status $got instead of $status, or no \"$pattern\" in:"
		head -n 5 "$out/text"
		failed=1
	fi
}

# expect_line: the same, and the output is one line
expect_line()
{
	expect "$@"
	[ "$(wc -l <"$out/text")" -eq 1 ] || {
		echo "odplat: more than a line, or none:"
		cat "$out/text"
		failed=1
	}
}

expect 0 '^Usage: odplat' --help
expect 0 '^odplat [0-9]' --version
expect 0 '^write\.8\.warm +1000 +pvm\.8$' --list
expect 0 '^reg\.odp\.4k +500 *$' --list
expect 0 '^dereg\.implicit ' --list --case 'dereg.*'
expect 2 'no case matches' --case nonsense
expect_line 2 'is no number from 1 to' --iterations 0
expect 2 'is no number from 1 to 2' --processes 3
expect_line 2 'is no option' word
expect_line 2 'nonsense\" is no option' --nonsense
expect_line 2 '-Z\" is no option' -Z
expect_line 2 '--iterations needs an argument' --iterations
expect_line 2 'is no number from 0 to 255' --gid 256
expect_line 2 'is no number from 1 to 254' --port x
expect_line 2 'is no number from 0 to 8191' --pin -1
expect_line 2 'cannot run on CPU 8191: possible: [0-9]' --pin 8191 --case syscall
expect_line 2 'not with --diff' --strict --diff a b
expect 2 'both want standard output' --csv --json -
expect 2 'has cases and a form of its own' --breakdown --csv
expect 1 'no_such_device|cannot be listed|no RDMA device' --breakdown --device no_such_device
expect 1 'no_such_device|cannot be listed|no RDMA device' --device no_such_device --case 'write.8.warm'
expect 0 '^syscall +cpu +5 ' --case syscall -n 5
expect 0 '^kernel,mode,device' --case syscall -n 5 --csv
expect 0 '"device":"cpu","case":"syscall","reference":null,"unit":"ns","n":5,.*"mean98":null,"p99":null,.*"verified":null,"error":null' \
	--case syscall -n 5 --json -
expect 0 '"mode":"counted"' --case syscall -n 5 --json - --counted
expect 1 'cannot be written' --case syscall -n 5 --json "$out/no/such/file"
expect 0 '^pvm\.256k +cpu +3 +[0-9.]+ +[0-9.]+ +- +- +[0-9.]+ ok' --case pvm.256k -n 3
expect 0 '^syscall +cpu +50 +[0-9.]+ +[0-9.]+ +[0-9.]+ +- +[0-9.]+ -' --case syscall -n 50
expect 0 '^syscall +cpu +100( +[0-9.]+){5} -' --case syscall -n 100
expect 0 '^pvm\.8\.target-cold +cpu +3 .* ok' --case 'pvm.*' -n 3
cpu=$(sed -n 's/^Cpus_allowed_list:[[:space:]]*\([0-9]*\).*/\1/p' /proc/self/status)
expect 0 '^syscall +cpu' --pin "$cpu" --poll --case syscall -n 5

# What a device has done to data, from a file.
row='{"device":"d","case":"c","unit":"ns","n":1,"min":1,"median":1,"max":1,"verified"'
echo "{\"rows\":[$row:false,\"error\":null}]}" >"$out/corrupt.json"
echo "{\"rows\":[$row:true,\"error\":null}]}" >"$out/right.json"
expect 0 'CORRUPT' --read "$out/corrupt.json"
expect 3 'a device corrupted data' --read "$out/corrupt.json" --strict
expect 0 ' ok' --read "$out/right.json" --strict
expect 1 'cannot be read' --read "$out/none.json" --strict

# Two runs side by side.
"$odplat" --case '{syscall,pvm.8}' -n 5 --json "$out/old.json" >/dev/null
"$odplat" --case '{syscall,touch}' -n 5 --json "$out/new.json" --counted >/dev/null
expect 1 'only runs of one mode' --diff "$out/old.json" "$out/new.json"
"$odplat" --case '{syscall,touch}' -n 5 --json "$out/new.json" >/dev/null
expect 0 '^syscall +cpu +[0-9.]+ +[0-9.]+ +[0-9.]+x' --diff "$out/old.json" "$out/new.json"
expect 0 '^pvm.8 +cpu .* new.json: not measured' --diff "$out/old.json" "$out/new.json"
expect 0 '^touch +cpu +- .* old.json: not measured' --diff "$out/old.json" "$out/new.json"
expect 0 '^pvm.8 +cpu +5 ' --read "$out/old.json"
expect 0 '^kernel,mode,device' --read "$out/old.json" --csv
expect 1 'cannot be read: ENOENT' --read "$out/none.json"
expect 2 '--diff needs two arguments' --diff "$out/old.json"
expect 1 'cannot be read: ENOENT' --diff "$out/old.json" "$out/none.json"
head -c 100 "$out/old.json" >"$out/cut.json"
expect 1 'no results of odplat' --diff "$out/old.json" "$out/cut.json"
expect 2 '--compare needs two arguments' --compare one
expect 2 'for two devices' --compare one one
expect 2 'for two devices' --device three --compare one two

# Every case that the documentation promises is there, and no more than once.
{
	printf '%s\n' syscall touch touch.thp pvm.8 pvm.256k pvm.2m pvm.2m.thp mrelease.256m \
		dontneed.1g-untouched.unregistered dontneed.1g-untouched.registered \
		dontneed.1.registered-64-times prefetch.64.cold prefetch.64.touched \
		prefetch.512.cold prefetch.512.touched
	for state in pinned warm target-cold target-touched initiator-cold initiator-touched; do
		for verb in write read send; do
			printf '%s\n' $verb.8.$state $verb.256k.$state $verb.2m.$state
		done
		echo fetch-add.8.$state
	done
	for verb in write read send; do
		printf '%s\n' $verb.2m.warm.thp $verb.2m.target-cold.thp
	done
	for kind in odp.4k odp.1g odp.2g odp.64g odp.1t implicit pinned.1m pinned.256m; do
		printf '%s\n' reg.$kind dereg.$kind
	done
	for call in dontneed munmap; do
		for pages in 1 64 512 16384; do
			printf '%s\n' $call.$pages.unregistered $call.$pages.nic-cold \
				$call.$pages.nic-warm
		done
	done
} >"$out/wanted"
{
	for n in 1 1k 100k; do
		printf '%s\n' growth.write.8.regions.$n growth.dontneed.1.elsewhere.$n \
			growth.dontneed.1.over.$n growth.reg.odp.4k.over.$n
	done
	for n in 1 32 1k; do
		printf '%s\n' growth.fault.leaves.$n growth.dontneed.1.leaves.$n
	done
	for n in 1 2 16; do
		printf '%s\n' growth.fault.one-leaf.qps.$n growth.fault.one-mirror.qps.$n \
			growth.fault.apart.qps.$n
	done
	for what in qp cq region 1g.untouched 1g.populated 1g.populated.thp; do
		echo growth.memory.$what
	done
} >>"$out/wanted"
expect 0 '^syscall ' --list
"$odplat" --list | grep -q growth && { echo "growth.* is measured unasked"; failed=1; }
"$odplat" --list --case '*' | awk '{ print $1 }' | sort >"$out/cases"
[ -z "$(uniq -d "$out/cases")" ] || { echo "cases listed twice"; failed=1; }
while read -r name; do
	grep -Fxq "$name" "$out/cases" || { echo "$name is not in the list"; failed=1; }
done <"$out/wanted"

# Each case that has a copy, or a call without a region, to be compared with has it.
"$odplat" --list --case '*' | awk '
	$1 ~ /^(write|send|fetch-add)\..*\.(target|warm|pinned)/ && $3 !~ /^pvm\./ ||
	$1 ~ /^read\..*\.(initiator|warm|pinned)/ && $3 !~ /^pvm\./ ||
	$1 ~ /^(write|send)\..*\.target-cold/ && $3 !~ /target-cold/ ||
	$1 ~ /\.nic-|registered-64|untouched.registered/ && $3 !~ /\.unregistered$/ {
		print $1 " has the reference \"" $3 "\""; wrong = 1
	}
	END { exit wrong }' || failed=1

# A picture shows each case that it is made of: one that bears another name than the picture knows
# would be missing without a word.
"$odplat" --list --case '*' | awk '
	BEGIN { print "{\"mode\":\"counted\",\"rows\":[" }
	{
		device = $1 ~ /^(syscall|touch|pvm)/ ? "cpu" : "d"
		printf "%s{\"device\":\"%s\",\"case\":\"%s\",\"reference\":%s,\"unit\":\"ns\",\"n\":100," \
			"\"min\":1,\"median\":1000,\"mean98\":1000.0,\"max\":2,\"verified\":true,\"error\":null}\n",
			(NR > 1 ? "," : ""), device, $1, (NF > 2 ? "\"" $3 "\"" : "null")
	}
	END { print "]}" }' >"$out/all.json"
PATH=/nonexistent "$odplat" --read "$out/all.json" --plot "$out/plots" >/dev/null 2>&1

# points PICTURE NUMBER: so many points are in it
points()
{
	got=$(sed -n '/ << EOD$/,/^EOD$/p' "$out/plots/$1.gp" | grep -c '^[0-9]')
	[ "$got" -eq "$2" ] || {
		echo "$1: $got points instead of $2"
		failed=1
	}
}
points overview 20
points growth 27
points cost-write 15
points cost-read 15
points cost-send 15
points cost-dontneed 9
points cost-munmap 8
points cost-register 12
exit $failed
