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
expect 1 'no_such_device|cannot be listed|no RDMA device' --device no_such_device --case 'write.8.warm'
expect 0 '^syscall +cpu +5 ' --case syscall -n 5
expect 0 '^kernel,mode,device' --case syscall -n 5 --csv
expect 0 '"device":"cpu","case":"syscall","unit":"ns","n":5,.*"verified":null,"error":null' \
	--case syscall -n 5 --json -
expect 0 '"mode":"counted"' --case syscall -n 5 --json - --counted
expect 1 'cannot be written' --case syscall -n 5 --json "$out/no/such/file"
expect 0 '^pvm\.256k +cpu +3 .* ok' --case pvm.256k -n 3

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
"$odplat" --list | awk '{ print $1 }' | sort >"$out/cases"
[ -z "$(uniq -d "$out/cases")" ] || { echo "cases listed twice"; failed=1; }
while read -r name; do
	grep -Fxq "$name" "$out/cases" || { echo "$name is not in the list"; failed=1; }
done <"$out/wanted"
exit $failed
