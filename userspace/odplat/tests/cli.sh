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

expect 0 '^Usage: odplat' --help
expect 0 '^odplat [0-9]' --version
expect 0 '^write\.8\.warm +1000$' --list
expect 0 '^dereg\.implicit ' --list --case 'dereg.*'
expect 2 'no case matches' --case nonsense
expect 2 'is no number from 1 to' --iterations 0
expect 2 'is no number from 1 to 2' --processes 3
expect 2 'is no option' word
expect 2 'unrecognized option' --nonsense
expect 2 'both want standard output' --csv --json -
expect 2 'has cases and a form of its own' --breakdown --csv
expect 1 'no_such_device|cannot be listed|no RDMA device' --breakdown --device no_such_device
expect 1 'no_such_device|cannot be listed|no RDMA device' --device no_such_device --case 'write.8.warm'
expect 0 '^syscall +cpu +5 ' --case syscall -n 5
expect 0 '^kernel,mode,device' --case syscall -n 5 --csv
expect 0 '"device":"cpu","case":"syscall","unit":"ns","n":5,.*"verified":null,"error":null' \
	--case syscall -n 5 --json -
expect 0 '"mode":"counted"' --case syscall -n 5 --json - --counted
expect 1 'cannot be written' --case syscall -n 5 --json "$out/no/such/file"
expect 0 '^pvm\.256k +cpu +3 .* ok' --case pvm.256k -n 3

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
exit $failed
