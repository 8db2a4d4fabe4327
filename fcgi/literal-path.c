/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "fcgi/literal-path.h"

#include <string.h>
#include <strings.h>

#define ROUNDS 4 /* a path may be encoded so often, less one */

static int hex(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *hit = c ? strchr(digits, c >= 'A' ? c | 0x20 : c) : NULL;

	return hit ? (int)(hit - digits) : -1;
}

/* Once decoded, in place; true when anything was. */
static bool decode(char *p)
{
	char *to = p;
	bool any = false;

	while (*p) {
		int high = *p == '%' ? hex(p[1]) : -1;
		int low = high >= 0 ? hex(p[2]) : -1;

		if (low < 0) {
			*to++ = *p++;
			continue;
		}
		any = true;
		/* A NUL would end what is looked at: any control will do. */
		*to = (char)(high * 16 + low);
		*to += !*to;
		to++;
		p += 3;
	}
	*to = '\0';
	return any;
}

/* "." or "..", also with parameters behind it: some servers cut them off. */
static bool is_dots(const char *s, size_t n)
{
	const char *semicolon = memchr(s, ';', n);

	if (semicolon)
		n = (size_t)(semicolon - s);
	return (n == 1 && *s == '.') || (n == 2 && !memcmp(s, "..", 2));
}

static bool is_hostile(const char *p)
{
	for (const char *c = p; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f || *c == '\\')
			return true;
	while (*p) {
		size_t n = strcspn(p, "/");

		if (is_dots(p, n))
			return true;
		p += n + (p[n] == '/');
	}
	return false;
}

/* However often somebody on the way decodes it. */
static bool climbs(const struct request *r, const char *path)
{
	char *p = arena_take(r->arena, strlen(path) + 1);

	memcpy(p, path, strlen(path));
	for (int i = 0; i < ROUNDS; i++) {
		if (is_hostile(p))
			return true;
		if (!decode(p))
			return false;
	}
	return true;
}

/* Equal, but for slashes that stand in for one? */
static bool same_path(const char *a, const char *b)
{
	for (;; a++, b++) {
		while (a[0] == '/' && a[1] == '/')
			a++;
		while (b[0] == '/' && b[1] == '/')
			b++;
		if (*a != *b)
			return false;
		if (!*a)
			return true;
	}
}

/* A path as the web server has decoded it. */
static const char *encoded(const struct request *r, const char *path)
{
	static const char kept[] = "-._~!$&'()*+,;=:@/";
	struct buf out;
	const char *text;

	buf_init(&out, 3 * strlen(path));
	for (; *path; path++) {
		unsigned char c = (unsigned char)*path;
		bool plain = (c | 0x20) >= 'a' ? (c | 0x20) <= 'z'
					       : c >= '0' && c <= '9';

		if ((c < 0x80 && plain) || strchr(kept, c))
			buf_byte(&out, (char)c);
		else
			buf_fmt(&out, "%%%02X", c);
	}
	text = arena_str(r->arena, buf_get(&out));
	buf_release(&out);
	return text;
}

/* REQUEST_URI without the host that a proxy's client puts before it. */
static const char *without_host(const char *uri)
{
	const char *host = strstr(uri, "://");
	const char *slash = strchr(uri, '/');

	if (*uri == '/' || !host || slash < host)
		return uri;
	return host + 3 + strcspn(host + 3, "/?");
}

/* What stands in the URI for the path below the prefix; NULL: that cannot be
 * told. */
static const char *below_prefix(const struct request *r)
{
	const char *uri = r->vars.uri ? without_host(r->vars.uri) : "";
	const char *script = r->vars.script_name ? r->vars.script_name : "";
	const char *info = r->vars.path_info ? r->vars.path_info : "";
	const char *all = arena_fmt(r->arena, "%s%s", script, info);
	size_t n = strlen(all), below = strlen(r->asked_path);
	char *plain;

	if (*uri != '/' || below > n || strcmp(all + n - below, r->asked_path))
		return NULL;
	n -= below;
	if (strncmp(uri, all, n) || (n && uri[n] != '/'))
		return NULL;
	uri = arena_str(r->arena,
			(struct span){ uri + n, strcspn(uri + n, "?") });
	plain = arena_take(r->arena, strlen(uri) + 1);
	memcpy(plain, uri, strlen(uri));
	decode(plain);
	return same_path(plain, r->asked_path) ? uri : "";
}

static const char *checked(const struct request *r, const char *path,
			   struct err *e)
{
	if (*path && span_visible(span_of(path)) && !strchr(path, '#') &&
	    !climbs(r, path))
		return path;
	err_set(e, ERR_BAD_REQUEST,
		"the path can be read in more than one way: write it without "
		"\".\" and \"..\", backslashes and characters that must be "
		"encoded");
	return NULL;
}

const char *literal_path_of(const struct request *r, const char *text,
			    struct err *e)
{
	return checked(r, encoded(r, text), e);
}

const char *literal_path(const struct request *r, struct err *e)
{
	const char *path = below_prefix(r);

	return path ? checked(r, path, e)
		    : literal_path_of(r, r->asked_path, e);
}
