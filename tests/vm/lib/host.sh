# SPDX-License-Identifier: GPL-2.0
# Copyright (c) 2026 The pinless authors
# shellcheck shell=bash
#
# What the host must have: packages, a mirror, the right to make a root.

# command:package, for everything that the host itself runs
HOST_NEEDS='mmdebstrap:mmdebstrap flock:util-linux python3:python3'

host_is_debian()
{
	[ -r /etc/debian_version ] && command -v apt-get >/dev/null
}

# Prints the packages of HOST_NEEDS, and of the arguments, that are not there.
host_missing()
{
	local pair missing=''

	for pair in $HOST_NEEDS "$@"; do
		command -v "${pair%%:*}" >/dev/null ||
			missing="$missing ${pair#*:}"
	done
	if [ "$(id -u)" -ne 0 ] && ! command -v newuidmap >/dev/null; then
		missing="$missing uidmap"
	fi
	printf '%s' "${missing# }"
}

host_install()
{
	local log=$1
	shift
	{ apt-get -q update &&
		DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 \
			install --no-install-recommends "$@"; } >>"$log" 2>&1
}

# host_prepare [COMMAND:PACKAGE...]: installs what is missing, or says how
host_prepare()
{
	local missing log=$CACHE/log/host-packages.log

	[ "$(uname -m)" = x86_64 ] ||
		die "this machine is $(uname -m); the test machines are x86_64 only"
	# sbin is not in an ordinary user's PATH on Debian, but mke2fs is there.
	PATH=$PATH:/usr/sbin:/sbin
	missing=$(host_missing "$@")
	[ -z "$missing" ] && { host_check_user; return; }
	host_is_debian ||
		die "these Debian packages are needed and this is not Debian: $missing"
	if [ "$(id -u)" -ne 0 ]; then
		say "pinless: packages are missing. Run this once as root:"
		say "  apt-get install --no-install-recommends $missing"
		exit 1
	fi
	mkdir -p "$CACHE/log" || die "cannot create the cache $CACHE"
	: >"$log"
	# shellcheck disable=SC2086 # a list of words
	if ! step "installing on the host: $missing" "$log" host_install "$log" $missing; then
		host_network_or_die "$log"
		log_tail "$log"
		die "cannot install: $missing" "$log" \
		    "apt-get install --no-install-recommends $missing"
	fi
	missing=$(host_missing "$@")
	[ -z "$missing" ] || die "still missing after the installation: $missing" "$log"
}

# An ordinary user builds the roots in a user namespace.
host_check_user()
{
	[ "$(id -u)" -eq 0 ] && return 0
	unshare --map-root-user --map-auto true 2>/dev/null && return 0
	die "an ordinary user needs user namespaces with subordinate ids" "" \
	    "run as root, or: sysctl kernel.unprivileged_userns_clone=1; usermod --add-subuids 100000-165535 --add-subgids 100000-165535 $(id -un)"
}

# Prints the host's own mirror for Debian ($1 = Debian or Debian-Security).
host_mirror()
{
	local label=$1 fallback=$2 uri

	# shellcheck disable=SC2016 # apt's own variables
	uri=$(apt-get indextargets \
		--format '$(ORIGIN)|$(LABEL)|$(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
		sed -n "s/^Debian|$label|\(https\?:.*[^\/]\)\/*\$/\1/p" | head -n 1)
	printf '%s' "${uri:-$fallback}"
}

# Prints the host's settings for downloads: proxies, clocks that are off, ...
host_apt_conf()
{
	apt-config dump 2>/dev/null |
		grep -E '^Acquire::(https?::|ftp::|Retries|Check-|ForceIPv|Max-ValidTime)' |
		grep -v ' "";$'
	printf 'Acquire::Languages "none";\nAcquire::Retries "3";\n'
}

# host_network_or_die LOG: names the network as the cause, when it is
host_network_or_die()
{
	local mirror

	mirror=$(host_mirror Debian http://deb.debian.org/debian)
	grep -qE 'Could not resolve|Temporary failure resolving|Could not connect|Connection timed out|Network is unreachable|Unable to connect|Connection failed' \
		"$1" 2>/dev/null || return 0
	die "no network: cannot reach the Debian mirror $mirror" "$1" \
	    "connect this machine (or set apt's Acquire::http::Proxy) and run the same command again; what is done so far is kept"
}

# Prints "kvm" or "tcg". /dev/kvm may exist and hang its guests, so it is
# believed only when the CPU has the extension and a probe guest has run.
host_accel()
{
	local probe log=$CACHE/log/kvm-probe.log key

	case ${PINLESS_ACCEL:-} in
	kvm | tcg) printf '%s' "$PINLESS_ACCEL"; return ;;
	esac
	if [ ! -w /dev/kvm ] || ! grep -qwE 'vmx|svm' /proc/cpuinfo; then
		printf tcg
		return
	fi
	key=$(cat /proc/sys/kernel/random/boot_id 2>/dev/null)
	probe=$CACHE/kvm-probe
	if [ ! -r "$probe" ] || [ "$(cut -d' ' -f1 "$probe")" != "$key" ]; then
		if vm_probe_kvm "$log"; then
			printf '%s kvm\n' "$key" >"$probe.$$"
		else
			printf '%s tcg\n' "$key" >"$probe.$$"
		fi
		mv "$probe.$$" "$probe"
	fi
	cut -d' ' -f2 "$probe"
}
