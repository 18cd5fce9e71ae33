#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (c) 2026 The pinless authors
#
# Compares the table of docs/counters.md with the list of kernel/stats.h, from
# which the driver takes the names. With --write, writes the table.
#
# Usage: tests/counters-doc.sh [--write]
# Exit status: 0 they agree, 1 they do not, 2 something else is wrong.
set -u

top=$(cd "$(dirname "$0")/.." && pwd) || exit 2
list=$top/kernel/stats.h
doc=$top/docs/counters.md
begin='<!-- table of kernel/stats.h, written by tests/counters-doc.sh --write -->'
end='<!-- end of table -->'

die()
{
	printf '%s: %s\n' "${0##*/}" "$1" >&2
	exit 2
}

# One line for each X(MEMBER, "name", "text"), whose parts may be on two lines.
table()
{
	echo '| counter | counts |'
	echo '|---|---|'
	# shellcheck disable=SC2016 # the backquotes are those of the table
	sed -n '/^#define PINLESS_COUNTERS(X)/,/[^\\]$/p' "$list" |
		tr -d '\\\n\t' |
		grep -oE 'X\([A-Z_]+, *"[^"]*", *"[^"]*"\)' |
		sed -E 's/X\([A-Z_]+, *"([^"]*)", *"([^"]*)"\)/| `\1` | \2 |/'
}

written()
{
	sed -n "\\|^$begin\$|,\\|^$end\$|p" "$doc" | sed '1d;$d'
}

[ -r "$list" ] || die "cannot read $list"
[ -r "$doc" ] || die "cannot read $doc"
if ! grep -qxF "$begin" "$doc" || ! grep -qxF "$end" "$doc"; then
	die "$doc lacks the two lines that enclose the table"
fi
wanted=$(table)
[ "$(wc -l <<<"$wanted")" -gt 2 ] || die "found no counters in $list"

case ${1-} in
--write)
	if ! {
		sed "/^$(sed 's/[\/.]/\\&/g' <<<"$begin")\$/q" "$doc"
		printf '%s\n' "$wanted"
		sed -n "\\|^$end\$|,\$p" "$doc"
	} >"$doc.new" || ! mv "$doc.new" "$doc"; then
		die "cannot write $doc"
	fi
	;;
'')
	if ! diff -u --label docs/counters.md --label kernel/stats.h \
		<(written) <(printf '%s\n' "$wanted"); then
		echo "docs/counters.md is old: run tests/counters-doc.sh --write" >&2
		exit 1
	fi
	;;
*)
	die "unknown argument $1; usage: tests/counters-doc.sh [--write]"
	;;
esac
