# SPDX-License-Identifier: GPL-2.0
# Copyright (c) 2026 The pinless authors
# shellcheck shell=bash
#
# The emulator: QEMU of the same Debian release on every host, so that counts do
# not depend on what the host has. It runs from a root of its own, by that root's
# dynamic linker, as a plain process of the caller.

# The processor of emulated machines. "max" means another one with each version of
# QEMU: in 10.0 it has no rep_good any more, copy_page() becomes a loop, and 10 of
# 26 recorded counts change. ERMS and FSRM are off because clear_page() and
# memcpy() then take "rep stosb" and "rep movsb", which QEMU runs byte by byte. The
# others are what an EPYC has and the translator has not.
EMULATOR_CPU=EPYC,-erms,-fsrm,-fxsr-opt,-misalignsse,-osvw,-topoext,-nrip-save,-xsavec

# emulator_get: sets EMULATOR to the command that QEMU's options follow
emulator_get()
{
	local lib=usr/lib/x86_64-linux-gnu

	roots_get emulator
	EMULATOR=(env "QEMU_MODULE_DIR=$ROOT/$lib/qemu"
		"$ROOT/lib64/ld-linux-x86-64.so.2"
		--library-path "$ROOT/$lib"
		"$ROOT/usr/bin/qemu-system-x86_64"
		-L "$ROOT/usr/share/qemu" -L "$ROOT/usr/share/seabios")
}

# emulator_version: prints QEMU's version
emulator_version()
{
	emulator_get
	"${EMULATOR[@]}" --version | sed -n '1s/.*version \([0-9.]*\).*/\1/p'
}
