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
#include "state/config/option.h"

#define PRINT_CONFIG_USER "systemd-user" /* the unit of one user's service */

struct print_plan {
	const char *name; /* of the file */
	const char *home;
	const char *user; /* whose home it is; NULL: as the file has it */
	const struct settings *settings;
	const char *socket; /* NULL: the same */
};

/* To standard output. */
int print_config(const struct print_plan *p, struct err *e);
/* The same into *out, which the caller has made. */
int print_config_text(const struct print_plan *p, struct buf *out,
		      struct err *e);
/* Where a user's files are; malloced, NULL with an error. */
char *print_config_home(const char *user, struct err *e);

#endif
