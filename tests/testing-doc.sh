#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (c) 2026 The pinless authors
#
# Compares the table of docs/testing.md with tests/vm/groups.tsv, by which the tests are
# run; --write writes it.
#
# Exit status: 0 they agree, 1 they do not, 2 something else is wrong.
set -u

top=$(cd "$(dirname "$0")/.." && pwd) || exit 2
doc=$top/docs/testing.md
LIB=$top/tests/vm/lib
first='<!-- table, written by tests/testing-doc.sh --write -->'
last='<!-- end of table -->'
# shellcheck source=tests/vm/lib/common.sh
. "$LIB/common.sh"
# shellcheck source=tests/vm/lib/groups.sh
. "$LIB/groups.sh"

# Each group that runs in a machine has its script, and each script its group.
status=0
for name in $(machine_groups); do
	[ -r "$top/tests/vm/guest/group-$name" ] && continue
	echo "tests/vm/groups.tsv: there is no tests/vm/guest/group-$name" >&2
	status=1
done
for script in "$top"/tests/vm/guest/group-*; do
	name=${script##*/group-}
	[ -z "${GROUP_FIELD[$name.kernels]:-}" ] || continue
	echo "tests/vm/guest/group-$name: not in tests/vm/groups.tsv" >&2
	status=1
done

if ! grep -qxF "$first" "$doc" || ! grep -qxF "$last" "$doc"; then
	echo "$doc has no table between '$first' and '$last'" >&2
	exit 2
fi
wanted=$(sed "\|^$first\$|q" "$doc"; groups_markdown; sed -n "\|^$last\$|,\$p" "$doc")
if [ "${1:-}" = --write ]; then
	printf '%s\n' "$wanted" >"$doc" || exit 2
elif ! printf '%s\n' "$wanted" | diff - "$doc"; then
	echo "docs/testing.md differs from tests/vm/groups.tsv: bash tests/testing-doc.sh --write" >&2
	status=1
fi
exit $status
