#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (c) 2026 The pinless authors
#
# What tests/rooms.sh says of trees that are made up.
#
# Exit status: 0 all is judged as it should be, 1 something is not.
set -u

top=${1:-$(cd "$(dirname "$0")/../../.." && pwd)} || exit 2
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
bad=0

# file PATH [INCLUDE...]: a file with these #includes, quoted unless in <>
file()
{
	local path=$work/tree/$1 header
	shift

	mkdir -p "${path%/*}"
	for header in "$@"; do
		case $header in
		'<'*) echo "#include $header" ;;
		*) echo "#include \"$header\"" ;;
		esac
	done >"$path"
}

# tree: one without fault
tree()
{
	rm -rf "$work/tree"
	file kernel/main.c verbs/device.h limits.h '<rdma/ib_verbs.h>'
	file kernel/compat.h '<rdma/ib_verbs.h>'
	file kernel/limits.h
	file kernel/uapi/pinless-abi.h '<linux/types.h>'
	file kernel/base/range.h ../limits.h
	file kernel/obs/stats.h base/range.h
	file kernel/obs/stats.c stats.h compat.h
	file kernel/mm/leaf.h ../base/range.h obs/stats.h
	file kernel/mm/leaf.c mm/leaf.h
	file kernel/mm/pinned.c '<rdma/ib_umem.h>' mm/leaf.h
	file kernel/exec/wqe.h wqe_user.h uapi/pinless-abi.h '<rdma/ib_verbs.h>'
	file kernel/roce/tx.c exec/wqe.h
	file kernel/verbs/device.h exec/wqe.h mm/leaf.h
	file userspace/odplat/main.c options.h report/report.h
	file userspace/odplat/options.h
	file userspace/odplat/base/text.h
	file userspace/odplat/rdma/link.h base/text.h
	file userspace/odplat/cases/run.h rdma/link.h
	file userspace/odplat/report/report.h cases/run.h
	file userspace/odplat/tests/unit.c report/report.h
}

# found PATTERN: the tree must fail, and only with a line of this kind
found()
{
	local seen status=0

	seen=$(bash "$top/tests/rooms.sh" "$work/tree" 2>&1) || status=$?
	if [ "$status" -ne 1 ] || ! printf '%s\n' "$seen" | grep -qE "$1" ||
		[ "$(printf '%s\n' "$seen" | wc -l)" -ne 1 ]; then
		echo "FAIL: expected one line '$1' and status 1, seen status $status: $seen"
		bad=1
	fi
	tree
}

tree
if ! seen=$(bash "$top/tests/rooms.sh" "$work/tree" 2>&1); then
	echo "FAIL: a tree without fault fails: $seen"
	bad=1
fi
file kernel/leaf.c
found '^kernel/leaf.c: it is in no room$'
file kernel/cellar/leaf.c
found '^kernel/cellar/leaf.c: there is no room cellar$'
file kernel/base/alloc.h obs/stats.h
found '^kernel/base/alloc.h: base does not see obs/stats.h$'
file kernel/obs/hist.h ../mm/leaf.h
found '^kernel/obs/hist.h: obs does not see mm/leaf.h$'
file kernel/mm/walk.c verbs/device.h
found '^kernel/mm/walk.c: mm does not see verbs/device.h$'
file kernel/exec/run.c roce/tx.h
file kernel/roce/tx.h
found '^kernel/exec/run.c: exec does not see roce/tx.h$'
file kernel/roce/rx.c mm/leaf.h
found '^kernel/roce/rx.c: roce does not see mm/leaf.h$'
file kernel/roce/rx.c '<linux/hmm.h>'
found '^kernel/roce/rx.c: roce does not include <linux/hmm.h>$'
file kernel/obs/hist.c '<rdma/ib_verbs.h>'
found '^kernel/obs/hist.c: obs does not include <rdma/ib_verbs.h>$'
file kernel/mm/walk.c '<rdma/ib_umem.h>'
found '^kernel/mm/walk.c: mm does not include <rdma/ib_umem.h>$'
file kernel/base/alloc.h
file kernel/limits.h base/alloc.h
found '^kernel/limits.h: what all see does not see base/alloc.h$'
file kernel/uapi/pinless-abi.h base/range.h
found '^kernel/uapi/pinless-abi.h: what all see does not see base/range.h$'
file kernel/mm/walk.c gone.h
found '^kernel/mm/walk.c: there is no "gone.h"$'
# Circles: of two, of three, by a header and a source, not by one's own header
file kernel/mm/a.h mm/b.h
file kernel/mm/b.h mm/a.h
found '^kernel/mm/a: in a circle of 2 files: mm/a mm/b$'
file kernel/mm/a.h b.h
file kernel/mm/b.h c.h
file kernel/mm/c.h a.h
found '^kernel/mm/a: in a circle of 3 files: mm/a mm/b mm/c$'
file kernel/mm/a.h b.h
file kernel/mm/b.h
file kernel/mm/b.c a.h
found '^kernel/mm/a: in a circle of 2 files: mm/a mm/b$'
# odplat
file userspace/odplat/text.c
found '^userspace/odplat/text.c: it is in no room$'
file userspace/odplat/cases/other.c report/report.h
found '^userspace/odplat/cases/other.c: cases does not see report/report.h$'
file userspace/odplat/report/a.c plot/plot.h
file userspace/odplat/plot/plot.h
found '^userspace/odplat/report/a.c: report does not see plot/plot.h$'
rm -rf "$work/tree/kernel"
bash "$top/tests/rooms.sh" "$work/tree" 2>/dev/null
[ $? -eq 2 ] || { echo 'FAIL: a tree without a kernel passes'; bad=1; }

[ "$bad" -eq 0 ] && echo ok
exit "$bad"
