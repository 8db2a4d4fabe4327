/* SPDX-License-Identifier: MIT */
/* query: the values in a query string or a form (a=1&b=2). Pure. */
#ifndef DARIO_QUERY_H
#define DARIO_QUERY_H

#include <stdbool.h>
#include <stddef.h>

/* The value of the first `key`, decoded into out and terminated; false, with
 * out untouched or cut, when it is not there, does not fit or holds a NUL.
 * `query` may be NULL. */
bool query_get(const char *query, const char *key, char *out, size_t n);

/* Can each value be had by query_get with `n` bytes? */
bool query_fits(const char *query, size_t n);

/* %XX by what it stands for, in place; false: there is none. A NUL stays as it
 * is written. */
bool query_decode(char *text);

#endif
