/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright (c) 2026 The pinless authors
 *
 * The driver's module is unloaded and loaded again, and the links that were
 * there are made again.
 *
 * PINLESS_TEST_MODULE names the module's file; without it, modprobe must find it.
 */
#ifndef T_MODULE_H
#define T_MODULE_H

#include <stdbool.h>

/** t_module_need - skip where the module could not be loaded again; note the links that are there */
void t_module_need(void);

/** t_module_loaded - is the module there? */
bool t_module_loaded(void);

/** t_module_unload - unload it, which takes all links away; a failure is recorded */
void t_module_unload(void);

/**
 * t_module_exec - become the command that loads the module, for a process that is made for it
 *
 * Return: only when the command cannot be run.
 */
void t_module_exec(void);

/** t_module_restore - load the module and make the links again; ends the program on failure */
void t_module_restore(void);

#endif
