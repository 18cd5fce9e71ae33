# SPDX-License-Identifier: GPL-2.0
# Copyright (c) 2026 The pinless authors
# shellcheck shell=bash
#
# Messages, steps with elapsed time, locks and cache entries.

CACHE=${PINLESS_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/pinless}

# The caller's screen: steps and errors go to stderr, results to stdout.
say()
{
	printf '%s\n' "$*" >&2
}

# die WHAT [WHERE THE LOG IS] [WHAT TO DO]
die()
{
	say "pinless: error: $1"
	[ -n "${2:-}" ] && say "  log:  $2"
	[ -n "${3:-}" ] && say "  next: $3"
	exit 1
}

# A wrong command line is answered by status 2, as getopt's users do.
usage_error()
{
	say "pinless: $*"
	say "Try './pinless help'."
	exit 2
}

# kill_tree PID: ends a process and all that it has started. What runs in the
# background of a script ignores Ctrl-C, so it must be sent a signal.
kill_tree()
{
	local child

	while read -r -d ' ' child; do
		kill_tree "$child"
	done < <(cat "/proc/$1/task/"*/children 2>/dev/null)
	kill "$1" 2>/dev/null
}

# step TEXT LOG COMMAND...: runs COMMAND with its output in LOG and shows TEXT
# with the elapsed time. Returns the status of COMMAND.
step()
{
	local text=$1 log=$2 start=$SECONDS status=0 pid shown=0 now traps
	shift 2

	mkdir -p "$(dirname "$log")"
	traps=$(trap -p INT TERM)
	"$@" >>"$log" 2>&1 </dev/null &
	pid=$!
	trap 'kill_tree "$pid"; exit 130' INT TERM
	while kill -0 "$pid" 2>/dev/null; do
		now=$((SECONDS - start))
		if [ -t 2 ]; then
			printf '\r  %s ... %d s ' "$text" "$now" >&2
			sleep 0.3
		else
			if [ $((now - shown)) -ge 60 ]; then
				say "  $text ... $now s"
				shown=$now
			fi
			sleep 0.1
		fi
	done
	wait "$pid" || status=$?
	trap - INT TERM
	eval "$traps"
	now=$((SECONDS - start))
	[ -t 2 ] && printf '\r' >&2
	if [ "$status" -eq 0 ]; then
		say "  $text: done in $now s    "
	else
		say "  $text: FAILED after $now s (status $status)"
	fi
	return "$status"
}

# log_tail LOG [LINES]: the end of a log, indented, for a failure's message
log_tail()
{
	[ -s "$1" ] && tail -n "${2:-15}" "$1" | sed 's/^/    | /' >&2
	return 0
}

# log_report LOG [LINES]: the first report in a kernel log, which says what
# happened where its end only has registers; the log's end where there is none
log_report()
{
	local first

	first=$(grep -n -m 1 -E -f "$LIB/../guest/bad-log" "$1" 2>/dev/null | cut -d : -f 1)
	if [ -n "$first" ]; then
		tail -n "+$first" "$1" | head -n "${2:-40}" | sed 's/^/    | /' >&2
	else
		log_tail "$1"
	fi
}

# hash_of WORD...: a short name for the content of files, directories and strings
hash_of()
{
	local item

	for item in "$@"; do
		if [ -d "$item" ]; then
			# Ignored files (objects, editor files) do not make a new version.
			(cd "$item" && find . -type f ! -name '*.o' ! -name '*.ko' \
				! -name '.*' ! -name '*~' ! -path './build/*' -print0 |
				sort -z | xargs -0r sha256sum)
		elif [ -f "$item" ]; then
			sha256sum <"$item"
		else
			printf '%s\n' "$item"
		fi
	done | sha256sum | cut -c1-16
}

# cached NAME BUILDER...: prints nothing and sets CACHED to the path of the
# entry NAME. If the entry does not exist, BUILDER is called with a fresh
# directory as last argument, under a lock, and what it built appears under
# its name in one rename: a half-built entry is never seen.
cached()
{
	local name=$1 tmp lock status=0
	shift

	CACHED=$CACHE/$name
	[ -d "$CACHED" ] && return 0
	mkdir -p "$CACHE/lock" "$CACHE/log" ||
		die "cannot create the cache $CACHE" "" \
		    "set PINLESS_CACHE to a directory that you can write"
	exec {lock}>"$CACHE/lock/$name"
	if ! flock -n "$lock"; then
		say "  waiting: another pinless builds $name"
		flock "$lock"
	fi
	if [ ! -d "$CACHED" ]; then
		tmp=$CACHE/tmp.$name
		remove_tree "$tmp"
		mkdir -p "$tmp"
		"$@" "$tmp" || status=$?
		if [ "$status" -eq 0 ]; then
			mv -T "$tmp" "$CACHED" || status=$?
		fi
	fi
	exec {lock}>&-
	return "$status"
}

# cached_forget PREFIX KEEP: drops entries of one kind that have been unused for
# a week, so that the cache does not grow with every change
cached_forget()
{
	local old

	while IFS= read -r old; do
		[ "$old" = "$2" ] || remove_tree "$old"
	done < <(find "$CACHE" -maxdepth 1 -name "$1*" -mtime +7 2>/dev/null)
}

# remove_tree DIR: also when its files belong to other ids of a user namespace
remove_tree()
{
	[ -e "$1" ] || return 0
	if [ "$(id -u)" -eq 0 ]; then
		rm -rf --one-file-system "$1"
	else
		rm -rf --one-file-system "$1" 2>/dev/null ||
			unshare --map-root-user --map-auto rm -rf --one-file-system "$1"
	fi
}
