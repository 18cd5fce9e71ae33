# SPDX-License-Identifier: GPL-2.0
# Copyright (c) 2026 The pinless authors
# shellcheck shell=bash
#
# Results of tests: counted in memory, kept in a file, taken from what machines say.

declare -gA RESULT_COUNT=([pass]=0 [FAIL]=0 [skip]=0)
# CPUs that stood still, by what the kernel said of them.
declare -gA STANDING_COUNT=([idle]=0 [busy]=0)

# result VERDICT NAME SECONDS REASON: counts and keeps one result. One that cannot be
# kept ends the run: a report that lacks lines must not look like a good one.
result()
{
	case $1 in
	pass | FAIL | skip) ;;
	*)
		result FAIL "$2" "$3" "no verdict: '$1' $4"
		return
		;;
	esac
	RESULT_COUNT[$1]=$((RESULT_COUNT[$1] + 1))
	printf '%s\t%s\t%s\t%s\n' "$@" 2>/dev/null >>"$RESULTS" ||
		die "cannot write the result of $2 ($1) to $RESULTS" "" \
		    "see whether there is room, or choose another folder with --out"
	[ "$1" != FAIL ] || say "    FAIL $2: $4"
}

# result_lines PREFIX FILE LOG [LABEL]: takes the result lines of a machine's output;
# what LOG, its kernel log, reports beside them is a failure. With LABEL the machine has
# been replaced by a second one, and only failures are taken.
result_lines()
{
	local prefix=$1 file=$2 log=$3 label=${4:-} failed=${RESULT_COUNT[FAIL]}
	local word verdict test seconds reason name

	name=$(basename "$file" .output)
	while read -r word verdict test seconds reason; do
		case $word in
		RESULT)
			[ -z "$label" ] || [ "$verdict" = FAIL ] || continue
			result "$verdict" "$prefix.$test" "$seconds" "$reason${label:+ ($label)}"
			;;
		NOTE)
			# What a test that hung looked like, before its result.
			say "    | $verdict $test $seconds $reason"
			;;
		STANDING)
			# CPU, idle or busy
			STANDING_COUNT[$test]=$((${STANDING_COUNT[$test]:-0} + 1))
			;;
		esac
	done <"$file"
	if [ ! -r "$log" ]; then
		result FAIL "$name.kernel-log" 0 "it is lost: $log"
	elif [ "${RESULT_COUNT[FAIL]}" -eq "$failed" ] && grep -qE -f "$LIB/../guest/bad-log" "$log"; then
		# A report that came between two tests, or while the machine ended.
		log=$(grep -m 1 -E -f "$LIB/../guest/bad-log" "$log")
		result FAIL "$name.kernel-log" 0 "$log${label:+ ($label)}"
	fi
}

# results_summary RESULTS LOGS SECONDS: the end of the report; 1 unless all is well
results_summary()
{
	if [ "${RESULT_COUNT[FAIL]}" -gt 0 ]; then
		echo "Failed:"
		awk -F'\t' '$1 == "FAIL" { print "  " $2 ": " $4 }' "$1"
		echo "Logs: $2"
	fi
	[ $((STANDING_COUNT[idle] + STANDING_COUNT[busy])) -eq 0 ] ||
		echo "CPUs of machines that stood still: ${STANDING_COUNT[idle]} idle, ${STANDING_COUNT[busy]} busy"
	echo "All results with the reasons of skips: $1 ($3 s)"
	echo "${RESULT_COUNT[pass]} passed, ${RESULT_COUNT[FAIL]} failed, ${RESULT_COUNT[skip]} skipped"
	[ "${RESULT_COUNT[FAIL]}" -eq 0 ] && [ "${RESULT_COUNT[pass]}" -gt 0 ]
}

# results_lock DIR: keeps a second run out of DIR until this process and what it has
# started are gone
results_lock()
{
	if ! mkdir -p "$(dirname "$1")" || ! { exec {RESULTS_LOCK}>"$1.lock"; } 2>/dev/null; then
		die "cannot write to $(dirname "$1")" "" "choose another folder with --out"
	fi
	flock -n "$RESULTS_LOCK" ||
		die "another run of the tests writes to $1" "" \
		    "wait for its end, or choose another folder with --out"
}
