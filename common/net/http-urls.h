/* SPDX-License-Identifier: MIT */
/*
 * http-urls: URLs that libcurl need not parse again, and print, for each call:
 * there are few, of many calls. Of one loop; private to http*.c.
 */
#ifndef DARIO_HTTP_URLS_H
#define DARIO_HTTP_URLS_H

#include <curl/curl.h>

struct http_urls;
struct http_url;

struct http_urls *http_urls_new(void);
void http_urls_free(struct http_urls *all); /* NULL is fine */

/* Until it is given back, once; NULL: it is not kept. */
struct http_url *http_urls_take(struct http_urls *all, const char *url);
void http_urls_give(struct http_url *u); /* NULL is fine */
CURLU *http_url_parsed(const struct http_url *u);

#endif
