/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "fcgi/client-fields.h"

#include "base/fields.h"
#include "base/query.h"
#include "fcgi/guard.h"

#include <ctype.h>
#include <string.h>

#define KEY_MIN 8 /* bytes: what is shorter stands in many a value */
#define QUERY_MAX 1024
#define ROUNDS 4 /* a query may be encoded so often */

struct copy {
	struct request *r;
	struct http_call *c;
	const struct backend *backend;
	bool translated;
	bool versions;       /* Anthropic's are made anew */
	struct span keys[2]; /* of this router, as the client has sent them */
	struct span named;   /* by Connection: of this hop only */
	size_t first;        /* of c->headers that is the client's */
	uint64_t seen;       /* of names, a bit for each that may be equal */
	size_t n, bytes;
	struct span names[CLIENT_FIELDS_MAX];
};

/* -1: it has control characters. A tab is a blank. */
static int check_value(struct span v)
{
	for (size_t i = 0; i < v.n; i++)
		if (((unsigned char)v.p[i] < 0x20 && v.p[i] != '\t') ||
		    v.p[i] == 0x7f)
			return -1;
	return 0;
}

/* Without printf: this is done for each field of each request. */
static const char *joined(struct request *r, struct span a, struct span b,
			  struct span c)
{
	char *out = arena_take(r->arena, a.n + b.n + c.n + 1);

	memcpy(out, a.p, a.n);
	memcpy(out + a.n, b.p, b.n);
	memcpy(out + a.n + b.n, c.p, c.n);
	return out;
}

void client_field(struct request *r, struct http_call *c, struct span name,
		  const char *value)
{
	struct span v = span_trim(span_of(value));

	if (v.n && check_value(v) == 0)
		c->headers[c->n_headers++] = joined(r, name, SPAN(": "), v);
}

static bool goes_along(const struct copy *k, struct span name)
{
	const struct backend *b = k->backend;
	unsigned ways = field_ways(name);

	if (ways & FIELD_STAYS_UP || (ways & FIELD_MADE && k->versions))
		return false;
	if (k->translated && !(ways & FIELD_NEUTRAL) &&
	    !backend_lists(b->forward, b->n_forward, name))
		return false;
	if (k->named.n && field_named(k->named, name))
		return false;
	return !backend_lists(b->fields, b->n_fields, name); /* its own count */
}

/* The whole field, its name as CGI has it and in the form that is usual in
 * HTTP; NULL: that is none. For libcurl a name with a colon and nothing else is
 * one to leave out. */
static const char *usual(struct request *r, struct span name, struct span value)
{
	const char *out = joined(r, name, value.n ? SPAN(": ") : SPAN(";"),
				 value);

	for (char *p = (char *)out; p < out + name.n; p++) {
		if (*p != '_' && !isalnum((unsigned char)*p))
			return NULL;
		*p = *p == '_' ? '-' : (char)tolower((unsigned char)*p);
	}
	return out;
}

/* The one of this name that is there already, or NULL. */
static const char **same(struct copy *k, struct span name)
{
	uint64_t bit = 1ull << ((name.n + (unsigned char)name.p[name.n - 1] +
				 (unsigned char)name.p[name.n / 2] * 5u) %
				64);
	size_t have = k->c->n_headers - k->first;

	for (size_t i = 0; k->seen & bit && i < have; i++)
		if (span_eq(k->names[i], name))
			return &k->c->headers[k->first + i];
	k->seen |= bit;
	return NULL;
}

static void put(struct copy *k, struct span name, struct span value)
{
	const char **there = same(k, name);
	const char *text;

	if (there && !value.n) /* an empty one adds nothing */
		return;
	if (there) { /* RFC 9110, 5.3 */
		bool was_empty = !strchr(*there, ':');

		*there = was_empty ? usual(k->r, name, value)
				   : joined(k->r, span_of(*there), SPAN(", "),
					    value);
		return;
	}
	text = usual(k->r, name, value);
	if (!text)
		return;
	k->names[k->c->n_headers - k->first] = name;
	k->c->headers[k->c->n_headers++] = text;
}

/* Some clients send their key in a field of their own, too. */
static bool has_key(const struct copy *k, struct span value)
{
	for (size_t i = 0; i < 2; i++) {
		struct span key = k->keys[i];

		if (key.n >= KEY_MIN && value.n >= key.n &&
		    memmem(value.p, value.n, key.p, key.n))
			return true;
	}
	return false;
}

static int too_many(struct err *e)
{
	return err_set(e, ERR_BAD_REQUEST,
		       "the request's header fields are more than %d, or "
		       "larger than %u KiB: leave some out",
		       CLIENT_FIELDS_MAX, CLIENT_FIELDS_BYTES_MAX >> 10);
}

int client_fields(struct request *r, const struct outgoing *o,
		  struct http_call *c, struct err *e)
{
	const struct span http = SPAN("HTTP_");
	struct copy k;

	k.r = r;
	k.c = c;
	k.backend = o->backend;
	k.translated = o->chat;
	k.versions = o->dialect == DIALECT_ANTHROPIC;
	k.named = span_of(r->vars.connection);
	guard_keys(r, k.keys);
	k.first = c->n_headers;
	k.seen = 0;
	k.n = k.bytes = 0;
	for (size_t i = 0; i < r->gw->n_vars; i++) {
		const struct gateway_var *v = &r->gw->vars[i];
		struct span name, value;

		if (v->name.n <= http.n || memcmp(v->name.p, http.p, http.n))
			continue;
		name = (struct span){ v->name.p + http.n, v->name.n - http.n };
		if (!goes_along(&k, name))
			continue;
		value = span_trim(span_of(v->value));
		k.bytes += name.n + value.n;
		if (++k.n > CLIENT_FIELDS_MAX ||
		    k.bytes > CLIENT_FIELDS_BYTES_MAX)
			return too_many(e);
		if (check_value(value) == 0 && !has_key(&k, value))
			put(&k, name, value);
	}
	return 0;
}

/* --- the query ------------------------------------------------------------ */

static bool is_key(struct span key, struct span member, struct span value)
{
	if (key.n >= KEY_MIN)
		return span_has(member, key);
	return key.n && span_eq(key, value);
}

/* Clients of some APIs have their key there: ?key=... */
static bool member_has_key(struct request *r, struct span member)
{
	const struct settings *s = &r->config->settings;
	char *text = (char *)arena_str(r->arena, member);
	struct span keys[3] = { { 0 }, { 0 }, span_of(s->api_key) };

	guard_keys(r, keys);
	for (int i = 0; i < ROUNDS; i++) {
		struct span all = span_of(text), value = all;

		span_cut(&value, '=');
		for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]); k++)
			if (is_key(keys[k], all, value))
				return true;
		if (r->config->keys.any && value.n &&
		    keys_find(&r->config->keys, value))
			return true;
		if (!query_decode(text))
			return false;
	}
	return false;
}

/* Without those that have one; byte for byte when none has. */
static void put_members(struct request *r, struct span query, struct buf *url)
{
	bool begun = memchr(url->p, '?', url->n), cut = false;
	struct buf kept;

	buf_init(&kept, QUERY_MAX + 1);
	for (struct span rest = query; rest.n;) {
		struct span member = span_cut(&rest, '&');

		if (member_has_key(r, member)) {
			cut = true;
			continue;
		}
		if (kept.n)
			buf_byte(&kept, '&');
		buf_span(&kept, member);
	}
	if (cut)
		query = buf_get(&kept);
	if (query.n)
		buf_byte(url, begun ? '&' : '?');
	buf_span(url, query);
	buf_release(&kept);
}

int client_query(struct request *r, struct buf *url, struct err *e)
{
	struct span query = span_of(r->vars.query);

	if (query.n > QUERY_MAX)
		return err_set(e, ERR_BAD_REQUEST,
			       "the query string is longer than %d bytes",
			       QUERY_MAX);
	if (query.n && (!span_visible(query) || span_has(query, SPAN("#"))))
		return err_set(e, ERR_BAD_REQUEST,
			       "the query string has a character that must be "
			       "encoded");
	if (query.n)
		put_members(r, query, url);
	return 0;
}
