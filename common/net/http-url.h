/* SPDX-License-Identifier: MIT */
/* http-url: what a call's URL says of where it goes. Pure; private to http*.c,
 * but for http_check_url (http.h). */
#ifndef DARIO_HTTP_URL_H
#define DARIO_HTTP_URL_H

#include "net/http.h"

/* As http_call's `proxy`, which it may set; NULL: what the environment says. */
const char *http_proxy(const struct http_call *c);

#endif
