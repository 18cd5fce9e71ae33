#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (c) 2026 The pinless authors
#
# The tables of memory events, both from the list tests/verbs/lists/events.txt: that of
# docs/memory-events.md (event, what happens, program) and that of
# docs/conformance.md (event x device x kernel, from the results of "./pinless
# test"). Without an argument, compares both with the list, and the list with the
# programs.
#
# Usage: tests/conformance-doc.sh [--events | --print RESULTS... | --write RESULTS...]
# --events writes the first table, --write both, --print prints the second.
# RESULTS: results.tsv of one run for all kernels, or of several runs for one each.
# Exit status: 0 they agree, 1 they do not, 2 something else is wrong.
set -u

top=$(cd "$(dirname "$0")/.." && pwd) || exit 2
list=$top/tests/verbs/lists/events.txt
doc=$top/docs/conformance.md
events_doc=$top/docs/memory-events.md
begin='<!-- table, written by tests/conformance-doc.sh --write -->'
events_begin='<!-- table, written by tests/conformance-doc.sh --events -->'
end='<!-- end of table -->'

die()
{
	printf '%s: %s\n' "${0##*/}" "$1" >&2
	exit 2
}

# table RESULTS...: a row for each program of the list, a column for each device
# and kernel
table()
{
	awk -F'\t' -v list="$list" '
		function cell(verdict, reason)
		{
			gsub(/[|]/, "/", reason)
			if (verdict == "pass")
				return "ok"
			if (verdict == "FAIL")
				return "FAILS: " reason
			if (sub(/^known on rxe: norun /, "", reason))
				return "not run: " reason
			if (sub(/^known on rxe: /, "", reason))
				return "fails: " reason
			sub(/^SKIP: [^:]*: /, "", reason)
			return "skipped: " reason
		}
		BEGIN {
			columns = split("6.1.pinless 6.12.pinless 7.x.pinless 7.x.rxe", column, " ")
			while ((getline line < list) > 0) {
				if (line ~ /^#|^$/)
					continue
				name[++rows] = line
				sub(/ .*/, "", name[rows])
				event[rows] = substr(line, length(name[rows]) + 2)
				sub(/ [|] .*/, "", event[rows])
			}
		}
		match($2, /^(6\.1|6\.12|7\.x)\.(verbs|numa)\./) {
			kernel = $2
			sub(/\.(verbs|numa)\..*/, "", kernel)
			rest = substr($2, RLENGTH + 1)
			split(rest, part, ".")
			key = kernel "." part[1] "." part[2]
			# One that was skipped in one machine has run in another.
			if (!(key in seen) || seen[key] ~ /^skipped/)
				seen[key] = cell($1, $4)
		}
		END {
			print "| event | test | pinless 6.1 | pinless 6.12 | pinless 7.x | rxe 7.x |"
			print "|---|---|---|---|---|---|"
			for (i = 1; i <= rows; i++) {
				printf "| %s | `%s` |", event[i], name[i]
				for (j = 1; j <= columns; j++) {
					key = column[j] "." name[i]
					printf " %s |", (key in seen) ? seen[key] : "not run"
				}
				print ""
			}
		}' "$@"
}

# events: a row for each program of the list, with what happens
events()
{
	echo '| event | what happens | test |'
	echo '|---|---|---|'
	# shellcheck disable=SC2016 # the backquotes are those of the table
	grep -vE '^(#|$)' "$list" |
		sed -E 's/^([a-z_0-9]+) (.*) \| (.*)/| \2 | \3 | `\1` |/'
}

# replace FILE BEGIN: puts standard input where the table of FILE is
replace()
{
	[ -r "$1" ] || die "cannot read $1"
	if ! grep -qxF "$2" "$1" || ! grep -qxF "$end" "$1"; then
		die "$1 lacks the two lines that enclose the table"
	fi
	if ! {
		sed "/^$(sed 's/[\/.]/\\&/g' <<<"$2")\$/q" "$1"
		cat
		sed -n "\\|^$end\$|,\$p" "$1"
	} >"$1.new" || ! mv "$1.new" "$1"; then
		die "cannot write $1"
	fi
}

need_results()
{
	local file

	[ $# -gt 0 ] || die "a file of results is missing: results/test/results.tsv"
	for file; do
		[ -r "$file" ] || die "cannot read $file"
	done
}

# rows: "program event" of each row of the document
rows()
{
	# shellcheck disable=SC2016 # the backquotes are those of the table
	sed -n "\\|^$begin\$|,\\|^$end\$|p" "$doc" |
		sed -nE 's/^\| ([^|]*) \| `([a-z_0-9]+)` \|.*/\2 \1/p'
}

# The same of the list.
listed()
{
	sed -E '/^(#|$)/d; s/ \| .*//' "$list"
}

# told: the table of docs/memory-events.md as it stands
told()
{
	sed -n "\\|^$events_begin\$|,\\|^$end\$|p" "$events_doc" | sed '1d;$d'
}

[ -r "$list" ] || die "cannot read $list"
status=0
case ${1-} in
--events)
	events | replace "$events_doc" "$events_begin" || exit
	;;
--print)
	shift
	need_results "$@"
	table "$@"
	;;
--write)
	shift
	need_results "$@"
	table "$@" | replace "$doc" "$begin" || exit
	events | replace "$events_doc" "$events_begin" || exit
	;;
'')
	if grep -vE '^(#|$)|^[a-z_0-9]+ [^|]+ [|] [^|]+$' "$list" >&2; then
		echo "tests/verbs/lists/events.txt: not PROGRAM EVENT | WHAT HAPPENS: the lines above" >&2
		status=1
	fi
	while read -r name _; do
		[ -e "$top/tests/verbs/$name.c" ] && continue
		echo "tests/verbs/lists/events.txt: there is no $name.c" >&2
		status=1
	done < <(listed)
	for file in "$top"/tests/verbs/mem_*.c; do
		name=$(basename "$file" .c)
		grep -q "^$name " "$list" && continue
		echo "tests/verbs/lists/events.txt: $name is missing" >&2
		status=1
	done
	if ! diff -u --label docs/conformance.md --label tests/verbs/lists/events.txt \
		<(rows) <(listed); then
		echo "docs/conformance.md is old: run ./pinless test --conformance and" \
			"tests/conformance-doc.sh --write results/test/results.tsv" >&2
		status=1
	fi
	if ! diff -u --label docs/memory-events.md --label tests/verbs/lists/events.txt \
		<(told) <(events); then
		echo "docs/memory-events.md is old: run tests/conformance-doc.sh --events" >&2
		status=1
	fi
	exit "$status"
	;;
*)
	die "unknown argument $1; usage: tests/conformance-doc.sh [--events | --print RESULTS... | --write RESULTS...]"
	;;
esac
