/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/shared/redis-url.h"

#include "base/port.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#define PORT 6379
#define SENTINEL_PORT 26379
#define DB_MAX 65535

#ifdef HAVE_HIREDIS_SSL
static const bool have_tls = true;
#else
static const bool have_tls = false;
#endif

static int bad(struct err *e, const char *what)
{
	return err_set(e, ERR_CONFIG,
		       "store: %s: it is redis://HOST:PORT/DB, "
		       "redis+sentinel://HOST:PORT,.../MASTER/DB or unix:PATH",
		       what);
}

static bool copy(char *out, size_t n, struct span s)
{
	if (s.n >= n || (s.n && memchr(s.p, '\0', s.n)))
		return false;
	memcpy(out, s.n ? s.p : "", s.n);
	out[s.n] = '\0';
	return true;
}

static int hex(char c)
{
	if (!isxdigit((unsigned char)c))
		return -1;
	return isdigit((unsigned char)c) ? c - '0'
					 : tolower((unsigned char)c) - 'a' + 10;
}

/* Percent-encoding undone. */
static bool decode(char *out, size_t n, struct span s)
{
	size_t k = 0;

	for (size_t i = 0; i < s.n; i++, k++) {
		char c = s.p[i];

		if (k + 1 >= n)
			return false;
		if (c == '%') {
			int hi = i + 2 < s.n ? hex(s.p[i + 1]) : -1;
			int lo = hi < 0 ? -1 : hex(s.p[i + 2]);

			if (lo < 0 || (!hi && !lo))
				return false;
			c = (char)(hi * 16 + lo);
			i += 2;
		}
		out[k] = c;
	}
	out[k] = '\0';
	return true;
}

static bool number(struct span s, long max, long *out)
{
	long v = 0;

	if (!s.n || s.n > 5)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (!isdigit((unsigned char)s.p[i]))
			return false;
		v = v * 10 + s.p[i] - '0';
	}
	*out = v;
	return v <= max;
}

static bool read_host(struct redis_url *u, struct span s, int preset)
{
	struct redis_host *h = &u->hosts[u->n_hosts];
	struct span name;
	long port = preset;

	if (u->n_hosts == REDIS_HOSTS_MAX)
		return false;
	if (span_starts(s, "[")) { /* IPv6 */
		s = span_skip(s, 1);
		if (!memchr(s.p, ']', s.n))
			return false;
		name = span_cut(&s, ']');
		if (s.n && s.p[0] != ':')
			return false;
		s = span_skip(s, s.n ? 1 : 0);
	} else {
		name = span_cut(&s, ':');
	}
	if (!name.n || !span_visible(name) || !copy(h->name, 256, name) ||
	    (s.n && (!number(s, 65535, &port) || !port)))
		return false;
	h->port = (int)port;
	u->n_hosts++;
	return true;
}

/* The last "@" ends it: a password may hold another. */
static int read_login(struct redis_url *u, struct span *rest, struct err *e)
{
	struct span place = { rest->p, 0 }, login, user;
	const char *at;

	while (place.n < rest->n && rest->p[place.n] != '/')
		place.n++;
	at = memrchr(place.p, '@', place.n);
	if (!at)
		return 0;
	login = (struct span){ place.p, (size_t)(at - place.p) };
	*rest = span_skip(*rest, login.n + 1);
	if (!memchr(login.p, ':', login.n))
		return bad(e, "a user without a password, which stands "
			      "behind a colon");
	user = span_cut(&login, ':');
	if (!decode(u->user, sizeof(u->user), user) ||
	    !decode(u->password, sizeof(u->password), login))
		return bad(e, "its user or password cannot be read");
	return 0;
}

static int read_net(struct redis_url *u, struct span rest, bool sentinel,
		    struct err *e)
{
	struct span hosts;

	if (read_login(u, &rest, e))
		return -1;
	hosts = span_cut(&rest, '/');
	while (hosts.n) {
		struct span one = span_cut(&hosts, ',');

		if (!read_host(u, one, sentinel ? SENTINEL_PORT : PORT))
			return bad(e, "its host cannot be read");
	}
	if (!u->n_hosts || (u->n_hosts > 1 && !sentinel))
		return bad(e, sentinel ? "a host is missing"
				       : "it must name one host");
	if (sentinel) {
		struct span master = span_cut(&rest, '/');

		if (!master.n || !copy(u->master, 64, master))
			return bad(e, "the master's name is missing");
	}
	if (rest.n && !number(rest, DB_MAX, &u->db))
		return bad(e, "its database must be a number");
	return 0;
}

/* Of a socket, which has no place for them before it. */
static bool read_detail(struct redis_url *u, struct span s)
{
	struct span name = span_cut(&s, '=');

	if (span_is(name, "db"))
		return number(s, DB_MAX, &u->db);
	return span_is(name, "user") && s.n &&
	       decode(u->user, sizeof(u->user), s);
}

static int read_unix(struct redis_url *u, struct span rest, struct err *e)
{
	struct span path = span_cut(&rest, '?');

	if (span_starts(path, "//"))
		path = span_skip(path, 2);
	if (!span_starts(path, "/") || !copy(u->path, sizeof(u->path), path))
		return bad(e, "the path of its socket must begin with / and "
			      "be no longer than 107 bytes");
	while (rest.n)
		if (!read_detail(u, span_cut(&rest, '&')))
			return bad(e, "behind ? stands db=N or user=NAME");
	return 0;
}

int redis_url_read(struct redis_url *u, const char *text, struct err *e)
{
	struct span s = span_of(text);

	memset(u, 0, sizeof(*u));
	if (span_starts(s, "unix:"))
		return read_unix(u, span_skip(s, 5), e);
	u->tls = span_starts(s, "rediss");
	if (u->tls && !have_tls)
		return err_set(e, ERR_CONFIG,
			       "store: rediss:// needs hiredis 1.0 or later "
			       "with TLS, which this dario was not built with: "
			       "let stunnel carry it, and name redis:// on "
			       "loopback (see doc/store.md)");
	s = span_skip(s, u->tls ? 6 : span_starts(s, "redis") ? 5 : 0);
	if (span_starts(s, "://"))
		return read_net(u, span_skip(s, 3), false, e);
	if (span_starts(s, "+sentinel://"))
		return read_net(u, span_skip(s, 12), true, e);
	return bad(e, "it cannot be read");
}

/* Where the login ends, or NULL; *begin: where it begins. */
static const char *login_of(const char *text, const char **begin)
{
	const char *from = strstr(text, "://");

	*begin = from ? from + 3 : text;
	return from ? memrchr(*begin, '@', strcspn(*begin, "/")) : NULL;
}

bool redis_url_has_password(const char *text)
{
	const char *begin, *at = login_of(text, &begin), *colon;

	if (!at)
		return false;
	colon = memchr(begin, ':', (size_t)(at - begin));
	return !colon || colon + 1 < at;
}

void redis_url_show(const char *text, struct buf *out)
{
	const char *begin, *at = login_of(text, &begin);

	if (!redis_url_has_password(text))
		at = NULL;
	if (at) {
		buf_add(out, text, (size_t)(begin - text));
		buf_str(out, "***");
	}
	buf_str(out, at ? at : text);
}
