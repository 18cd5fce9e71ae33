#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (c) 2026 The pinless authors
#
# Runs in the build root: checkpatch --strict on the driver.
cd /pinless/kernel || exit 1
# MAINTAINERS belongs to the kernel's own tree, and compat.h compares versions
# because this driver stands outside of it.
find . -name '*.[ch]' | sort | xargs perl /src/scripts/checkpatch.pl --no-tree --strict \
	--terse --show-types --no-summary --file --max-line-length=100 \
	--ignore FILE_PATH_CHANGES,LINUX_VERSION_CODE
