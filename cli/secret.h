/* SPDX-License-Identifier: MIT */
/* secret: takes a key from a flag, a file or standard input. */
#ifndef DARIO_SECRET_H
#define DARIO_SECRET_H

#include "base/secret-name.h"
#include "cli/cmd.h"

#define SECRET_FLAGS \
	{ "key", "KEY", \
	  "the API key (other users may see it in the " \
	  "process list)" }, \
		{ "key-file", "FILE", "read the key from a file" }, \
	{ \
		"key-stdin", NULL, "read the key from standard input" \
	}

/* Into *out (the caller releases it); left empty when none was given. One that
 * is given as a flag has to be one. */
int secret_take(const struct cmd *c, struct buf *out, struct err *e);

#endif
