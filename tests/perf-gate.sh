#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (c) 2026 The pinless authors
#
# The check of counted rows (tests/perf/rows.py) against made-up results: a
# stall in 3 to 49 % of the operations must fail.
#
# Exit status: 0 all verdicts are right, 1 some are not, 2 something else is wrong.
set -u

top=$(cd "$(dirname "$0")/.." && pwd) || exit 2
command -v python3 >/dev/null || {
	echo "${0##*/}: python3 is not there: apt-get install python3" >&2
	exit 2
}
exec python3 "$top/tests/perf/rows_test.py"
