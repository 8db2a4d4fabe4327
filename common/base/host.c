/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/host.h"

#include <arpa/inet.h>

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define PORT_DIGITS 5
#define PORT_MAX 65535

static bool ends_with(struct span s, const char *tail)
{
	size_t n = strlen(tail);

	return s.n > n && span_ieq((struct span){ s.p + s.n - n, n }, tail);
}

/* With or without brackets; false when it is no address. */
static bool parse_v6(struct span s, struct in6_addr *out)
{
	char text[INET6_ADDRSTRLEN];

	if (s.n > 2 && s.p[0] == '[' && s.p[s.n - 1] == ']')
		s = (struct span){ s.p + 1, s.n - 2 };
	if (s.n >= sizeof(text))
		return false;
	memcpy(text, s.p, s.n);
	text[s.n] = '\0';
	return inet_pton(AF_INET6, text, out) == 1;
}

static bool is_v6_loopback(struct span host)
{
	struct in6_addr v6;

	return parse_v6(host, &v6) && IN6_IS_ADDR_LOOPBACK(&v6);
}

bool host_is_loopback(struct span host)
{
	unsigned char v4[4];
	char text[INET_ADDRSTRLEN];

	if (span_ieq(host, "localhost") || ends_with(host, ".localhost") ||
	    (memchr(host.p, ':', host.n) && is_v6_loopback(host)))
		return true;
	if (host.n >= sizeof(text) || !host.n || *host.p != '1')
		return false;
	memcpy(text, host.p, host.n);
	text[host.n] = '\0';
	return inet_pton(AF_INET, text, v4) == 1 && v4[0] == 127;
}

bool host_listed(struct span host, const char *names)
{
	while (*names) {
		size_t n = strcspn(names, HOST_SEPARATORS);
		struct span one = { names, n };

		if (n > 2 && span_starts(one, "*.") && host.n >= n &&
		    strncasecmp(host.p + host.n - (n - 1), names + 1, n - 1) ==
			    0)
			return true;
		if (n && n == host.n && strncasecmp(names, host.p, n) == 0)
			return true;
		names += n + (names[n] != '\0');
	}
	return false;
}

struct span host_part(struct span host)
{
	const char *end = host.n && host.p[0] == '['
				? memchr(host.p, ']', host.n)
				: memchr(host.p, ':', host.n);

	if (end)
		host.n = (size_t)(end - host.p) + (host.p[0] == '[' ? 1 : 0);
	return host;
}

/* Labels with a full stop between them; an IPv4 address is such a name. */
static bool good_name(struct span s)
{
	char last = '.';

	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (!isalnum((unsigned char)c) && !(c && strchr("-_.", c)))
			return false;
		if (c == '.' && last == '.')
			return false;
		last = c;
	}
	return last != '.';
}

static bool good_host(struct span s)
{
	struct in6_addr unused;

	if (s.n && s.p[0] == '[')
		return s.p[s.n - 1] == ']' && parse_v6(s, &unused);
	return good_name(s);
}

static bool parse_port(struct span s, long *out)
{
	long port = 0;

	if (!s.n || s.n > PORT_DIGITS || s.p[0] == '0')
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (!isdigit((unsigned char)s.p[i]))
			return false;
		port = port * 10 + (s.p[i] - '0');
	}
	*out = port;
	return port <= PORT_MAX;
}

bool host_parse(struct span text, struct span *host, long *port)
{
	struct span name = host_part(text), rest = span_skip(text, name.n);

	*host = name;
	*port = 0;
	if (!good_host(name))
		return false;
	return !rest.n ||
	       (rest.p[0] == ':' && parse_port(span_skip(rest, 1), port));
}

static bool good_scheme(struct span s)
{
	if (!s.n || !isalpha((unsigned char)s.p[0]))
		return false;
	for (size_t i = 1; i < s.n; i++)
		if (!isalnum((unsigned char)s.p[i]) &&
		    !(s.p[i] && strchr("+-.", s.p[i])))
			return false;
	return true;
}

bool origin_parse(struct span text, struct origin *out)
{
	const char *sep = text.n ? memmem(text.p, text.n, "://", 3) : NULL;

	if (!sep)
		return false;
	out->scheme = (struct span){ text.p, (size_t)(sep - text.p) };
	if (!good_scheme(out->scheme) ||
	    !host_parse(span_skip(text, out->scheme.n + 3), &out->host,
			&out->port))
		return false;
	if (!out->port && span_ieq(out->scheme, "http"))
		out->port = 80;
	if (!out->port && span_ieq(out->scheme, "https"))
		out->port = 443;
	return true;
}

static bool same(struct span a, struct span b)
{
	return a.n == b.n && strncasecmp(a.p, b.p, a.n) == 0;
}

bool origin_same(const struct origin *a, const struct origin *b)
{
	return same(a->scheme, b->scheme) && same(a->host, b->host) &&
	       a->port == b->port;
}

bool origin_is_web(const struct origin *o)
{
	return span_ieq(o->scheme, "http") || span_ieq(o->scheme, "https");
}
