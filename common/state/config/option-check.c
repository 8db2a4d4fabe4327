/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/config/option-check.h"

#include "base/host.h"
#include "state/shared/redis-url.h"

#include <string.h>

#define SHOWN 80 /* bytes of what is quoted */

#define QUOTED(s) (int)((s).n < SHOWN ? (s).n : SHOWN), (s).p

/* What a browser sends for its own pages, or for an app that is made of it;
 * of any other scheme it sends "null". */
static const char *const schemes[] = {
	"http",
	"https",
	"chrome-extension",
	"moz-extension",
	"safari-web-extension",
	"app",
	"capacitor",
	"tauri",
	"vscode-webview",
};

static bool has_scheme(const struct origin *o)
{
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		if (span_ieq(o->scheme, schemes[i]))
			return true;
	return false;
}

/* The text up to the path, if that is an origin. */
static bool without_path(struct span item, struct span *out)
{
	const char *host = item.n ? memmem(item.p, item.n, "://", 3) : NULL;
	const char *slash;
	struct origin o;

	if (!host)
		return false;
	host += 3;
	slash = memchr(host, '/', (size_t)(item.p + item.n - host));
	if (!slash)
		return false;
	*out = (struct span){ item.p, (size_t)(slash - item.p) };
	return origin_parse(*out, &o) && has_scheme(&o);
}

static int check_origin(struct span item, const char *where, struct err *e)
{
	struct span host, front;
	struct origin o;
	long port;

	if (origin_parse(item, &o) && has_scheme(&o))
		return 0;
	if (span_is(item, "*") || span_is(item, "null"))
		return err_set(e, ERR_CONFIG,
			       "%s: \"%.*s\" would let every page in: name the "
			       "origins, such as https://app.example",
			       where, QUOTED(item));
	if (host_parse(item, &host, &port))
		return err_set(e, ERR_CONFIG,
			       "%s: \"%.*s\" has no scheme: write "
			       "https://%.*s or http://%.*s",
			       where, QUOTED(item), QUOTED(item), QUOTED(item));
	if (without_path(item, &front))
		return err_set(e, ERR_CONFIG,
			       "%s: \"%.*s\" has a path, which no origin has: "
			       "write %.*s",
			       where, QUOTED(item), QUOTED(front));
	return err_set(e, ERR_CONFIG,
		       "%s: \"%.*s\" is not a web origin: write "
		       "https://HOST or https://HOST:PORT, and commas between "
		       "several",
		       where, QUOTED(item));
}

/* Every item, with the empty one behind a comma at the end. */
static int check_list(const char *text, const char *where,
		      int (*check)(struct span, const char *, struct err *),
		      struct err *e)
{
	const char *end = text + strlen(text);
	struct span list = span_of(text), item;
	bool more = list.n;

	while (more) {
		item = span_cut(&list, ',');
		more = item.p + item.n < end;
		if (check(span_trim(item), where, e))
			return -1;
	}
	return 0;
}

int option_check_origins(const char *text, const char *where, struct err *e)
{
	return check_list(text, where, check_origin, e);
}

/* An IPv6 address may come without its brackets here. */
static bool is_host(struct span item)
{
	struct span host;
	char text[64];
	long port;

	if (host_parse(item, &host, &port))
		return !port;
	if (item.n > sizeof(text) - 2)
		return false;
	text[0] = '[';
	memcpy(text + 1, item.p, item.n);
	text[item.n + 1] = ']';
	return host_parse((struct span){ text, item.n + 2 }, &host, &port);
}

static int check_host(struct span item, const char *where, struct err *e)
{
	struct span host;
	struct origin o;
	long port;

	if (is_host(item) ||
	    (span_starts(item, "*.") && is_host(span_skip(item, 2))))
		return 0;
	if (item.n && memchr(item.p, '*', item.n))
		return err_set(e, ERR_CONFIG,
			       "%s: \"%.*s\": a * stands in front alone, and "
			       "never for all names: write my.box, or *.my.box "
			       "for the names below it",
			       where, QUOTED(item));
	if (origin_parse(item, &o))
		host = o.host;
	else if (!host_parse(item, &host, &port))
		return err_set(e, ERR_CONFIG,
			       "%s: \"%.*s\" is not a host name: write names "
			       "such as my.box or *.my.box, and commas or "
			       "blanks between several",
			       where, QUOTED(item));
	return err_set(e, ERR_CONFIG,
		       "%s: \"%.*s\" is more than a host name: write %.*s",
		       where, QUOTED(item), QUOTED(host));
}

/* Blanks separate names as well. */
static int check_hosts(struct span item, const char *where, struct err *e)
{
	do {
		size_t n = 0;

		while (n < item.n && item.p[n] != ' ' && item.p[n] != '\t')
			n++;
		if (check_host((struct span){ item.p, n }, where, e))
			return -1;
		item = span_trim(span_skip(item, n));
	} while (item.n);
	return 0;
}

int option_check_hosts(const char *text, const char *where, struct err *e)
{
	return check_list(text, where, check_hosts, e);
}

int option_check_url(const char *text, const char *where, struct err *e)
{
	struct span rest = span_of(text), host;
	bool plain = span_starts(rest, "http://");
	long port;

	if (!rest.n)
		return 0;
	if (!plain && !span_starts(rest, "https://"))
		return err_set(e, ERR_CONFIG,
			       "%s must begin with https://, not \"%.40s\"",
			       where, text);
	rest = span_skip(rest, plain ? 7 : 8);
	if (!host_parse(span_cut(&rest, '/'), &host, &port) ||
	    !span_visible(rest) || strpbrk(text, "?#"))
		return err_set(e, ERR_CONFIG,
			       "%s must be a URL without user, query and "
			       "fragment, not \"%.40s\"",
			       where, text);
	if (plain && !host_is_loopback(host))
		return err_set(e, ERR_CONFIG,
			       "%s: use https: plain http is for this machine "
			       "alone",
			       where);
	return 0;
}

int option_check_store(const char *text, const char *where, struct err *e)
{
	struct redis_url unused;

	if (*text && redis_url_read(&unused, text, e))
		return err_add(e, where);
	return 0;
}
