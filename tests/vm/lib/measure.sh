# SPDX-License-Identifier: GPL-2.0
# Copyright (c) 2026 The pinless authors
# shellcheck shell=bash
#
# The command measure: odplat on pinless and on rxe, side by side in one machine.
# Of it --check is the part that is compared with what was recorded, and
# --perftest has perftest's figures beside odplat's.

# A counted machine has one CPU that is slower still.
MEASURE_LIMIT=5400

measure_draw()
{
	# shellcheck disable=SC2016 # the inner shell's own variables
	# One process for each: a script would inherit the axes of the one before.
	in_root "$ROOT" "$1:/plots" -- sh -c 'cd /plots || exit
		status=0
		for script in *.gp; do
			[ -e "$script" ] || continue
			gnuplot "$script" || status=1
		done
		exit "$status"'
}

# measure_command DEVICE...: what the machine runs
measure_command()
{
	local device
	local -a options=()

	[ -z "$COUNTED" ] || options+=(--counted)
	if [ "$PART" = perftest ]; then
		cat <<-JOB
			. /job/guest/measure
			export PERFTEST_PROGRAMS=/job/perftest
			mapfile -t cases < <(beside_cases)
			machine_facts >/out/machine.txt
			beside $* -- ${options[*]} "\${cases[@]}" || exit
			mv /out/beside/* /out && rmdir /out/beside
		JOB
		return
	fi
	for device in "$@"; do
		options+=(--device "$device")
	done
	[ "$PART" != growth ] || options+=("--case 'growth.*'")
	cat <<-JOB
		. /job/guest/devices
		. /job/guest/measure
		swap_up 512M
		cases=()
	JOB
	case $PART in
	budget | check) echo "mapfile -t cases < <(budget_cases)" ;;
	esac
	echo "measure ${options[*]} \"\${cases[@]}\" || exit"
	[ "$PART" != check ] ||
		echo "python3 /job/perf/rows.py check /out/odplat.json >/out/check.txt; exit 0"
}

# What the host knows of the machine, beside what the guest has written.
measure_facts()
{
	local clock='wall-clock' accel=tcg

	if [ -n "$COUNTED" ]; then
		clock='counts instructions'
	else
		accel=$(host_accel)
	fi
	{
		printf 'clock: %s\n' "$clock"
		printf 'QEMU: %s, %s\n' \
			"$(emulator_version)" "$accel"
		printf 'host CPU: %s\n' "$(sed -n 's/^model name[[:space:]]*: //p' /proc/cpuinfo | head -n 1)"
	} >>"$1/machine.txt"
}

command_measure()
{
	local kernel=${KERNEL:-7.x} kinds kind status=0 log
	local -a devices=()

	if [ "$PART" = check ]; then
		[ -z "$KERNEL$DEVICE$COUNTED" ] ||
			usage_error "--check is for pinless0, counted, on 7.x: leave --kernel, --device and --counted out"
		DEVICE=pinless0
		COUNTED=1
		VM_MODE=counted
	fi
	kinds=$(device_kinds "$DEVICE") || exit
	# Soft-RoCE has no on-demand paging before 7.x, so there is nothing to compare.
	[ -n "$DEVICE" ] || [ "$kernel" = 7.x ] || kinds=pinless
	OUT=${OUT:-$TOP/results}/measure${COUNTED:+-counted}${PART:+-$PART}
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
	job_add "$TOP/tests/perf" perf
	[ "$PART" != perftest ] || job_perftest_parts
	job_env DEVICES "$kinds"
	for kind in $kinds; do
		devices+=("${kind}0")
	done
	measure_command "${devices[@]}" >"$JOB/job/command"
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
	"$VM_LOST") log_report "$log"; die "the machine died while it measured" "$log" "./pinless test finds out what is wrong" ;;
	*) die "the measurement ended with status $status" "$log" "the lines above say why" ;;
	esac
	if grep -qE -f "$LIB/../guest/bad-log" "$log"; then
		grep -E -m 3 -f "$LIB/../guest/bad-log" "$log" >&2
		die "the kernel reported faults while it measured; the figures cannot be trusted" "$log"
	fi
	measure_facts "$OUT"
	if [ -n "$JSON" ]; then
		cp "$OUT/odplat.json" "$JSON" || die "cannot write to $JSON"
	fi
	if [ "$PART" = check ]; then
		cat "$OUT/check.txt"
		! grep -q 'rows are worse' "$OUT/check.txt" || exit 1
		grep -q ' rows are as recorded' "$OUT/check.txt" || die "the check has not ended" "$OUT/check.txt"
		return
	fi
	roots_get build
	[ ! -d "$OUT/plots" ] || step "drawing the plots" "$OUT/plots.log" measure_draw "$OUT/plots" ||
		say "  the plots were not drawn: see $OUT/plots.log"
	cat "$OUT/table.txt"
	say "Results: $OUT ($(cd "$OUT" && echo *))"
}
