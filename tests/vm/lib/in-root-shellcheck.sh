#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (c) 2026 The pinless authors
#
# Runs in the build root: shellcheck on every shell script of the project,
# which a first line or an ending tells.
cd /pinless || exit 1
find . \( -name .git -o -path ./build -o -path ./results \) -prune -o -type f -size -200k -print |
	while IFS= read -r file; do
		case $(head -c 64 "$file" | head -n 1 | tr -d '\0') in
		'#!/bin/bash'* | '#!/bin/sh'*) echo "$file" ;;
		*'SPDX'*)
			sed -n 3p "$file" | grep -q 'shellcheck shell=' && echo "$file"
			;;
		esac
	done | sort | xargs -d '\n' shellcheck -x
