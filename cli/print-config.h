/* SPDX-License-Identifier: MIT */
/*
 * print-config: the files of contrib/ with this machine's paths.
 *
 * Those files are complete as they stand, for an installation below /usr/local;
 * the paths that they name are replaced, wherever they occur.
 */
#ifndef DARIO_PRINT_CONFIG_H
#define DARIO_PRINT_CONFIG_H

#include "base/err.h"
#include "state/option.h"

/* To standard output. `socket` may be NULL: where the file has it. */
int print_config(const char *name, const char *home, const struct settings *s,
		 const char *socket, struct err *e);

#endif
