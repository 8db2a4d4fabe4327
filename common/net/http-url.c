/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "net/http-url.h"

#include "base/embed.h"
#include "base/host.h"

#include <curl/curl.h>

#include <string.h>

/* Scheme, host and port of a URL that was checked. */
static struct span origin_of(const char *url)
{
	const char *host = strstr(url, "://");
	struct span o = span_of(url);

	if (host) {
		host += 3;
		o.n = (size_t)(host - url) + strcspn(host, "/");
	}
	return o;
}

/* libcurl itself leaves HTTP_PROXY alone, which a CGI client could set. */
const char *http_proxy(const struct http_call *c)
{
	struct span host = origin_of(c->url);
	const char *scheme = strstr(c->url, "://");
	const struct embed *embed = embed_now();

	if (c->proxy || !scheme)
		return c->proxy;
	host.n -= (size_t)(scheme + 3 - host.p);
	host.p = scheme + 3;
	if (embed && !embed->environment)
		return "";
	return host_is_loopback(host_part(host)) ? "" : NULL;
}

static char *url_part(CURLU *u, CURLUPart what)
{
	char *s = NULL;

	return curl_url_get(u, what, &s, 0) == CURLUE_OK ? s : NULL;
}

int http_check_url(const char *url, bool *tls, bool *loopback, bool *has_path,
		   struct err *e)
{
	static const CURLUPart refused[] = {
		CURLUPART_USER,
		CURLUPART_PASSWORD,
		CURLUPART_QUERY,
		CURLUPART_FRAGMENT,
	};
	CURLU *u = curl_url();
	char *scheme = NULL, *host = NULL, *path = NULL;
	int rc = -1;

	if (curl_url_set(u, CURLUPART_URL, url, 0) ||
	    !(scheme = url_part(u, CURLUPART_SCHEME)) ||
	    !(host = url_part(u, CURLUPART_HOST)) ||
	    (strcmp(scheme, "https") && strcmp(scheme, "http"))) {
		err_set(e, ERR_CONFIG, "not an http or https URL: %.100s", url);
		goto out;
	}
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		char *part = url_part(u, refused[i]);

		curl_free(part);
		if (part) {
			err_set(e, ERR_CONFIG,
				"a base URL has no user, query "
				"or fragment");
			goto out;
		}
	}
	path = url_part(u, CURLUPART_PATH);
	*tls = strcmp(scheme, "https") == 0;
	*loopback = host_is_loopback(span_of(host));
	*has_path = path && strcmp(path, "/") != 0;
	rc = 0;
out:
	curl_free(scheme);
	curl_free(host);
	curl_free(path);
	curl_url_cleanup(u);
	return rc;
}
