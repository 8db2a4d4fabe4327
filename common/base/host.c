/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/host.h"

#include <arpa/inet.h>

#include <string.h>

static bool ends_with(struct span s, const char *tail)
{
	size_t n = strlen(tail);

	return s.n > n && span_ieq((struct span){ s.p + s.n - n, n }, tail);
}

bool host_is_loopback(struct span host)
{
	unsigned char v4[4];
	char text[INET_ADDRSTRLEN];

	if (span_ieq(host, "localhost") || ends_with(host, ".localhost") ||
	    span_is(host, "::1") || span_is(host, "[::1]"))
		return true;
	if (host.n >= sizeof(text))
		return false;
	memcpy(text, host.p, host.n);
	text[host.n] = '\0';
	return inet_pton(AF_INET, text, v4) == 1 && v4[0] == 127;
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
