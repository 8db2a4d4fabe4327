/* SPDX-License-Identifier: MIT */
/*
 * print-config: the files of contrib/ with this machine's paths.
 *
 * Those files are complete as they stand, for an installation below /usr/local;
 * the paths that they name are replaced, wherever they occur.
 */
#ifndef DARIO_PRINT_CONFIG_H
#define DARIO_PRINT_CONFIG_H

#include "base/buf.h"
#include "base/err.h"
#include "state/option.h"

#define PRINT_CONFIG_USER "systemd-user" /* the unit of one user's service */

/* To standard output. `socket` may be NULL: where the file has it. */
int print_config(const char *name, const char *home, const struct settings *s,
		 const char *socket, struct err *e);
/* The same into *out, which the caller has made. */
int print_config_text(const char *name, const char *home,
		      const struct settings *s, const char *socket,
		      struct buf *out, struct err *e);

#endif
