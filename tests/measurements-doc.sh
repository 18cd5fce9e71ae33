#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (c) 2026 The pinless authors
#
# Compares docs/measurements.md with what tests/perf/update-docs makes of
# tests/perf/measured, recorded.tsv, budgets.tsv and budgets.md.
#
# Exit status: 0 they agree, 1 they do not, 2 something else is wrong.
set -u

top=$(cd "$(dirname "$0")/.." && pwd) || exit 2
command -v python3 >/dev/null || {
	echo "${0##*/}: python3 is not there: apt-get install python3" >&2
	exit 2
}
exec python3 "$top/tests/perf/update-docs" --check
