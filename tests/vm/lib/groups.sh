# SPDX-License-Identifier: GPL-2.0
# Copyright (c) 2026 The pinless authors
# shellcheck shell=bash
#
# The table of test groups, tests/vm/groups.tsv: what each runs on, with and how
# long. docs/testing.md explains its columns.

GROUP_TABLE=$LIB/../groups.tsv
GROUP_NAMES=()
declare -gA GROUP_FIELD=()

# groups_load TABLE: fills GROUP_NAMES and GROUP_FIELD; 1 when the table is wrong
groups_load()
{
	local name kernels devices parts limit environment text rest

	GROUP_NAMES=()
	GROUP_FIELD=()
	while IFS=$'\t' read -r name kernels devices parts limit environment text rest; do
		case $name in
		'' | '#'*) continue ;;
		esac
		[ -n "$text" ] && [ -z "$rest" ] && [ -z "${GROUP_FIELD[$name.kernels]:-}" ] ||
			return 1
		GROUP_NAMES+=("$name")
		GROUP_FIELD[$name.kernels]=$kernels
		GROUP_FIELD[$name.devices]=${devices#-}
		GROUP_FIELD[$name.parts]=${parts#-}
		GROUP_FIELD[$name.limit]=$limit
		GROUP_FIELD[$name.environment]=${environment#-}
		GROUP_FIELD[$name.description]=$text
	done <"$1"
	[ "${#GROUP_NAMES[@]}" -gt 0 ]
}

# machine_groups: prints those that run in a machine, in the order of the table
machine_groups()
{
	local name

	for name in "${GROUP_NAMES[@]}"; do
		[ -z "${GROUP_FIELD[$name.devices]}" ] || printf '%s ' "$name"
	done
}

# group_devices GROUP KERNEL DEVICE: prints the kinds of device of its machine; DEVICE
# is the only one asked for, or nothing. Returns 1 when none is left.
group_devices()
{
	local word kinds=''

	for word in ${GROUP_FIELD[$1.devices]}; do
		case $3:$word in
		:pinless | pinless0:pinless) kinds+=' pinless' ;;
		:"rxe@$2" | rxe0:rxe@*) kinds+=' rxe' ;;
		:pinless+rxe) kinds+=' pinless rxe' ;;
		esac
	done
	[ -z "$kinds" ] || printf '%s\n' "${kinds# }"
	[ -n "$kinds" ]
}

# group_runs GROUP KERNEL DEVICE ASKED: does it have a machine with KERNEL? ASKED:
# the kernel that was asked for, or nothing
group_runs()
{
	local word

	group_devices "$1" "$2" "$3" >/dev/null || return 1
	for word in ${GROUP_FIELD[$1.kernels]}; do
		case $word:$2 in
		all:* | "$2:$2" | sanitizer:*-sanitize | sanitizer:*-kcsan) return 0 ;;
		asked:*) [ -z "$4" ] || return 0 ;;
		esac
	done
	return 1
}

# group_seconds GROUP TORTURE: how long its machine may run on one of Debian's kernels,
# where the group torture is to run for TORTURE seconds
group_seconds()
{
	echo $((${GROUP_FIELD[$1.limit]/torture/$2}))
}

# group_environment GROUP: sets the variables of its machine, for the caller's subshell;
# a number of CPUs that was asked for (VM_CPUS) stays
group_environment()
{
	local list word

	IFS=';' read -ra list <<<"${GROUP_FIELD[$1.environment]}"
	for word in "${list[@]}"; do
		[ "${word%%=*}" != VM_CPUS ] || [ -z "${VM_CPUS:-}" ] || continue
		declare -g "$word"
	done
}

# groups_help: the groups and their descriptions, for the usage
groups_help()
{
	local name

	for name in "${GROUP_NAMES[@]}"; do
		printf '  %-14s%s\n' "$name" "${GROUP_FIELD[$name.description]}"
	done
}

# groups_markdown: the table of docs/testing.md
groups_markdown()
{
	local name field

	echo '| group | kernels | devices | parts | limit (s) | environment | what it is |'
	echo '|---|---|---|---|---|---|---|'
	for name in "${GROUP_NAMES[@]}"; do
		printf "| \\140%s\\140" "$name"
		for field in kernels devices parts limit environment description; do
			printf ' | %s' "${GROUP_FIELD[$name.$field]#-}"
		done
		printf ' |\n'
	done
}

groups_load "$GROUP_TABLE" || die "$GROUP_TABLE does not have seven columns in every line"
