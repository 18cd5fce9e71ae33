// SPDX-License-Identifier: GPL-2.0
/* Copyright (c) 2026 The pinless authors */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "t_file.h"

static const char *where;
static int file = -1;

void t_file_use(const char *dir)
{
	where = dir;
}

/* A store to a page that the file has no room for raises SIGBUS, which does not say why. */
static void need_room(int fd, size_t len, const char *path)
{
	struct statvfs fs;
	uint64_t room;

	/* Some file systems in memory have no limit of their own. */
	if (fstatvfs(fd, &fs) || !fs.f_blocks)
		return;
	room = (uint64_t)fs.f_bavail * fs.f_frsize;
	if (room < len)
		t_die("%s: %zu bytes wanted, %llu free: make room there", path, len,
		      (unsigned long long)room);
}

int t_file_open(const char *dir, size_t len)
{
	char path[128] = "a memfd";
	int fd;

	if (dir) {
		snprintf(path, sizeof(path), "%s/pinless-file-XXXXXX", dir);
		fd = mkstemp(path);
	} else {
		fd = memfd_create("pinless", MFD_CLOEXEC);
	}
	if (fd < 0)
		t_die("%s: %s", path, strerror(errno));
	if (dir)
		unlink(path);
	need_room(fd, len, path);
	if (ftruncate(fd, len))
		t_die("ftruncate of %s: %s", path, strerror(errno));
	return fd;
}

void t_file_make(struct t_buf *b)
{
	file = t_file_open(where, b->len);
	t_file_map(b, PROT_READ | PROT_WRITE, MAP_SHARED);
}

void t_file_map(struct t_buf *b, int prot, int flags)
{
	if (mmap(b->addr, b->len, prot, flags | MAP_FIXED, file, 0) != b->addr)
		t_die("mmap of the file: %s", strerror(errno));
}

void t_file_hole(struct t_buf *b)
{
	if (fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, b->len))
		t_die("fallocate(FALLOC_FL_PUNCH_HOLE): %s", strerror(errno));
	memset(t_shadow(b, 0), 0, b->len);
}

void t_file_truncate(struct t_buf *b)
{
	(void)b;
	if (ftruncate(file, 0))
		t_die("ftruncate to 0 bytes: %s", strerror(errno));
}

void t_file_grow(struct t_buf *b)
{
	if (ftruncate(file, b->len))
		t_die("ftruncate to %zu bytes: %s", b->len, strerror(errno));
	memset(t_shadow(b, 0), 0, b->len);
}

void t_file_write(struct t_buf *b)
{
	t_pattern(t_shadow(b, 0), b->len, 2718);
	if (pwrite(file, t_shadow(b, 0), b->len, 0) != (ssize_t)b->len)
		t_die("pwrite of %zu bytes: %s", b->len, strerror(errno));
}

void t_file_msync(struct t_buf *b)
{
	if (msync(b->addr, b->len, MS_SYNC))
		t_die("msync: %s", strerror(errno));
}

void t_file_sync(struct t_buf *b)
{
	(void)b;
	if (fsync(file))
		t_die("fsync: %s", strerror(errno));
}

void t_file_check(struct t_buf *b)
{
	char *seen = malloc(b->len);

	if (!seen || pread(file, seen, b->len, 0) != (ssize_t)b->len)
		t_die("pread of %zu bytes: %s", b->len, strerror(errno));
	t_bytes("content of the file", seen, t_shadow(b, 0), b->len);
	free(seen);
	close(file);
	file = -1;
}

void t_file_check_disk(struct t_buf *b)
{
	int err;

	t_file_sync(b);
	/* Mapped pages stay in the cache. */
	if (munmap(b->addr, b->len))
		t_die("munmap: %s", strerror(errno));
	err = posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
	if (err)
		t_die("posix_fadvise(POSIX_FADV_DONTNEED): %s", strerror(err));
	t_file_check(b);
}
