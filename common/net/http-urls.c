/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "net/http-urls.h"

#include "base/fnv.h"

#include <stdlib.h>

#define PLACES 512   /* a power of two */
#define TEXT_MAX 255 /* bytes; longer ones are about one thing, mostly */

struct http_url {
	CURLU *parsed; /* NULL: nothing is kept here */
	int users;     /* calls: it stays as it is meanwhile */
	char text[TEXT_MAX + 1];
};

struct http_urls {
	struct http_url *places[PLACES];
};

struct http_urls *http_urls_new(void)
{
	return xcalloc(1, sizeof(struct http_urls));
}

void http_urls_free(struct http_urls *all)
{
	if (!all)
		return;
	for (size_t i = 0; i < PLACES; i++) {
		if (all->places[i])
			curl_url_cleanup(all->places[i]->parsed);
		free(all->places[i]);
	}
	free(all);
}

/* As libcurl would do it with CURLOPT_PATH_AS_IS. */
static int parse(struct http_url *u, struct span url)
{
	curl_url_cleanup(u->parsed);
	memcpy(u->text, url.p, url.n + 1);
	u->parsed = curl_url();
	if (u->parsed && curl_url_set(u->parsed, CURLUPART_URL, u->text,
				      CURLU_PATH_AS_IS) == CURLUE_OK)
		return 0;
	curl_url_cleanup(u->parsed);
	u->parsed = NULL;
	return -1;
}

struct http_url *http_urls_take(struct http_urls *all, const char *url)
{
	struct span s = span_of(url);
	struct http_url **place, *u;

	if (s.n > TEXT_MAX)
		return NULL;
	place = &all->places[fnv(FNV_START, s) % PLACES];
	if (!*place)
		*place = xcalloc(1, sizeof(**place));
	u = *place;
	if (!u->parsed || strcmp(u->text, url)) {
		if (u->users || parse(u, s))
			return NULL;
	}
	u->users++;
	return u;
}

void http_urls_give(struct http_url *u)
{
	if (u)
		u->users--;
}

CURLU *http_url_parsed(const struct http_url *u)
{
	return u->parsed;
}
