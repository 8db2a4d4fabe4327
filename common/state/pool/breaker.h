/* SPDX-License-Identifier: MIT */
/*
 * breaker: keeps requests from a backend that fails, shared by all processes
 * (breaker-NAME of shared.h).
 *
 * Closed: requests go there. After so many failures in a row it opens for a
 * while. Then one request goes there as a probe; its success closes the
 * breaker, its failure opens it again. A backend that works has no file. May be
 * lost. Thread-safe. Times are milliseconds.
 */
#ifndef DARIO_BREAKER_H
#define DARIO_BREAKER_H

#include "state/config/option.h"

#include <stdint.h>

/* May a request go there now? With true from an open breaker the caller holds
 * the probe: breaker_note must follow. */
bool breaker_allows(const char *home, const char *name,
		    const struct settings *s);
/* How a request went. A client that left says nothing of it. */
void breaker_note(const char *home, const char *name, const struct settings *s,
		  bool ok);
/* When an open one is tried again, ms since 1970; 0: it is closed. */
int64_t breaker_until(const char *home, const char *name);

#endif
