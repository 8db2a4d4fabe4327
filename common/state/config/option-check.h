/* SPDX-License-Identifier: MIT */
/*
 * option-check: settings that are URLs, lists of hosts or origins, or a store.
 * What could never match is refused when it is read, and the error says what to
 * write instead.
 */
#ifndef DARIO_OPTION_CHECK_H
#define DARIO_OPTION_CHECK_H

#include "base/err.h"

/* The error names `where`. */
int option_check_origins(const char *text, const char *where, struct err *e);
int option_check_hosts(const char *text, const char *where, struct err *e);
/* "" is none. */
int option_check_url(const char *text, const char *where, struct err *e);
int option_check_store(const char *text, const char *where, struct err *e);

#endif
