// SPDX-License-Identifier: GPL-2.0
// Copyright (c) 2026 The pinless authors
#include "base/area.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

/* What one entry of the third level of the page tables covers. */
#define GIANT_BYTES	((size_t)1 << 30)

/* MemAvailable in bytes, 0 when unknown. */
static uint64_t memory_available(void)
{
	FILE *info = fopen("/proc/meminfo", "re");
	uint64_t kib = 0;
	char line[128];

	if (!info)
		return 0;
	while (fgets(line, sizeof(line), info))
		if (sscanf(line, "MemAvailable: %" SCNu64 " kB", &kib) == 1)
			break;
	fclose(info);
	return kib * 1024;
}

static int check_available(size_t length, struct message *why)
{
	size_t needed = length + length / 4;
	uint64_t available = memory_available();

	if (!available || available >= needed)
		return 0;
	snprintf(why->text, sizeof(why->text),
		 "needs %zu MiB of free memory, %llu MiB are available", needed >> 20,
		 (unsigned long long)available >> 20);
	return -ENOMEM;
}

/* Far from where the kernel puts mappings by itself; without room there it puts this one elsewhere. */
static void *new_address(size_t length)
{
	static uintptr_t next = (uintptr_t)32 << 40;
	uintptr_t address = next;

	next += length;
	return (void *)address;
}

int area_map(struct area *area, size_t length, unsigned int flags, struct message *why)
{
	size_t bytes = (length + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1);
	size_t unit = bytes < GIANT_BYTES ? HUGE_BYTES : GIANT_BYTES;
	size_t reserved = bytes + 2 * unit;
	int advice = flags & AREA_HUGE ? MADV_HUGEPAGE : MADV_NOHUGEPAGE, error;
	uint8_t *base, *memory;

	memset(area, 0, sizeof(*area));
	if (flags & AREA_LARGE && check_available(length, why))
		return -ENOMEM;
	base = mmap(flags & AREA_NEW_ADDRESS ? new_address(reserved) : NULL, reserved, PROT_NONE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (base == MAP_FAILED)
		return explain_error(why, "mmap", errno);
	memory = (uint8_t *)(((uintptr_t)base + PAGE_BYTES + unit - 1) & ~(unit - 1));
	/* A kernel without huge pages refuses the advice with EINVAL; then all pages are small. */
	if (mprotect(memory, bytes, PROT_READ | PROT_WRITE) ||
	    madvise(memory, bytes, MADV_DONTFORK) ||
	    (madvise(memory, bytes, advice) && errno != EINVAL)) {
		error = errno;
		munmap(base, reserved);
		return explain_error(why, "mprotect or madvise", error);
	}
	*area = (struct area){
		.memory = memory, .length = bytes, .reserved = base, .reserved_length = reserved,
	};
	return 0;
}

void area_unmap(struct area *area)
{
	if (area->reserved)
		munmap(area->reserved, area->reserved_length);
	memset(area, 0, sizeof(*area));
}

void area_touch(const struct area *area)
{
	for (size_t at = 0; at < area->length; at += PAGE_BYTES)
		*(volatile uint8_t *)(area->memory + at) = 1;
}

size_t area_huge_bytes(const struct area *area)
{
	uintptr_t first = (uintptr_t)area->memory, last = first + area->length;
	FILE *maps = fopen("/proc/self/smaps", "re");
	bool inside = false;
	size_t total = 0;
	char line[512];

	if (!maps)
		return 0;
	while (fgets(line, sizeof(line), maps)) {
		uintptr_t start, end;
		size_t kib;

		if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " ", &start, &end) == 2)
			inside = start < last && end > first;
		else if (inside && sscanf(line, "AnonHugePages: %zu kB", &kib) == 1)
			total += kib * 1024;
	}
	fclose(maps);
	return total;
}

int lacks_huge_pages(struct message *why)
{
	snprintf(why->text, sizeof(why->text), "no transparent huge page was given: see %s",
		 "/sys/kernel/mm/transparent_hugepage/enabled");
	return -ENOMEM;
}
