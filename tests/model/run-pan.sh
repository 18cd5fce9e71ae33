#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Copyright (c) 2026 The pinless authors
#
# run-pan.sh clean|deadlock|TEXT: runs the search that spin made in this folder,
# and fails unless it ends as expected: without an error, with a deadlock, or
# with a violated assertion that has TEXT in it.

./pan -m1000000 >pan.log 2>&1
grep -E '^pan:1|errors:|states, stored|out of memory|max search depth' pan.log
if ! grep -q 'errors: [01]$' pan.log; then
	tail -n 20 pan.log
	echo "the search did not end"
	exit 1
fi
case $1 in
clean)
	# A search that was cut short proves nothing.
	grep -q 'errors: 0$' pan.log &&
		! grep -qE 'max search depth too small|Search not completed|out of memory' pan.log
	;;
deadlock)
	grep -q '^pan:1: invalid end state' pan.log
	;;
*)
	grep '^pan:1: assertion violated' pan.log | grep -qF "$1"
	;;
esac
status=$?
[ "$status" -eq 0 ] || echo "expected: $1"
exit "$status"
