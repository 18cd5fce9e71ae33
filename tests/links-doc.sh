#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (c) 2026 The pinless authors
#
# Whether what the documents name is there: relative links with their anchors,
# paths from the top of the tree, rooms of the driver (mm/leaf, mm/leaf.c,
# kernel/mm/leaf.c), and programs of tests/verbs.
#
# Usage: tests/links-doc.sh
# Exit status: 0 all is there, 1 something is not, 2 something else is wrong.
set -u

top=$(cd "$(dirname "$0")/.." && pwd) || exit 2
cd "$top" || exit 2
status=0

# missing FILE NAME: says so
missing()
{
	printf '%s: %s is not there\n' "$1" "$2" >&2
	status=1
}

# exists PATTERN...: whether a file has a name that one of them matches
exists()
{
	compgen -G "$1" >/dev/null || { [ $# -gt 1 ] && shift && exists "$@"; }
}

# anchors FILE: its headings, as links name them
anchors()
{
	sed -n 's/^##* *//p' "$1" | tr '[:upper:]' '[:lower:]' |
		sed 's/[^a-z0-9 _-]//g; s/ /-/g'
}

# links FILE: "path anchor" of each relative link; the path of the file itself is .
links()
{
	grep -oE '\]\([^() ]+\)' "$1" | sed 's/^](//; s/)$//' |
		grep -vE '^[a-z]+:' | sed 's/^#/. /; s/#/ /'
}

# names FILE: words in backquotes that look like a file
names()
{
	# shellcheck disable=SC2016 # the backquotes are those of the document
	grep -oE '`[A-Za-z0-9_./*+-]+`' "$1" | tr -d '`' | sort -u
}

check_links()
{
	local file=$1 path anchor target

	while read -r path anchor; do
		target=$(dirname "$file")/$path
		[ "$path" != . ] || target=$file
		if ! exists "$target"; then
			missing "$file" "$path"
		elif [ -n "$anchor" ] && ! anchors "$target" | grep -qxF "$anchor"; then
			missing "$file" "$path#$anchor"
		fi
	done < <(links "$file")
}

check_names()
{
	local file=$1 name

	while read -r name; do
		case $name in
		*NAME* | *VERSION*) continue ;;
		tests/verbs/*) exists "$name" "$name.[ch]" "tests/verbs/*/${name##*/}" ;;
		kernel/* | tests/* | userspace/* | docs/* | perftest-patches/[0-9a-z]*)
			exists "$name" "$name.[ch]"
			;;
		base/* | obs/* | mm/* | exec/* | verbs/*) exists "kernel/$name" "kernel/$name.[ch]" ;;
		uapi/*) exists "kernel/$name" ;;
		*) continue ;;
		esac || missing "$file" "$name"
	done < <(names "$file")
}

for file in *.md docs/*.md docs/*/*.md tests/*/README.md; do
	[ -r "$file" ] || continue
	check_links "$file"
	check_names "$file"
done
exit "$status"
