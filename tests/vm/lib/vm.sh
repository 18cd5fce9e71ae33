# SPDX-License-Identifier: GPL-2.0
# Copyright (c) 2026 The pinless authors
# shellcheck shell=bash
#
# Starts a machine, runs one job in it, and brings back output and status.

# Status of vm_run when the machine did not say how its job ended.
VM_LOST=125
VM_TIMEOUT=124

# job_dir_make: sets JOB to a fresh folder with job/ (in), out/ (results)
job_dir_make()
{
	JOB=$(mktemp -d "${TMPDIR:-/tmp}/pinless.XXXXXX") ||
		die "cannot make a folder in ${TMPDIR:-/tmp}"
	mkdir -p "$JOB/job/guest" "$JOB/out"
	cp -a "$LIB"/../guest/. "$JOB/job/guest/"
	: >"$JOB/job/env"
}

# job_env NAME VALUE: a variable of the job
job_env()
{
	printf 'export %s=%q\n' "$1" "$2" >>"$JOB/job/env"
}

# job_add SOURCE NAME: a file or folder of the job, at /job/NAME in the guest
job_add()
{
	mkdir -p "$(dirname "$JOB/job/$2")"
	cp -aL "$1" "$JOB/job/$2"
}

# job_device_parts KERNEL KINDS [BUILD]: driver and provider, where the job has
# pinless; BUILD is the command that builds the driver
job_device_parts()
{
	job_env PINLESS_SLOWDOWN "$(kernel_slowdown "$1")"
	case " $2 " in
	*" pinless "*) ;;
	*) return 0 ;;
	esac
	built_or_die "${3:-build_module}" "$1"
	job_add "$CACHED/pinless.ko" modules/pinless.ko
	built_or_die build_provider
	job_add "$CACHED" provider
}

# job_program_parts ON_FAILURE: the tools and tests; ON_FAILURE is "die" or "go-on"
job_program_parts()
{
	local bin

	if build_cmake odplat userspace/odplat; then
		job_add "$CACHED/odplat" bin/odplat
	elif [ "$1" = die ]; then
		die "odplat was not built" "$BUILD_LOG"
	fi
	if build_cmake verbs tests/verbs; then
		bin=$(find "$CACHED" -type d -name bin | head -n 1)
		job_add "$bin" verbs
		for bin in "$TOP"/tests/verbs/lists/*.txt; do
			[ -e "$bin" ] && job_add "$bin" "verbs-lists/${bin##*/}"
		done
	elif [ "$1" = die ]; then
		die "the verbs tests were not built" "$BUILD_LOG"
	fi
	for bin in perf pyverbs; do
		[ -d "$TOP/tests/$bin" ] && job_add "$TOP/tests/$bin" "$bin"
	done
	roots_get build
	job_add "$ROOT/src/rdma-core/tests" rdma-core/tests
}

# vm_args ACCEL KERNEL: sets VM_ARGS, QEMU's options for $VM_MODE (wall, counted)
# on ACCEL (kvm, tcg), with as many CPUs as $CPUS (asked for) or $VM_CPUS (of a group
# of tests) says
vm_args()
{
	local accel=$1 memory=2560 cpus=${CPUS:-${VM_CPUS:-2}}

	# The sanitizers keep books on every byte.
	[ -z "$(kernel_flavour "$2")" ] || memory=4096
	VM_EMULATED=
	VM_ARGS=(-nodefaults -no-reboot -display none -m "${VM_MEMORY:-$memory}")
	if [ "$VM_MODE" = counted ]; then
		VM_ARGS+=(-accel 'tcg,thread=single' -icount 'shift=0,sleep=off'
			-cpu "$EMULATOR_CPU" -smp 1)
	elif [ "$accel" = kvm ]; then
		VM_ARGS+=(-accel kvm -cpu host -smp "$cpus")
	else
		VM_ARGS+=(-accel 'tcg,thread=multi' -cpu "$EMULATOR_CPU" -smp "$cpus")
		VM_EMULATED=' nohz=off highres=off norandmaps'
	fi
}

# Kernel command line. A busy host starves emulated CPUs for many seconds, so
# the watchdogs wait longer than on real machines; they are not switched off.
#
# QEMU's translator keeps what it has translated by virtual address, in a list
# for each physical page. With addresses at random every process adds to the
# lists of the programs and libraries that it runs, and when such a page is freed
# and cleared, each store of clear_page() walks its list: a CPU was seen to clear
# 12 pages in 167 seconds, with "rep stosb", byte by byte. So emulated machines
# have no random addresses, and no ERMS, without which eight bytes are cleared at
# once. The periodic timers predate this finding: they were meant to help against
# the same problem, and all figures and runs since have been made with them.
vm_append()
{
	printf '%s' "console=ttyS0 loglevel=${VM_LOGLEVEL:-6} mitigations=off panic=-1 tsc=reliable" \
		" rcupdate.rcu_cpu_stall_timeout=120 nokaslr random.trust_cpu=on secretmem.enable=1" \
		" kfence.sample_interval=20 dummy.numdummies=0 printk.devkmsg=on log_buf_len=4M$VM_EMULATED ${VM_APPEND:-}"
}

# vm_timer SECONDS PID BOOT: ends QEMU when the time is over, or when it has not
# booted after BOOT seconds. Has no child, so that nothing is left when it is
# killed; ends QEMU too when its own caller is gone.
vm_timer()
{
	local end=$((SECONDS + $1)) boot=$((SECONDS + $3)) pid=$2 monitor replies

	exec {monitor}<>"$JOB/mon.in" {replies}<>"$JOB/mon.out"
	while [ "$SECONDS" -lt "$end" ]; do
		read -r -t 2 -u "$replies"
		kill -0 "$$" 2>/dev/null || end=0
		kill -0 "$pid" 2>/dev/null || return
		[ -s "$JOB/result" ] || [ "$SECONDS" -lt "$boot" ] || end=0
	done
	# The guest's own limits have not helped: ask its CPUs where they are.
	: >"$JOB/timeout"
	echo nmi >&"$monitor"
	read -r -t 5 -N 10000 -u "$replies"
	echo quit >&"$monitor"
	read -r -t 5 -N 10000 -u "$replies"
	kill -9 "$pid"
}

# vm_run KERNEL SECONDS: boots KERNEL and runs $JOB/job/command in it, output
# on stdout, kernel log in $JOB/console.log. Returns the job's status,
# VM_TIMEOUT, or VM_LOST when the machine died. VM_BOOT_SECONDS: what all its
# tries to boot may take together.
vm_run()
{
	local status=0 try reason boot boot_end=$((SECONDS + ${VM_BOOT_SECONDS:-0}))

	emulator_get
	initramfs_get "$1"
	image_get
	for try in 1 2 3; do
		status=0
		boot=$((240 * $(kernel_slowdown "$1")))
		[ -z "${VM_BOOT_SECONDS:-}" ] || boot=$((boot_end - SECONDS))
		vm_once "$@" "$boot" || status=$?
		[ "$status" -eq "$VM_LOST" ] || [ "$status" -eq "$VM_TIMEOUT" ] || break
		# An emulated CPU can die of its emulator while the kernel still boots.
		[ ! -s "$JOB/result" ] || break
		[ "$try" -lt 3 ] || break
		[ -z "${VM_BOOT_SECONDS:-}" ] || [ "$SECONDS" -lt "$boot_end" ] || break
		reason=$(vm_not_up)
		say "  the machine did not come up (try $try)${reason:+: $reason}: booting it once more"
		cp "$JOB/console.log" "$JOB/console.log.$try" 2>/dev/null
	done
	return "$status"
}

# vm_not_up: prints why the machine says that it did not come up, if it says it
vm_not_up()
{
	tr -d '\r' <"$JOB/console.log" 2>/dev/null | sed -n 's/^.*pinless-init: //p' | tail -n 1
}

# vm_once KERNEL SECONDS BOOT: one try of vm_run, with BOOT seconds to boot
vm_once()
{
	local limit=$2 pid='' timer reader unblock status word stopped=''

	rm -f "$JOB/timeout"
	vm_args "$(host_accel)" "$1"
	mkfifo "$JOB/mon.in" "$JOB/mon.out" "$JOB/output"
	# Told to end, it ends at once: neither its output nor another try is wanted.
	trap 'stopped=1; [ -z "$pid" ] || kill -9 "$pid" 2>/dev/null' INT TERM
	# Not QEMU's own stdio: at the end of its input it would shut the port.
	cat "$JOB/output" &
	reader=$!
	: >"$JOB/result"
	"${EMULATOR[@]}" "${VM_ARGS[@]}" \
		-kernel "$BOOT/vmlinuz" -initrd "$BOOT/initramfs.cpio" \
		-append "$(vm_append)" \
		-drive "file=$IMAGE,if=none,id=root,format=raw,snapshot=on,cache=unsafe" \
		-device virtio-blk-pci,drive=root -device virtio-rng-pci \
		-fsdev "local,id=job,path=$JOB/job,security_model=none,readonly=on" \
		-device virtio-9p-pci,fsdev=job,mount_tag=job \
		-fsdev "local,id=out,path=$JOB/out,security_model=none" \
		-device virtio-9p-pci,fsdev=out,mount_tag=out \
		-chardev "file,id=console,path=$JOB/console.log" -serial chardev:console \
		-device virtio-serial-pci \
		-chardev "file,id=output,path=$JOB/output" \
		-device virtserialport,chardev=output,name=pinless.output \
		-chardev "file,id=result,path=$JOB/result" \
		-device virtserialport,chardev=result,name=pinless.result \
		-chardev "pipe,id=mon,path=$JOB/mon" -mon chardev=mon,mode=readline \
		</dev/null 2>"$JOB/qemu.log" &
	pid=$!
	vm_timer "$limit" "$pid" "$3" >/dev/null 2>&1 &
	timer=$!
	[ -z "$stopped" ] || kill -9 "$pid" 2>/dev/null
	wait "$pid"
	status=$?
	trap - INT TERM
	kill "$timer" 2>/dev/null
	wait "$timer" 2>/dev/null
	# QEMU that failed before it opened the port leaves the reader waiting.
	exec {unblock}<>"$JOB/output"
	exec {unblock}>&-
	wait "$reader"
	rm -f "$JOB/mon.in" "$JOB/mon.out" "$JOB/output"
	[ -z "$stopped" ] || exit 130

	word=$(tail -n 1 "$JOB/result" | tr -d '\r\n')
	case $word in
	"pinless-job-exit "[0-9]*)
		return "${word##* }"
		;;
	esac
	if [ -e "$JOB/timeout" ]; then
		return "$VM_TIMEOUT"
	fi
	[ "$status" -eq 0 ] || say "  QEMU ended with status $status: $(tail -n 1 "$JOB/qemu.log")"
	return "$VM_LOST"
}

# vm_shell KERNEL: an interactive machine on this terminal
vm_shell()
{
	local kernel=$1

	emulator_get
	initramfs_get "$kernel"
	image_get
	vm_args "$(host_accel)" "$kernel"
	job_env PINLESS_SHELL 1
	say "The machine's console; 'exit' or Ctrl-A X ends it."
	"${EMULATOR[@]}" "${VM_ARGS[@]}" \
		-kernel "$BOOT/vmlinuz" -initrd "$BOOT/initramfs.cpio" \
		-append "$(VM_LOGLEVEL=4 vm_append) quiet" \
		-drive "file=$IMAGE,if=none,id=root,format=raw,snapshot=on,cache=unsafe" \
		-device virtio-blk-pci,drive=root -device virtio-rng-pci \
		-fsdev "local,id=job,path=$JOB/job,security_model=none,readonly=on" \
		-device virtio-9p-pci,fsdev=job,mount_tag=job \
		-fsdev "local,id=out,path=$JOB/out,security_model=none" \
		-device virtio-9p-pci,fsdev=out,mount_tag=out \
		-device virtio-serial-pci -serial mon:stdio
}

# vm_probe_kvm LOG: does a guest on KVM come as far as its first process?
vm_probe_kvm()
{
	mkdir -p "$(dirname "$1")"
	emulator_get
	initramfs_get 6.12
	timeout -k 1 20 "${EMULATOR[@]}" -accel kvm -cpu host -nodefaults -no-reboot \
		-display none -m 512 -kernel "$BOOT/vmlinuz" -initrd "$BOOT/initramfs.cpio" \
		-append 'console=ttyS0 panic=-1 pinless.probe=1' \
		-serial stdio </dev/null >"$1" 2>&1
	grep -q 'pinless-init: probe' "$1"
}
