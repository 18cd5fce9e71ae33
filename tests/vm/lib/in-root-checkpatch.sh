#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (c) 2026 The pinless authors
#
# Runs in the build root: checkpatch --strict on the driver.
cd /pinless/kernel || exit 1
# MAINTAINERS belongs to the kernel's own tree, and compat.h compares versions
# because this driver stands outside of it; only the newest kernels have
# kzalloc_obj(); and the lists of the kind X(a, b, c) are neither expressions nor
# do they use all of their arguments each time.
check()
{
	xargs perl /src/scripts/checkpatch.pl --no-tree --strict \
		--terse --show-types --no-summary --file --max-line-length=100 \
		--ignore FILE_PATH_CHANGES,LINUX_VERSION_CODE,ALLOC_WITH_SIZEOF \
		--ignore COMPLEX_MACRO,MACRO_ARG_UNUSED,MACRO_ARG_REUSE "$@"
}

# Tracepoints are declared in a form of their own, which is all arguments of one
# macro.
find . -name '*.[ch]' ! -path ./obs/trace.h | sort | check &&
	echo ./obs/trace.h | check --ignore PARENTHESIS_ALIGNMENT,OPEN_ENDED_LINE
