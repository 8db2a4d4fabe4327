/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "fcgi/upstream.h"

#include "fcgi/client-fields.h"
#include "fcgi/passage.h"

#include <string.h>

#define PRODUCT "dario/" PACKAGE_VERSION
#define BETAS_MAX (32u << 10)
#define AGENT_MAX 512

/* Does the backend's file say the field? */
static bool has(const struct backend *b, struct span name)
{
	return backend_lists(b->fields, b->n_fields, name);
}

static void add(struct http_call *c, const char *field)
{
	c->headers[c->n_headers++] = field;
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
static int add_betas(struct request *r, const struct outgoing *o,
		     const struct account *account, struct http_call *c,
		     struct err *e)
{
	struct buf list;
	int rc = 0;

	buf_init(&list, BETAS_MAX);
	if (!o->chat)
		buf_span(&list, span_trim(span_of(r->vars.anthropic_beta)));
	if (account && !account->api_key)
		add_beta(&list, ACCOUNT_BETA);
	add_beta(&list, o->betas);
	if (o->filled)
		template_betas(r->config->template, &list);
	if (list.full) /* without a few of them it would be another request */
		rc = err_full(e, &list, ERR_BAD_REQUEST,
			      "anthropic-beta is larger than %u KiB: leave "
			      "some out",
			      BETAS_MAX >> 10);
	else if (list.n)
		client_field(r, c, SPAN("anthropic-beta"), buf_cstr(&list));
	buf_release(&list);
	return rc;
}

static int add_versions(struct request *r, const struct outgoing *o,
			const struct account *account, struct http_call *c,
			struct err *e)
{
	const char *version = o->chat ? NULL : r->vars.anthropic_version;

	if (!has(o->backend, SPAN("anthropic-version")))
		client_field(r, c, SPAN("anthropic-version"),
			     version ? version : "2023-06-01");
	return add_betas(r, o, account, c, e);
}

/* What is never shown: the key, and what a backend's own fields hold of the
 * kind. */
static void note_secrets(struct request *r, const struct backend *b,
			 const char *key, const char *credential)
{
	static const char *const names[] = { "auth", "key", "token", "secret",
					     "cookie" };
	const char *value = strrchr(credential, ' ');

	if (value)
		mask_add(&r->secrets, span_of(value + 1));
	if (value && key && strcmp(value + 1, key)) /* there is more to it */
		mask_add(&r->secrets, span_of(key));
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

/* `text` is for use. */
static int add_credential(struct request *r, const struct outgoing *o,
			  const struct account *account, struct http_call *c,
			  struct buf *text, struct err *e)
{
	const struct backend *b = o->backend;
	const char *credential;
	int rc = 0;

	buf_reset(text);
	if (account && account->api_key)
		buf_str(text, account->api_key);
	else if (!account)
		rc = backend_key(b, snapshot_home(r->app->config), text, e);
	r->sent_key = text->n ? arena_str(r->arena, buf_get(text)) : NULL;
	buf_reset(text);
	if (account && b->claude)
		account_credential(account, text);
	else
		backend_key_credential(b, r->sent_key, o->dialect, text);
	credential = arena_str(r->arena, buf_get(text));
	if (*credential)
		add(c, credential);
	note_secrets(r, b, r->sent_key, credential);
	return rc;
}

static bool is_json(const char *type)
{
	return type && (strcmp(type, "application/json") == 0 ||
			strcasestr(type, "json"));
}

/* The client's own field where it is asked in its own dialect, else ours, or
 * NULL; or the backend's. */
static void add_made(struct request *r, const struct outgoing *o,
		     struct http_call *c, struct span name, const char *value,
		     const char *ours)
{
	size_t had = c->n_headers;

	if (has(o->backend, name))
		return;
	if (!o->chat && value)
		client_field(r, c, name, value);
	if (c->n_headers == had && ours)
		add(c, ours);
}

/* What the body of a literal request is understood by. */
static void add_literal(struct request *r, const struct outgoing *o,
			struct http_call *c)
{
	const char *packing = r->packed ? NULL : r->vars.content_encoding;

	/* An empty one keeps libcurl from saying that it is a form. */
	add_made(r, o, c, SPAN("Content-Type"), r->passage->type,
		 "Content-Type:");
	add_made(r, o, c, SPAN("Content-Encoding"), packing, NULL);
	add_made(r, o, c, SPAN("Accept"), r->vars.accept, "Accept: */*");
}

/* With dario named behind it. */
static const char *client_agent(struct request *r)
{
	const char *agent = r->vars.user_agent;
	size_t n = agent ? strnlen(agent, AGENT_MAX) : 0;
	char *out;

	if (!n)
		return NULL;
	out = arena_take(r->arena, n + sizeof(" " PRODUCT));
	memcpy(out, agent, n);
	memcpy(out + n, " " PRODUCT, sizeof(" " PRODUCT));
	return out;
}

static void add_all_made(struct request *r, const struct outgoing *o,
			 struct http_call *c)
{
	const struct request_vars *v = &r->vars;

	add_made(r, o, c, SPAN("User-Agent"), o->chat ? NULL : client_agent(r),
		 "User-Agent: " PRODUCT);
	if (r->passage) {
		add_literal(r, o, c);
		return;
	}
	add_made(r, o, c, SPAN("Content-Type"),
		 is_json(v->content_type) ? v->content_type : NULL,
		 "Content-Type: application/json");
	add_made(r, o, c, SPAN("Accept"), v->accept,
		 o->stream ? "Accept: text/event-stream"
			   : "Accept: application/json");
}

int upstream_call(struct request *r, const struct outgoing *o,
		  const struct account *account, struct http_call *c,
		  struct err *e)
{
	const struct settings *s = &r->config->settings;
	const struct backend *b = o->backend;
	struct buf text;
	int rc;

	memset(c, 0, sizeof(*c));
	buf_init(&text, 16384);
	if (r->passage && r->passage->to)
		backend_path_url(b, o->path, &text);
	else
		backend_url(b, o->dialect, o->path, &text);
	rc = o->chat ? 0 : client_query(r, &text, e);
	c->method = r->passage ? r->vars.method : "POST";
	c->url = arena_str(r->arena, buf_get(&text));
	c->body = o->body;
	c->stream = o->stream;
	c->proxy = account && account->proxy ? account->proxy : b->proxy;
	c->ca_file = account && account->ca_file ? account->ca_file
						 : b->ca_file;
	c->connect_ms = b->connect_ms ? b->connect_ms : s->connect_ms;
	c->first_byte_ms = b->first_byte_ms ? b->first_byte_ms
					    : s->first_byte_ms;
	c->idle_ms = b->idle_ms ? b->idle_ms : s->idle_ms;
	add_all_made(r, o, c);
	if (rc == 0)
		rc = add_credential(r, o, account, c, &text, e);
	buf_release(&text);
	if (rc == 0 && o->dialect == DIALECT_ANTHROPIC)
		rc = add_versions(r, o, account, c, e);
	for (size_t i = 0; i < b->n_fields; i++)
		add(c, b->fields[i]);
	return rc ? rc : client_fields(r, o, c, e);
}
