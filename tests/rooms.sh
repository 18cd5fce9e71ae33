#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (c) 2026 The pinless authors
#
# The rooms of kernel/ and of userspace/odplat: no file includes what stands above its
# room, no files include each other in a circle, and every file is in a room. X.c and X.h
# are one file.
# docs/testing.md tells what to do when this fails.
#
#   rooms.sh [CHECKOUT]
#
# Exit status: 0 all is well, 1 it is not, 2 something else is wrong.
set -u

top=${1:-$(cd "$(dirname "$0")/.." && pwd)} || exit 2

# ROOM SEES... : HEADERS, extended regular expressions for the headers <...> that the room
# may not include. "." are the files that are in no room, which see all rooms. What "*"
# stands beside is seen by all, and sees only such.
kernel_rooms='
* : ^$
base : ^rdma/
obs base : ^rdma/
mm base obs : ^rdma/
exec base obs mm : ^$
roce base obs exec : ^(linux/(hmm|mmu_notifier|pgtable|pagemap)\.h|rdma/ib_umem.*)$
verbs base obs mm exec roce : ^$
'
kernel_open='main.c compat.h limits.h'
kernel_common='compat.h limits.h uapi/'
# Headers that a file may include although its room may not, FILE HEADER.
kernel_except='
mm/pinned.c rdma/ib_umem.h
'
# What the tests bring in place of a header of the kernel.
kernel_outside='wqe_user.h'
odplat_rooms='
base : ^infiniband/
rdma base : ^$
cases base rdma : ^$
report base rdma cases : ^$
plot base rdma cases : ^$
trace base rdma cases : ^$
'
odplat_open='main.c options.c options.h'
odplat_common=''
odplat_except=''
odplat_outside=''

# includes FOLDER: FILE QUOTE HEADER for each #include below it; a file without one is
# FILE alone
includes()
{
	(cd "$1" && find . -name '*.[ch]' ! -path './tests/*' -printf '%P\n' | sort |
		while IFS= read -r file; do
			echo "$file"
			sed -nE 's|^[[:space:]]*#[[:space:]]*include[[:space:]]*(["<])([^">]+)[">].*|\1 \2|p' "$file" |
				sed "s|^|$file |"
		done)
}

# rooms FOLDER ROOMS OPEN COMMON EXCEPT OUTSIDE: prints what is wrong; 1 if anything is
rooms()
{
	includes "$1" | awk -v rooms="$2" -v open="$3" -v common="$4" -v except="$5" -v outside="$6" \
		-v folder="${1#"$top/"}" '
		function wrong(text) {
			print folder "/" text
			bad = 1
		}
		function room(file) {
			return file ~ /\// ? substr(file, 1, index(file, "/") - 1) : "."
		}
		function is_common(file,   i) {
			for (i = 1; i <= ncommon; i++)
				if (index(file, commons[i]) == 1)
					return 1
			return 0
		}
		# The folder-relative name of what a file includes as "header", or nothing.
		function find(file, header,   dir, path) {
			dir = file
			sub(/[^\/]*$/, "", dir)
			path = dir header
			while (sub(/[^\/]+\/\.\.\//, "", path))
				;
			if (path in exists)
				return path
			return header in exists ? header : ""
		}
		function unit(file) {
			sub(/\.[ch]$/, "", file)
			return file
		}
		# Circles: units that reach each other, by Warshall.
		function circles(   i, j, k, text, n) {
			for (k in units)
				for (i in units)
					if ((i, k) in reach)
						for (j in units)
							if ((k, j) in reach)
								reach[i, j] = 1
			for (k = 1; k <= nfiles; k++) {
				i = unit(files[k])
				if (i in told || !((i, i) in reach))
					continue
				text = i
				n = 1
				for (j = k + 1; j <= nfiles; j++)
					if (!(unit(files[j]) in told) && unit(files[j]) != i &&
					    ((i, unit(files[j])) in reach) && ((unit(files[j]), i) in reach)) {
						told[unit(files[j])] = 1
						text = text " " unit(files[j])
						n++
					}
				told[i] = 1
				wrong(i ": in a circle of " n " files: " text)
			}
		}
		BEGIN {
			n = split(rooms, line, "\n")
			for (i = 1; i <= n; i++) {
				if (split(line[i], half, " : ") != 2)
					continue
				m = split(half[1], word, " ")
				known[word[1]] = 1
				barred[word[1]] = half[2]
				for (k = 2; k <= m; k++)
					sees[word[1], word[k]] = 1
			}
			n = split(open, word, " ")
			for (i = 1; i <= n; i++)
				opened[word[i]] = 1
			ncommon = split(common, commons, " ")
			n = split(except, line, "\n")
			for (i = 1; i <= n; i++)
				excepted[line[i]] = 1
		}
		NF == 1 { exists[$1] = units[unit($1)] = 1; files[++nfiles] = $1 }
		NF == 3 { from[++nr] = $1; quote[nr] = $2; header[nr] = $3 }
		END {
			for (i = 1; i <= nfiles; i++) {
				r = room(files[i])
				if (is_common(files[i]))
					;
				else if (r == "." && !(files[i] in opened))
					wrong(files[i] ": it is in no room")
				else if (r != "." && !(r in known))
					wrong(files[i] ": there is no room " r)
			}
			for (i = 1; i <= nr; i++) {
				r = is_common(from[i]) ? "*" : room(from[i])
				if (quote[i] == "<") {
					if ((r in barred) && header[i] ~ barred[r] && !((from[i] " " header[i]) in excepted))
						wrong(from[i] ": " r " does not include <" header[i] ">")
					continue
				}
				target = find(from[i], header[i])
				if (target == "") {
					if (index(" " outside " ", " " header[i] " "))
						continue
					wrong(from[i] ": there is no \"" header[i] "\"")
					continue
				}
				if (unit(target) != unit(from[i]))
					reach[unit(from[i]), unit(target)] = 1
				to = room(target)
				if (is_common(target) || to == r || r == ".")
					continue
				if (!((r, to) in sees))
					wrong(from[i] ": " (r == "*" ? "what all see" : r) " does not see " target)
			}
			circles()
			exit bad
		}'
}

status=0
for part in kernel odplat; do
	folder=$top/kernel
	[ "$part" = kernel ] || folder=$top/userspace/odplat
	if [ ! -d "$folder" ]; then
		echo "rooms.sh: there is no $folder" >&2
		exit 2
	fi
	rooms=${part}_rooms open=${part}_open common=${part}_common except=${part}_except
	outside=${part}_outside
	rooms "$folder" "${!rooms}" "${!open}" "${!common}" "${!except}" "${!outside}" || status=1
done
exit $status
