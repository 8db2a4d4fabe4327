/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "fcgi/upstream.h"

#include "fcgi/passage.h"

#include <ctype.h>
#include <string.h>

#define PRODUCT "dario/" PACKAGE_VERSION
#define QUERY_MAX 1024
#define BETAS_MAX 4096
#define FIELDS_SPARE (BACKEND_FIELDS_MAX + 2) /* places for our own */

/* A client's query goes behind the URL when it can stand there as it is. */
static int put_query(struct buf *url, const char *query, struct err *e)
{
	if (!query || !*query)
		return 0;
	if (strlen(query) > QUERY_MAX)
		return err_set(e, ERR_BAD_REQUEST,
			       "the query string is "
			       "longer than %d bytes",
			       QUERY_MAX);
	if (!span_visible(span_of(query)) || strchr(query, '#'))
		return err_set(e, ERR_BAD_REQUEST,
			       "the query string has a character that must be "
			       "encoded");
	buf_byte(url, memchr(url->p, '?', url->n) ? '&' : '?');
	buf_str(url, query);
	return 0;
}

static void add(struct http_call *c, const char *field)
{
	c->headers[c->n_headers++] = field;
}

static void add_client_field(struct request *r, struct http_call *c,
			     const char *name, const char *value)
{
	struct span v = span_trim(span_of(value));

	for (size_t i = 0; i < v.n; i++)
		if ((unsigned char)v.p[i] < 0x20 || v.p[i] == 0x7f)
			return;
	if (v.n)
		add(c, arena_fmt(r->arena, "%s: %.*s", name, SPAN_FMT(v)));
}

static void add_beta(struct buf *list, const char *name)
{
	if (!name || span_listed(buf_get(list), span_of(name)))
		return;
	if (list->n)
		buf_byte(list, ',');
	buf_str(list, name);
}

/* The client's betas, and what the credential and the request need. */
static void add_betas(struct request *r, const struct outgoing *o,
		      const struct account *account, struct http_call *c)
{
	struct buf list;

	buf_init(&list, BETAS_MAX);
	if (!o->chat)
		buf_span(&list, span_trim(span_of(r->vars.anthropic_beta)));
	if (account && !account->api_key)
		add_beta(&list, ACCOUNT_BETA);
	add_beta(&list, o->betas);
	if (o->filled)
		template_betas(r->config->template, &list);
	if (list.n)
		add_client_field(r, c, "anthropic-beta", buf_cstr(&list));
	buf_release(&list);
}

static void add_versions(struct request *r, const struct outgoing *o,
			 const struct account *account, struct http_call *c)
{
	const char *version = o->chat ? NULL : r->vars.anthropic_version;

	add_client_field(r, c, "anthropic-version",
			 version ? version : "2023-06-01");
	add_betas(r, o, account, c);
}

/* --- a client that is passed on as it is --------------------------------- */

/* End-to-end fields of Anthropic's own clients, as CGI names them. An entry
 * that ends in an underscore stands for all that begin like it. */
static const char *const own_fields[] = {
	"X_APP",
	"X_STAINLESS_",
	"X_CLAUDE_CODE_",
	"ANTHROPIC_DANGEROUS_DIRECT_BROWSER_ACCESS",
};

static bool is_own(const char *name, size_t n)
{
	for (size_t i = 0; i < sizeof(own_fields) / sizeof(own_fields[0]);
	     i++) {
		size_t len = strlen(own_fields[i]);
		bool prefix = own_fields[i][len - 1] == '_';

		if ((prefix ? n > len : n == len) &&
		    strncmp(name, own_fields[i], len) == 0)
			return true;
	}
	return false;
}

static void add_own_fields(struct request *r, struct http_call *c)
{
	const struct span http = SPAN("HTTP_");

	for (size_t i = 0; i < r->gw->n_vars; i++) {
		const struct gateway_var *v = &r->gw->vars[i];
		struct span n = span_skip(v->name, http.n);
		char *name;

		if (!span_starts(v->name, http.p) || !is_own(n.p, n.n) ||
		    c->n_headers >= HTTP_HEADERS_MAX - FIELDS_SPARE)
			continue;
		name = memcpy(arena_take(r->arena, n.n + 1), n.p, n.n);
		for (char *p = name; *p; p++)
			*p = *p == '_' ? '-' : (char)tolower((unsigned char)*p);
		add_client_field(r, c, name, v->value);
	}
}

/* What is never shown: the credential, behind its name and scheme, and what a
 * backend's own fields hold of the kind. */
static void note_secrets(struct request *r, const struct backend *b,
			 const char *credential)
{
	static const char *const names[] = { "auth", "key", "token", "secret",
					     "cookie" };
	const char *value = strrchr(credential, ' ');

	if (value)
		mask_add(&r->secrets, span_of(value + 1));
	for (size_t i = 0; i < b->n_fields; i++) {
		const char *field = b->fields[i], *hit = NULL;

		for (size_t k = 0; k < sizeof(names) / sizeof(*names); k++)
			if (!hit)
				hit = strcasestr(field, names[k]);
		value = strrchr(field, ' ');
		if (value && hit && hit < strchr(field, ':'))
			mask_add(&r->secrets, span_of(value + 1));
	}
}

/* A field as CGI names it, if it came. */
static void add_var(struct request *r, struct http_call *c, const char *name)
{
	struct span http = SPAN("HTTP_");

	for (size_t i = 0; i < r->gw->n_vars; i++) {
		const struct gateway_var *v = &r->gw->vars[i];
		struct span n = span_skip(v->name, http.n);
		size_t k = 0;

		if (!span_starts(v->name, http.p))
			continue;
		while (k < n.n && name[k] &&
		       toupper((unsigned char)name[k]) ==
			       (n.p[k] == '_' ? '-' : n.p[k]))
			k++;
		if (k == n.n && !name[k])
			add_client_field(r, c, name, v->value);
	}
}

/* What a literal request and its body are understood by. */
static void add_literal_fields(struct request *r, struct http_call *c)
{
	static const char *const names[] = {
		"Accept",
		"Accept-Language",
		"Content-Disposition",
		"Content-Encoding",
		"Content-Language",
		"If-Match",
		"If-Modified-Since",
		"If-None-Match",
		"Range",
		"OpenAI-Beta",
		"Idempotency-Key",
	};
	const char *type = r->passage->type;

	/* An empty one keeps libcurl from saying that it is a form. */
	if (type)
		add_client_field(r, c, "Content-Type", type);
	else
		add(c, "Content-Type:");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!r->packed || strcmp(names[i], "Content-Encoding"))
			add_var(r, c, names[i]);
}

int upstream_call(struct request *r, const struct outgoing *o,
		  const struct account *account, struct http_call *c,
		  struct err *e)
{
	const struct settings *s = &r->config->settings;
	const struct backend *b = o->backend;
	const char *credential;
	struct buf text;
	int rc;

	memset(c, 0, sizeof(*c));
	buf_init(&text, 16384);
	if (r->passage && r->passage->to)
		backend_path_url(b, o->path, &text);
	else
		backend_url(b, o->dialect, o->path, &text);
	rc = o->chat ? 0 : put_query(&text, r->vars.query, e);
	c->method = r->passage ? r->vars.method : "POST";
	c->url = arena_str(r->arena, buf_get(&text));
	c->body = o->body;
	c->proxy = account && account->proxy ? account->proxy : b->proxy;
	c->ca_file = account && account->ca_file ? account->ca_file
						 : b->ca_file;
	c->connect_ms = b->connect_ms ? b->connect_ms : s->connect_ms;
	c->first_byte_ms = b->first_byte_ms ? b->first_byte_ms
					    : s->first_byte_ms;
	c->idle_ms = b->idle_ms ? b->idle_ms : s->idle_ms;
	if (r->passage)
		add_literal_fields(r, c);
	else
		add(c, "Content-Type: application/json");
	if (!r->passage)
		add(c, o->stream ? "Accept: text/event-stream"
				 : "Accept: application/json");
	buf_reset(&text);
	if (account && b->claude)
		account_credential(account, &text);
	else if (account)
		backend_key_credential(account->api_key, o->dialect, &text);
	else
		backend_credential(b, o->dialect, &text);
	credential = arena_str(r->arena, buf_get(&text));
	if (*credential)
		add(c, credential);
	buf_release(&text);
	note_secrets(r, b, credential);
	if (o->dialect == DIALECT_ANTHROPIC)
		add_versions(r, o, account, c);
	if (b->claude && r->vars.user_agent && outgoing_is_passed_on(o, r)) {
		add_client_field(r, c, "User-Agent",
				 arena_fmt(r->arena, "%.512s " PRODUCT,
					   r->vars.user_agent));
		add_own_fields(r, c);
	} else {
		add(c, "User-Agent: " PRODUCT);
	}
	for (size_t i = 0; i < b->n_fields; i++)
		add(c, b->fields[i]);
	return rc;
}
