#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (c) 2026 The pinless authors
#
# Which machines a run has, by the table of test groups.
#
# Exit status: 0 all is as it should be, 1 something is not.
set -u

top=${1:-$(cd "$(dirname "$0")/../../.." && pwd)} || exit 2
LIB=$top/tests/vm/lib
bad=0
# shellcheck source=tests/vm/lib/common.sh
. "$LIB/common.sh"
# shellcheck source=tests/vm/lib/groups.sh
. "$LIB/groups.sh"

# ok NAME SEEN EXPECTED
ok()
{
	[ "$2" = "$3" ] && return
	printf 'FAIL: %s: expected\n%s\nseen\n%s\n' "$1" "$3" "$2"
	bad=1
}

# machines KERNELS DEVICE ASKED: KERNEL GROUP: DEVICES for each machine of such a run
machines()
{
	local group kernel

	for group in $(machine_groups); do
		for kernel in $1; do
			group_runs "$group" "$kernel" "$2" "$3" || continue
			echo "$kernel $group: $(group_devices "$group" "$kernel" "$2")"
		done
	done | LC_ALL=C sort
}

groups_load /dev/stdin <<'TABLE' || bad=1
# a comment
host	-	-	-	-	-	no machine
each	all	pinless rxe@7.x	-	100	-	text
record	all	pinless rxe@asked	-	100	-	text
some	7.x asked	pinless	debug	torture+10	A=1;B=2 b=3	text
both	6.12	pinless+rxe	-	100	-	text
last	sanitizer	pinless	-	100	-	text
TABLE
ok names "${GROUP_NAMES[*]}" 'host each record some both last'
ok 'all of it' "$(machines '6.1 6.12 7.x' '' '')" '6.1 each: pinless
6.1 record: pinless
6.12 both: pinless rxe
6.12 each: pinless
6.12 record: pinless
7.x each: pinless rxe
7.x record: pinless
7.x some: pinless'
ok '--kernel 6.1' "$(machines 6.1 '' 6.1)" '6.1 each: pinless
6.1 record: pinless
6.1 some: pinless'
ok '--device rxe0' "$(machines '6.12 7.x' rxe0 '')" '6.12 each: rxe
6.12 record: rxe
7.x each: rxe
7.x record: rxe'
ok '--device pinless0' "$(machines 7.x pinless0 '')" '7.x each: pinless
7.x record: pinless
7.x some: pinless'
ok '--sanitize' "$(machines 7.x-sanitize '' 7.x-sanitize)" '7.x-sanitize each: pinless
7.x-sanitize last: pinless
7.x-sanitize record: pinless
7.x-sanitize some: pinless'
ok limit "$(group_seconds some 300)" 310
ok environment "$(group_environment some; echo "$A,$B")" '1,2 b=3'
groups_load /dev/stdin <<<$'cpus\tall\tpinless\t-\t1\tVM_CPUS=4\ttext' || bad=1
ok 'CPUs' "$(unset VM_CPUS; group_environment cpus; echo "$VM_CPUS")" 4
ok '--cpus' "$(VM_CPUS=8; group_environment cpus; echo "$VM_CPUS")" 8
# Wrong tables
printf 'a\tall\tpinless\t-\t1\t-\n' | groups_load /dev/stdin && ok 'six columns' taken refused
printf 'a\tall\tpinless\t-\t1\t-\tb\tc\n' | groups_load /dev/stdin && ok 'eight columns' taken refused
printf 'a\tall\tpinless\t-\t1\t-\tb\n%.0s' 1 2 | groups_load /dev/stdin && ok 'one group twice' taken refused
groups_load /dev/null && ok 'no group' taken refused

[ "$bad" -eq 0 ] && echo ok
exit "$bad"
