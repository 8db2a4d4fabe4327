/* SPDX-License-Identifier: MIT */
/*
 * usage-errors: the failed requests of the last days, one by one, from the
 * history: what was answered with 400 and above.
 */
#ifndef DARIO_USAGE_ERRORS_H
#define DARIO_USAGE_ERRORS_H

#include "state/usage/usage-file.h"

#define USAGE_ERRORS_MAX 1000

struct usage_error {
	int64_t time, took_ms; /* ms since 1970; ms */
	int status;
	char key[USAGE_NAME_MAX], model[USAGE_NAME_MAX];
	char backend[USAGE_NAME_MAX], account[USAGE_NAME_MAX];
};

/* The last `most` of `person` (NULL: all) since then, newest first: how many
 * there are in *out, which is freed by the caller. By wait_work. */
size_t usage_errors(const char *home, int64_t since, const char *person,
		    size_t most, struct usage_error **out);
/* {"errors":[...]} */
void usage_errors_put(struct jw *w, const struct usage_error *list, size_t n);

#endif
