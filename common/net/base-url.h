/* SPDX-License-Identifier: MIT */
/*
 * base-url: a base URL as people copy it from documents: perhaps with the path
 * of an API behind it, which is taken off; or with words in it that stand for a
 * value of their own (REGION, <resource>), which is an error that says what to
 * write.
 */
#ifndef DARIO_BASE_URL_H
#define DARIO_BASE_URL_H

#include "base/buf.h"
#include "base/err.h"

#define BASE_URL_MAX 2048

struct base_url {
	char text[BASE_URL_MAX]; /* its query stays */
	struct span tail;        /* what was taken off, of what was given */
	const char *api;         /* that it is of by its path, or NULL */
};

int base_url_read(struct base_url *out, const char *given, struct err *e);

#endif
