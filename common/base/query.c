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

/* The byte that stands at *p, which goes on to its last character. */
static int decode(const char **p)
{
	const char *s = *p;

	if (*s == '+')
		return ' ';
	if (*s != '%' || hex(s[1]) < 0 || hex(s[2]) < 0)
		return *s;
	*p += 2;
	return hex(s[1]) * 16 + hex(s[2]);
}

bool query_fits(const char *query, size_t n)
{
	size_t used = 0;
	bool value = false;

	for (; *query; query++) {
		if (*query == '&') {
			value = false;
			used = 0;
		} else if (!value) {
			value = *query == '=';
		} else if (!decode(&query) || ++used >= n) {
			return false;
		}
	}
	return true;
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
		int c = decode(&query);

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
