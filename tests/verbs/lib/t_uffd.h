/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright (c) 2026 The pinless authors
 *
 * Memory whose pages do not come.
 */
#ifndef T_UFFD_H
#define T_UFFD_H

#include <stddef.h>

/** t_need_uffd - skip the program where this user has no userfaultfd */
void t_need_uffd(void);

/**
 * t_uffd_hold - make every access to a missing page wait
 * @m: memory without pages, page aligned
 * @len: bytes
 *
 * Skips the program where there is no userfaultfd.
 *
 * Return: the descriptor; closing it makes the memory ordinary again.
 */
int t_uffd_hold(char *m, size_t len);

#endif
