/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "fcgi/reply.h"

#include "base/clock.h"
#include "base/utf8.h"
#include "dialect/error.h"
#include "fcgi/guard.h"
#include "fcgi/metered.h"
#include "fcgi/persons-view.h"
#include "lib/answering.h"

#include <stdio.h>
#include <string.h>

#define BUSY_RETRY_SECONDS 2
#define NO_ACCOUNT_RETRY_SECONDS 60

static const struct {
	int status;
	const char *text;
} reasons[] = {
	{ 200, "OK" },
	{ 402, "Payment Required" },
	{ 409, "Conflict" },
	{ 529, "Overloaded" },
	{ 204, "No Content" },
	{ 304, "Not Modified" },
	{ 400, "Bad Request" },
	{ 401, "Unauthorized" },
	{ 403, "Forbidden" },
	{ 404, "Not Found" },
	{ 405, "Method Not Allowed" },
	{ 413, "Content Too Large" },
	{ 415, "Unsupported Media Type" },
	{ 426, "Upgrade Required" },
	{ 429, "Too Many Requests" },
	{ 500, "Internal Server Error" },
	{ 502, "Bad Gateway" },
	{ 503, "Service Unavailable" },
	{ 504, "Gateway Timeout" },
};

/*
 * What pages in a browser may do with an answer is said here alone, once: two
 * values of one such field count as none, so an upstream's stay behind
 * (base/fields.h). No page of another origin may embed
 * an answer (same-origin is about requests without CORS: an origin that is let
 * in uses fetch, and Access-Control-Allow-Origin is asked then), and no browser
 * guesses that JSON is a script or a page.
 */
static const char *const for_pages[][2] = {
	{ "X-Content-Type-Options", "nosniff" },
	{ "Cross-Origin-Resource-Policy", "same-origin" },
};

#define FOR_PAGES (sizeof(for_pages) / sizeof(for_pages[0]))

void reply_field(struct request *r, const char *name, struct span value)
{
	size_t n = 0;

	while (n < value.n &&
	       ((unsigned char)value.p[n] >= 0x20 || value.p[n] == '\t') &&
	       value.p[n] != 0x7f)
		n++;
	/* In one piece: half a field would change what the others mean. */
	if (!buf_room(&r->head, strlen(name) + n + strlen(": \r\n")))
		return;
	buf_str(&r->head, name);
	buf_str(&r->head, ": ");
	buf_add(&r->head, value.p, n);
	buf_str(&r->head, "\r\n");
}

void reply_int_field(struct request *r, const char *name, int64_t v)
{
	char mem[24];
	struct buf text = { .p = mem, .cap = sizeof(mem), .max = 23 };

	buf_int(&text, v);
	reply_field(r, name, buf_get(&text));
}

/* Without printf: each good answer to a key with a limit has it. */
void reply_share_field(struct request *r, const char *name, double share)
{
	int64_t cents = (int64_t)(share * 100 + 0.5);
	char mem[24];
	struct buf text = { .p = mem, .cap = sizeof(mem), .max = 23 };

	buf_int(&text, cents / 100);
	buf_byte(&text, '.');
	buf_byte(&text, (char)('0' + cents / 10 % 10));
	buf_byte(&text, (char)('0' + cents % 10));
	reply_field(r, name, buf_get(&text));
}

void reply_length(struct request *r, size_t n)
{
	reply_int_field(r, "Content-Length", (int64_t)n);
}

static const char *reason(int status)
{
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (reasons[i].status == status)
			return reasons[i].text;
	return "Status";
}

static void page_fields(struct request *r)
{
	for (size_t i = 0; i < FOR_PAGES; i++)
		reply_field(r, for_pages[i][0], span_of(for_pages[i][1]));
	if (!r->origin)
		return;
	reply_field(r, "Access-Control-Allow-Origin", span_of(r->origin));
	reply_field(r, "Vary", SPAN("Origin"));
}

int reply_head(struct request *r, int status)
{
	char mem[64];
	struct buf line = { .p = mem, .cap = sizeof(mem), .max = 63 };

	r->head_sent = true;
	r->status = status;
	r->first_ms = clock_ms() - r->started;
	reply_field(r, "x-dario-request-id", span_of(r->id));
	if (r->backend)
		reply_field(r, "x-dario-backend", span_of(r->backend));
	if (r->backend && r->model)
		reply_field(r, "x-dario-model",
			    span_of(guard_safe(r, r->upstream_model
							  ? r->upstream_model
							  : r->model)));
	if (r->account && !r->key)
		reply_field(r, "x-dario-account", span_of(r->account));
	if (r->fallback)
		reply_field(r, "x-dario-fallback",
			    span_of(persons_view_fallback(r, r->fallback)));
	if (r->dropped)
		reply_field(r, "x-dario-dropped", span_of(r->dropped));
	if (r->mended)
		reply_field(r, "x-dario-mended", span_of(r->mended));
	if (status / 100 == 2)
		metered_fields(r);
	page_fields(r);
	buf_str(&r->head, "\r\n");
	if (r->head.full) {
		r->cut = true; /* the caps do not let it come to this */
		return -1;
	}
	buf_str(&line, "Status: ");
	buf_int(&line, status);
	buf_byte(&line, ' ');
	buf_str(&line, reason(status));
	buf_str(&line, "\r\n");
	if (r->gw->ops->write(r->gw, buf_get(&line)))
		return -1;
	return r->gw->ops->write(r->gw, buf_get(&r->head));
}

int reply_write(struct request *r, struct span bytes)
{
	r->bytes_out += bytes.n;
	return r->gw->ops->write(r->gw, bytes);
}

int reply_flush(struct request *r)
{
	return r->gw->ops->flush(r->gw);
}

void reply_stream_fields(struct request *r)
{
	reply_field(r, "Content-Type",
		    SPAN("text/event-stream; charset=utf-8"));
	reply_field(r, "X-Accel-Buffering", SPAN("no"));
}

static int whole(struct request *r, int status, const char *type,
		 struct span body)
{
	if (r->head_sent) { /* no second answer in the middle of the first */
		r->cut = true;
		return -1;
	}
	reply_field(r, "Content-Type", span_of(type));
	reply_length(r, body.n);
	if (reply_head(r, status))
		return -1;
	return reply_write(r, body);
}

int reply_json(struct request *r, int status, struct span json)
{
	return whole(r, status, "application/json", json);
}

int reply_shown(struct request *r, int status, const struct buf *json,
		struct err *e)
{
	struct buf out;
	int rc;

	if (json->full)
		return err_full(e, json, ERR_INTERNAL,
				"the answer is larger than %zu bytes",
				json->max);
	buf_init(&out, 12 * json->n + 1);
	utf8_escape_json(&out, buf_get(json));
	rc = out.full ? err_memory(e) : 0;
	if (rc == 0)
		reply_json(r, status, buf_get(&out));
	buf_release(&out);
	return rc;
}

int reply_text(struct request *r, const char *type, struct span text)
{
	return whole(r, 200, type, text);
}

#define PAGE_POLICY \
	"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; " \
	"frame-ancestors 'none'; form-action "

static int page(struct request *r, int status, const char *policy,
		const char *referrer, struct span html)
{
	reply_field(r, "Cache-Control", SPAN("no-store"));
	reply_field(r, "Content-Security-Policy", span_of(policy));
	reply_field(r, "X-Frame-Options", SPAN("DENY"));
	reply_field(r, "Referrer-Policy", span_of(referrer));
	return whole(r, status, "text/html; charset=utf-8", html);
}

int reply_page(struct request *r, int status, struct span html)
{
	return page(r, status, PAGE_POLICY "'none'", "no-referrer", html);
}

/* Without a referrer the form would come from nowhere: Origin is null. */
int reply_form(struct request *r, int status, struct span html)
{
	return page(r, status, PAGE_POLICY "'self'", "same-origin", html);
}

int reply_gone(struct err *e)
{
	return err_set(e, ERR_GONE, "the client left");
}

/* Inside a stream the error is an event. */
static void error_in_stream(struct request *r, const struct err *e)
{
	struct buf out;

	buf_init(&out, WRITER_TEXT_MAX);
	if (r->translated) /* it knows what the stream has said so far */
		answering_error(r->translated, e, &out);
	else
		r->dialect->error_event(&out, e, r->id);
	if (reply_write(r, buf_get(&out)) || reply_flush(r))
		r->cut = true;
	buf_release(&out);
}

/* When to come back, where coming back may help. */
static long retry_seconds(const struct err *e)
{
	if (e->retry_after)
		return e->retry_after;
	if (e->code == ERR_BUSY || e->code == ERR_SHUTDOWN ||
	    e->code == ERR_MEMORY)
		return BUSY_RETRY_SECONDS;
	return e->code == ERR_NO_ACCOUNT ? NO_ACCOUNT_RETRY_SECONDS : 0;
}

/* Some clients show words of their own in the place of an error's. */
static void error_line(struct request *r, const struct err *e)
{
	char line[sizeof(e->msg)];

	if (e->code == ERR_PASSED)
		return;
	snprintf(line, sizeof(line), "%s", e->msg);
	for (char *p = line; *p; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
	reply_field(r, "x-dario-error", span_of(line));
}

static void error_fields(struct request *r, const struct err *e)
{
	long seconds = retry_seconds(e);
	char text[24];

	error_line(r, e);
	reply_field(r, r->dialect->request_id_header, span_of(r->id));
	if (seconds) {
		snprintf(text, sizeof(text), "%ld", seconds);
		reply_field(r, "Retry-After", span_of(text));
	}
	if (e->code == ERR_NO_ACCOUNT) /* somebody has to do something */
		reply_field(r, "x-should-retry", SPAN("false"));
	if (e->code == ERR_UPGRADE)
		reply_field(r, "Upgrade", SPAN("HTTP/1.1"));
	/* Clients retry a 401 for minutes, though the key stays as it is. */
	if (e->code == ERR_AUTH) {
		reply_field(r, "x-should-retry", SPAN("false"));
		reply_field(r, "WWW-Authenticate", SPAN("Bearer"));
	}
}

/* Claude Code takes a message with the field's name in it for one of a log-in
 * that failed. */
static void name_key(struct err *e)
{
	static const char field[] = "x-api-key", key[] = "API key";
	char *at;

	while ((at = strcasestr(e->msg, field))) {
		memcpy(at, key, strlen(key));
		memmove(at + strlen(key), at + strlen(field),
			strlen(at + strlen(field)) + 1);
	}
}

/* It has texts of its own in the place of a 403 and a 404: what a person must
 * read is a 400. */
static bool replaces(const struct request *r, const struct err *e)
{
	const char *agent = r->vars.user_agent;

	return agent && r->dialect == &dialects[DIALECT_ANTHROPIC] &&
	       (strncmp(agent, "claude-cli/", 11) == 0 ||
		strncmp(agent, "claude-code/", 12) == 0) &&
	       (e->code == ERR_FORBIDDEN || e->code == ERR_NO_MODEL);
}

/* It may say again what the client has sent. */
static void hide_keys(const struct request *r, struct err *e)
{
	const char *safe = guard_safe(r, e->msg);

	if (safe != e->msg)
		snprintf(e->msg, sizeof(e->msg), "%s", safe);
}

/* Is it a file that models come from? Without another nothing is missing. */
static bool brings_models(const char *file)
{
	static const char *const starts[] = { "accounts/", "backends/",
					      "config.json", "credentials.json",
					      "routes.json" };

	for (size_t i = 0; i < sizeof(starts) / sizeof(*starts); i++)
		if (strncmp(file, starts[i], strlen(starts[i])) == 0)
			return true;
	return false;
}

void reply_check_broken(const struct request *r, struct err *e)
{
	struct err broken;

	if (e->code != ERR_NO_MODEL ||
	    !snapshot_broken(r->app->config, &broken) ||
	    !brings_models(broken.msg))
		return;
	err_set(e, ERR_CONFIG,
		"%s: mend it; until then the last good configuration serves, "
		"and that does not have this model",
		broken.msg);
}

void reply_error(struct request *r, const struct err *error)
{
	struct err told = *error, *e = &told;
	struct buf out;

	persons_view_error(r, e);
	hide_keys(r, e);
	name_key(e);
	if (replaces(r, e))
		e->status = err_status(ERR_BAD_REQUEST);
	if (e->code == ERR_GONE) {
		r->cut = true;
		if (!r->head_sent)
			r->status = err_status(e->code);
	}
	if (r->cut)
		return;
	if (r->head_sent) {
		error_in_stream(r, e);
		return;
	}
	buf_init(&out, 16384);
	r->dialect->error_body(&out, e, r->id);
	error_fields(r, e);
	reply_json(r,
		   error_status(e, r->dialect == &dialects[DIALECT_ANTHROPIC]),
		   buf_get(&out));
	buf_release(&out);
}
