#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (c) 2026 The pinless authors
#
# Compares the tables of docs/counters.md with the lists of kernel/obs/counters.h,
# from which the driver takes the names. With --write, writes the tables.
#
# Usage: tests/counters-doc.sh [--write]
# Exit status: 0 they agree, 1 they do not, 2 something else is wrong.
set -u

top=$(cd "$(dirname "$0")/.." && pwd) || exit 2
list=$top/kernel/obs/counters.h
doc=$top/docs/counters.md
lists=(PINLESS_COUNTERS PINLESS_REGION_COUNTERS PINLESS_HISTOGRAMS)
end='<!-- end of table -->'

die()
{
	printf '%s: %s\n' "${0##*/}" "$1" >&2
	exit 2
}

# begin LIST: the line that comes before its table
begin()
{
	printf '<!-- table of %s, written by tests/counters-doc.sh --write -->' "$1"
}

# table LIST: a line for each X(MEMBER, "name", "text"), whose parts may be on
# two lines
table()
{
	echo '| counter | counts |'
	echo '|---|---|'
	# shellcheck disable=SC2016 # the backquotes are those of the table
	sed -n "/^#define $1(X)/,/[^\\\\]\$/p" "$list" |
		tr -d '\\\n\t' |
		grep -oE 'X\([A-Za-z_]+, *"[^"]*", *"[^"]*"\)' |
		sed -E 's/X\([A-Za-z_]+, *"([^"]*)", *"([^"]*)"\)/| `\1` | \2 |/'
}

# The document with the tables as they must be.
wanted()
{
	local line name inside=false

	while IFS= read -r line; do
		[ "$line" = "$end" ] && inside=false
		$inside || printf '%s\n' "$line"
		for name in "${lists[@]}"; do
			if [ "$line" = "$(begin "$name")" ]; then
				table "$name"
				inside=true
			fi
		done
	done <"$doc"
}

[ -r "$list" ] || die "cannot read $list"
[ -r "$doc" ] || die "cannot read $doc"
for name in "${lists[@]}"; do
	[ "$(table "$name" | wc -l)" -gt 2 ] ||
		die "found no list $name in $list"
	grep -qxF "$(begin "$name")" "$doc" ||
		die "$doc lacks the line '$(begin "$name")'"
done
[ "$(grep -cxF "$end" "$doc")" = "${#lists[@]}" ] ||
	die "$doc must have the line '$end' ${#lists[@]} times"

case ${1-} in
--write)
	if ! wanted >"$doc.new" || ! mv "$doc.new" "$doc"; then
		die "cannot write $doc"
	fi
	;;
'')
	if ! diff -u --label docs/counters.md --label kernel/obs/counters.h \
		"$doc" <(wanted); then
		echo "docs/counters.md is old: run tests/counters-doc.sh --write" >&2
		exit 1
	fi
	;;
*)
	die "unknown argument $1; usage: tests/counters-doc.sh [--write]"
	;;
esac
