/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "net/base-url.h"

#include "dialect/dialect.h"
#include "state/config/providers.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* --- what stands for a value --------------------------------------------- */

static int write_own(const char *word, size_t n, const char *meaning,
		     struct err *e)
{
	return err_set(e, ERR_USAGE,
		       "--base-url has %.*s in it: write %s in its place",
		       (int)(n < 60 ? n : 60), word,
		       meaning ? meaning : "your own value");
}

/* <name>, {name}, [name] and $name; an IPv6 address has brackets, too. */
static int check_marks(const char *url, const char *host, struct err *e)
{
	static const char open[] = "<{[", closed[] = ">}]";
	const char *p = host + (*host == '[' ? strcspn(host, "]") : 0);

	for (; *p; p++) {
		const char *kind = strchr(open, *p);
		size_t n = kind ? strcspn(p,
					  (char[]){ closed[kind - open], '\0' })
				: 0;

		if (kind)
			return write_own(p, n + (p[n] != '\0'), NULL, e);
		if (*p == '$' && isalpha((unsigned char)p[1]) &&
		    !memchr(url, '?', (size_t)(p - url)))
			return write_own(p, 1 + strcspn(p + 1, "./-:?"), NULL,
					 e);
	}
	return 0;
}

/* REGION, as share/providers.json and documents write it, YOUR_NAME. */
static int check_word(struct json_object *known, const char *p, size_t n,
		      struct err *e)
{
	char word[40];

	if (n >= sizeof(word))
		return 0;
	memcpy(word, p, n);
	word[n] = '\0';
	if (json_get(known, word) || strncmp(word, "YOUR", 4) == 0)
		return write_own(p, n, json_cstr(known, word), e);
	return 0;
}

/* your-name.provider.com: no such name is of a host by itself, but some domains
 * begin so. */
static bool is_yours(const char *host)
{
	size_t n = strcspn(host, ":/?");
	const char *dot = memchr(host, '.', n);

	return strncasecmp(host, "your", 4) == 0 &&
	       (host[4] == '-' || host[4] == '_') && dot &&
	       memchr(dot + 1, '.', n - (size_t)(dot + 1 - host));
}

static int check_words(const char *host, struct err *e)
{
	struct json_object *known = providers_placeholders(e);
	const char *end = host + strcspn(host, "?");
	size_t authority = strcspn(host, "/?");
	int rc = known ? 0 : -1;

	if (rc == 0 && is_yours(host))
		rc = write_own(host, strcspn(host, "."), NULL, e);
	for (const char *p = host; rc == 0 && p < end;) {
		bool path = p >= host + authority;
		size_t n = strcspn(p, path ? "/?" : ".-:/?");

		rc = check_word(known, p, n, e);
		p += n + 1;
	}
	json_object_put(known);
	return rc;
}

static int check_filled(const char *url, struct err *e)
{
	const char *host = strstr(url, "://");

	host = host ? host + 3 : url;
	return check_marks(url, host, e) || check_words(host, e) ? -1 : 0;
}

/* --- the path of an API --------------------------------------------------- */

/* Azure's own API for models has this path in front of the others. */
static bool is_azure_models(struct span url)
{
	return span_has(url, SPAN(".services.ai.azure.com"));
}

/* The path of an API at the end of a base URL, as documents show it; empty:
 * there is none. */
static struct span find_tail(struct span url)
{
	static const char *const tails[] = {
		"/messages/count_tokens",
		"/messages/batches",
		"/messages",
		"/chat/completions",
		"/completions",
		"/responses/compact",
		"/responses",
		"/models",
		"/embeddings",
		"/moderations",
		"/rerank",
		"/images/generations",
		"/images/edits",
		"/audio/speech",
		"/audio/transcriptions",
		"/audio/translations",
		"/files",
		"/batches",
	};

	const char *host = strstr(url.p, "://");
	struct span path = SPAN("");

	if (host)
		path = span_skip(url, (size_t)(host - url.p) + 3);
	path = span_skip(path, strcspn(path.p, "/?"));
	for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
		size_t n = strlen(tails[i]);
		struct span tail = span_skip(path, path.n > n ? path.n - n : 0);

		if (span_ieq(tail, tails[i]) &&
		    !(strcmp(tails[i], "/models") == 0 && is_azure_models(url)))
			return tail;
	}
	return SPAN("");
}

/* Google's own API has the model in its path. */
static struct span find_google_tail(struct span url)
{
	const char *models = memmem(url.p, url.n, "/models/", 8);
	struct span tail = SPAN("");

	if (models)
		tail = span_skip(url, (size_t)(models - url.p));
	return span_has(tail, SPAN(":generateContent")) ||
			       span_has(tail, SPAN(":streamGenerateContent"))
		     ? tail
		     : SPAN("");
}

static bool ends_in(struct span url, struct span with)
{
	return url.n >= with.n && span_eq(span_skip(url, url.n - with.n), with);
}

/* The API that has such a path and no other has, or that the provider keeps
 * apart by it; NULL: it can be any. */
static const char *api_of(struct span url, struct span tail)
{
	static const enum dialect_id own[] = { DIALECT_ANTHROPIC,
					       DIALECT_RESPONSES };

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
		const struct dialect *d = &dialects[own[i]];

		if (tail.n >= strlen(d->path) &&
		    strncasecmp(tail.p, d->path, strlen(d->path)) == 0)
			return d->name;
	}
	if (ends_in(url, SPAN("/anthropic")) ||
	    ends_in(url, SPAN("/anthropic/v1")))
		return dialects[DIALECT_ANTHROPIC].name;
	return NULL;
}

static struct span without_slashes(struct span url)
{
	while (url.n && url.p[url.n - 1] == '/')
		url.n--;
	return url;
}

int base_url_read(struct base_url *out, const char *given, struct err *e)
{
	struct span query = span_of(given);
	struct span url = span_cut(&query, '?');
	bool google = false;
	struct buf text = { .p = out->text,
			    .cap = BASE_URL_MAX,
			    .max = BASE_URL_MAX - 1 };

	if (strlen(given) >= BASE_URL_MAX)
		return err_set(e, ERR_USAGE,
			       "--base-url is longer than %d bytes",
			       BASE_URL_MAX);
	if (check_filled(given, e))
		return -1;
	url = without_slashes(url);
	out->tail = find_tail(url);
	if (!out->tail.n) {
		out->tail = find_google_tail(url);
		google = out->tail.n;
	}
	url = without_slashes((struct span){ url.p, url.n - out->tail.n });
	out->api = api_of(url, out->tail);
	/* That is said with each request, by who makes it. */
	if (google || (out->tail.n && span_is(query, "beta=true")))
		query.n = 0;
	buf_fmt(&text, "%.*s%s%.*s", SPAN_FMT(url), query.n ? "?" : "",
		SPAN_FMT(query));
	return 0;
}
