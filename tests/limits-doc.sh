#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (c) 2026 The pinless authors
#
# Compares the table of docs/limits.md with kernel/limits.h, from which the
# driver takes its limits.
#
# Exit status: 0 they agree, 1 they do not, 2 something else is wrong.
set -u

top=$(cd "$(dirname "$0")/.." && pwd) || exit 2
header=$top/kernel/limits.h
doc=$top/docs/limits.md
status=0

die()
{
	printf '%s: %s\n' "${0##*/}" "$1" >&2
	exit 2
}

# value MACRO: the number that the header gives
value()
{
	local text

	text=$(sed -nE "s|^#define PINLESS_$1[[:space:]]+([^/]*[^/[:space:]]).*|\1|p" "$header")
	[ "$text" != SZ_2G ] || text=$((1 << 31))
	[[ $text =~ ^[0-9\(\)\ \<-]+$ ]] || die "$header: PINLESS_$1 is no number: '$text'"
	echo $((text))
}

# said WHAT: the first number of the row of the table
said()
{
	local text

	text=$(awk -F' *[|] *' -v what="$1" '$2 == what { print $3; exit }' "$doc")
	[[ $text =~ ^([0-9]+)( GiB)? ]] || die "$doc: no row '$1' that begins with a number"
	echo $((BASH_REMATCH[1] * (${#BASH_REMATCH[2]} ? 1 << 30 : 1)))
}

[ -r "$header" ] || die "cannot read $header"
[ -r "$doc" ] || die "cannot read $doc"
while IFS=: read -r macro what; do
	wanted=$(value "$macro") || exit 2
	found=$(said "$what") || exit 2
	[ "$wanted" = "$found" ] && continue
	echo "docs/limits.md: '$what' is $found, PINLESS_$macro is $wanted" >&2
	status=1
done <<'ROWS'
MAX_CTX:open contexts of a device
MAX_PD:protection domains
MAX_QP:queue pairs
MAX_QP_WR:work requests of a queue
MAX_SGE:SGEs of a work request
MAX_INLINE:inline data
MAX_CQ:completion queues
MAX_CQE:entries of a completion queue
MAX_MR:memory regions
MAX_MSG:message
MAX_RD_ATOMIC:outstanding READs and atomics
GID_TBL_LEN:GIDs, P_Keys
ROWS
exit $status
