# SPDX-License-Identifier: GPL-2.0
# Copyright (c) 2026 The pinless authors
# shellcheck shell=bash
#
# The command measure: odplat on pinless and on rxe, side by side in one machine.

# A counted machine has one CPU that is slower still.
MEASURE_LIMIT=5400

measure_draw()
{
	# shellcheck disable=SC2016 # the inner shell's own variables
	# One process for each: a script leaves its axes to the next.
	in_root "$ROOT" "$1:/plots" -- sh -c 'cd /plots || exit
		status=0
		for script in *.gp; do
			gnuplot "$script" || status=1
		done
		exit "$status"'
}

command_measure()
{
	local kernel=${KERNEL:-7.x} kinds devices='' kind status=0 log options=''

	kinds=$(device_kinds "$DEVICE") || exit
	# Soft-RoCE has no on-demand paging before 7.x, so there is nothing to compare.
	[ -n "$DEVICE" ] || [ "$kernel" = 7.x ] || kinds=pinless
	OUT=${OUT:-$TOP/results}/measure${COUNTED:+-counted}
	mkdir -p "$OUT" || die "cannot write to $OUT" "" "choose another folder with --out"
	if [ -n "$JSON" ] && ! : >>"$JSON"; then
		die "cannot write to $JSON" "" "choose another file with --json"
	fi
	host_prepare
	job_dir_make
	trap 'rm -rf "$JOB"' EXIT
	job_device_parts "$kernel" "$kinds"
	built_or_die build_cmake odplat userspace/odplat
	job_add "$CACHED/odplat" bin/odplat
	job_env DEVICES "$kinds"
	for kind in $kinds; do
		devices="$devices --device ${kind}0"
	done
	[ -z "$COUNTED" ] || options=--counted
	cat >"$JOB/job/command" <<-JOB
		. /job/guest/devices
		swap_up 512M
		set -o pipefail
		/job/bin/odplat --progress $options $devices --json /out/odplat.json \\
			--plot /out/plots 2>&1 >/out/table.txt |
			sed -u '/gnuplot is not there/d'
	JOB
	say "Measuring on kernel $kernel: $kinds (wall-clock times of an emulated machine mean"
	say "something only beside each other; --counted gives instruction counts)"
	initramfs_get "$kernel"
	image_get
	log=$OUT/console.log
	vm_run "$kernel" "$MEASURE_LIMIT" >&2 || status=$?
	cp "$JOB/console.log" "$log" 2>/dev/null
	job_keep "$OUT"
	case $status in
	0) ;;
	"$VM_TIMEOUT") die "the machine was stopped after $MEASURE_LIMIT s" "$log" "./pinless shell shows the machine" ;;
	"$VM_LOST") log_tail "$log"; die "the machine died while it measured" "$log" "./pinless test finds out what is wrong" ;;
	*) die "odplat ended with status $status" "$log" "the lines above say why" ;;
	esac
	if grep -qE -f "$LIB/../guest/bad-log" "$log"; then
		grep -E -m 3 -f "$LIB/../guest/bad-log" "$log" >&2
		die "the kernel reported faults while it measured; the figures cannot be trusted" "$log"
	fi
	roots_get build
	[ ! -d "$OUT/plots" ] || step "drawing the plots" "$OUT/plots.log" measure_draw "$OUT/plots" ||
		say "  the plots were not drawn: see $OUT/plots.log"
	cat "$OUT/table.txt"
	if [ -n "$JSON" ]; then
		cp "$OUT/odplat.json" "$JSON" || die "cannot write to $JSON"
	fi
	say "Results: $OUT (odplat.json, table.txt, plots)"
}
