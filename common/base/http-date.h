/* SPDX-License-Identifier: MIT */
/* http-date: moments as servers write them in header fields. Pure. */
#ifndef DARIO_HTTP_DATE_H
#define DARIO_HTTP_DATE_H

#include "base/buf.h"

#include <stdint.h>

/* Milliseconds since 1970 from seconds or milliseconds since then, from RFC
 * 3339 ("2026-11-22T10:00:00Z", fraction and offset allowed) or from an HTTP
 * date (RFC 9110, each of its forms); 0 when it is none of these. */
int64_t http_date_read(struct span s);

/* Retry-After: seconds, or a moment against `now`; in ms, -1: unreadable. */
int64_t http_date_delay(struct span s, int64_t now);

/* "6m0s", "1d2h", "20ms" in milliseconds; -1 when it is none. */
int64_t http_date_duration(struct span s);

#endif
