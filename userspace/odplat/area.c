// SPDX-License-Identifier: GPL-2.0
// Copyright (c) 2026 The pinless authors
#include "area.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

/* What one entry of the third level of the page tables covers. */
#define GIANT_BYTES	((size_t)1 << 30)

int area_map(struct area *area, size_t length, bool huge)
{
	size_t bytes = (length + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1);
	size_t unit = bytes < GIANT_BYTES ? HUGE_BYTES : GIANT_BYTES;
	size_t reserved = bytes + 2 * unit;
	uint8_t *base, *memory;

	memset(area, 0, sizeof(*area));
	base = mmap(NULL, reserved, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (base == MAP_FAILED)
		return -errno;
	memory = (uint8_t *)(((uintptr_t)base + PAGE_BYTES + unit - 1) & ~(unit - 1));
	if (mprotect(memory, bytes, PROT_READ | PROT_WRITE) ||
	    madvise(memory, bytes, MADV_DONTFORK))
		goto err_unmap;
	/*
	 * A kernel without huge pages refuses both with EINVAL; then small pages are what there is.
	 */
	if (madvise(memory, bytes, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE) && errno != EINVAL)
		goto err_unmap;
	*area = (struct area){
		.memory = memory, .length = bytes, .reserved = base, .reserved_length = reserved,
	};
	return 0;

err_unmap:
	{
		int error = errno;

		munmap(base, reserved);
		return -error;
	}
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

uint64_t memory_available(void)
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
