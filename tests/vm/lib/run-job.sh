# SPDX-License-Identifier: GPL-2.0
# Copyright (c) 2026 The pinless authors
# shellcheck shell=bash
#
# The commands vm and shell: a job of the user's own in a machine.

# device_kinds NAME: the kinds of device that a machine must bring up for it
device_kinds()
{
	case $1 in
	pinless*) echo pinless ;;
	rxe*) echo rxe ;;
	'') if have_module; then echo 'pinless rxe'; else echo rxe; fi ;;
	*) usage_error "unknown device '$1': the machines have pinless0 and rxe0" ;;
	esac
}

# job_keep DIR: copies the results of the job to the user's folder
job_keep()
{
	[ -n "$(ls -A "$JOB/out")" ] || return 0
	{ mkdir -p "$1" && cp -a "$JOB/out/." "$1/"; } ||
		die "cannot write the results to $1" "" "choose another folder with --out"
}

# job_in DIR: brings the user's own files into the job, at /job/in
job_in()
{
	[ -n "$1" ] || return 0
	{ mkdir "$JOB/job/in" && cp -a "$1/." "$JOB/job/in/"; } ||
		die "cannot copy the files of $1" "" \
		    "see whether all can be read, and ${TMPDIR:-/tmp} (or TMPDIR) has room for them"
}

# job_run KERNEL DIR: runs the prepared job, with its results in DIR; its status
# becomes this process's, unless the kernel reported something
job_run()
{
	local kernel=$1 dir=$2 status=0 log

	vm_run "$kernel" "${LIMIT:-600}" || status=$?
	job_keep "$dir"
	log=$CACHE/log/console-vm.$$.log
	mkdir -p "$CACHE/log"
	cp "$JOB/console.log" "$log" 2>/dev/null
	find "$CACHE/log" -name 'console-vm.*' -mmin +1440 -delete
	say "kernel log: $log"
	if grep -qE -f "$LIB/../guest/bad-log" "$log"; then
		say "the kernel log has reports:"
		grep -E -m 5 -A 12 -f "$LIB/../guest/bad-log" "$log" >&2
		[ "$status" -ne 0 ] || status=1
	fi
	case $status in
	"$VM_TIMEOUT") say "the machine was stopped after ${LIMIT:-600} s" ;;
	"$VM_LOST") say "the machine died before the job ended"; tail -n 20 "$log" >&2 ;;
	esac
	exit "$status"
}

command_vm()
{
	local kernel=${KERNEL:-7.x} kinds

	[ ${#WORDS[@]} -gt 0 ] || usage_error "vm needs a command after '--'"
	kinds=$(device_kinds "$DEVICE") || exit
	host_prepare
	job_dir_make
	trap 'rm -rf "$JOB"' EXIT
	job_in "$IN"
	job_device_parts "$kernel" "$kinds" "${DEBUG:+build_module_debug}"
	job_program_parts go-on
	job_env DEVICES "$kinds"
	printf '%s\n' "${WORDS[*]}" >"$JOB/job/command"
	job_run "$kernel" "${OUT:-$TOP/results}"
}

command_shell()
{
	local kernel=${KERNEL:-7.x} kinds

	[ -t 0 ] || die "shell needs a terminal" "" "./pinless vm -- COMMAND runs one command"
	kinds=$(device_kinds "$DEVICE") || exit
	host_prepare
	job_dir_make
	trap 'rm -rf "$JOB"' EXIT
	job_in "$IN"
	job_device_parts "$kernel" "$kinds"
	job_program_parts go-on
	job_env DEVICES "$kinds"
	vm_shell "$kernel"
	job_keep "${OUT:-$TOP/results}"
}

command_module()
{
	host_prepare
	built_or_die build_module "${KERNEL:-7.x}"
	printf '%s\n' "$CACHED/pinless.ko"
}

command_clean()
{
	local dir

	for dir in "$TOP/build" "$TOP/results" "$CACHE"; do
		[ -e "$dir" ] || continue
		say "  removing $dir"
		remove_tree "$dir" || die "cannot remove $dir"
	done
}
