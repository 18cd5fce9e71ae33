#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Copyright (c) 2026 The pinless authors
#
# Description: the folders of odplat know only what is below them, and no files include each other
# in a circle. A .c file and the header of its name count as one.
# Usage: rooms.sh FOLDER
set -u
cd "$1" || exit 2
failed=0

# Each room with those that it may see beside itself; what lies on top sees all of them.
allowed()
{
	case $1 in
	base) echo base ;;
	rdma) echo base rdma ;;
	cases) echo base rdma cases ;;
	report | plot | trace) echo base rdma cases "$1" ;;
	.) echo base rdma cases report plot trace . ;;
	esac
}

# FILE INCLUDED for each include of a file of our own
includes()
{
	grep -H '^#include "' ./*.[ch] ./*/*.[ch] | grep -v '^\./tests/' |
		sed -E 's|^\./([^:]*):#include "([^"]*)".*|\1 \2|'
}

list=$(includes)
[ "$(printf '%s\n' "$list" | wc -l)" -gt 50 ] || {
	echo "no includes were found in $1"
	exit 2
}
while read -r file included; do
	room=$(dirname "$file")
	what=$(dirname "$included")
	[ -e "$included" ] || {
		echo "$file: \"$included\" is no path from the folder of odplat"
		failed=1
	}
	case " $(allowed "$room") " in
	*" $what "*) ;;
	*)
		echo "$file includes $included: $room does not see $what"
		failed=1
		;;
	esac
done <<LIST
$list
LIST
circle=$(printf '%s\n' "$list" | sed -E 's/\.[ch]( |$)/\1/g' | awk '$1 != $2' | tsort 2>&1 >/dev/null)
[ -z "$circle" ] || {
	echo "files include each other in a circle: $circle"
	failed=1
}
exit $failed
