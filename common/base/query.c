/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/query.h"

#include <ctype.h>
#include <string.h>

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool query_get(const char *query, const char *key, char *out, size_t n)
{
	size_t len = strlen(key), used = 0;

	if (!query)
		return false;
	while (strncmp(query, key, len) || query[len] != '=') {
		query = strchr(query, '&');
		if (!query)
			return false;
		query++;
	}
	for (query += len + 1; *query && *query != '&'; query++) {
		int c = *query == '+' ? ' ' : *query;

		if (c == '%' && hex(query[1]) >= 0 && hex(query[2]) >= 0) {
			c = hex(query[1]) * 16 + hex(query[2]);
			query += 2;
		}
		if (!c || used + 1 >= n)
			return false;
		out[used++] = (char)c;
	}
	out[used] = '\0';
	return true;
}

bool query_decode(char *text)
{
	char *to = text;
	bool any = false;

	for (const char *p = text; *p; p++) {
		bool coded = *p == '%' && hex(p[1]) >= 0 && hex(p[2]) >= 0;
		int c = coded ? hex(p[1]) * 16 + hex(p[2]) : 0;

		*to++ = c ? (char)c : *p;
		p += c ? 2 : 0;
		any |= c;
	}
	*to = '\0';
	return any;
}
