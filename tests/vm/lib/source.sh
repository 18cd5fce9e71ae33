# SPDX-License-Identifier: GPL-2.0
# Copyright (c) 2026 The pinless authors
# shellcheck shell=bash
#
# Sources from Debian's archive.

# source_fetch DIR PACKAGE [UPSTREAM-VERSION]: puts the original tarball of a
# source package of trixie into DIR. By an apt of its own, so that neither the
# system's list of sources nor root is needed. Says so when the archive has
# other versions only.
source_fetch()
{
	local dir=$1 package=$2 wanted=${3:-} apt=$1/apt version=''

	mkdir -p "$apt"/{state/lists/partial,cache/archives/partial,parts}
	printf 'deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s trixie main\n' \
		"$(host_mirror Debian http://deb.debian.org/debian)" >"$apt/sources.list"
	: >"$apt/status"
	host_apt_conf >"$apt/apt.conf"
	(cd "$dir" && export APT_CONFIG=$apt/apt.conf &&
		set -- -o "Dir::State=$apt/state" -o "Dir::Cache=$apt/cache" \
			-o "Dir::State::status=$apt/status" -o "Dir::Etc::SourceList=$apt/sources.list" \
			-o "Dir::Etc::SourceParts=$apt/parts" -o APT::Sandbox::User="$(id -un)" &&
		apt-get -q "$@" update &&
		if [ -n "$wanted" ]; then
			version=$(source_version "$package" "$wanted" "$@") || exit 1
		fi &&
		apt-get -q "$@" source --tar-only "$package${version:+=$version}") ||
		return 1
	rm -rf "$apt"
}

# source_version PACKAGE UPSTREAM-VERSION APT-OPTION...: the archive's version
source_version()
{
	local package=$1 wanted=$2 versions version
	shift 2

	versions=$(apt-cache "$@" showsrc --only-source "$package" |
		sed -n 's/^Version: //p' | sort -uV)
	while read -r version; do
		case $version in
		"$wanted" | "$wanted"-*)
			printf '%s' "$version"
			return
			;;
		esac
	done <<<"$versions"
	echo "pinless: the archive has $package ${versions//$'\n'/, }, and $wanted is needed" >&2
	return 1
}
