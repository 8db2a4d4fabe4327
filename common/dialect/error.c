/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "dialect/error.h"

#include "base/jw.h"
#include "dialect/dialect.h"
#include "dialect/too-long.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PLAIN_MAX 1024 /* bytes of an error that is no JSON */

/* HTTP status → error type, both dialects. */
static const struct {
	int status;
	const char *anthropic, *openai;
} types[] = {
	{ 400, "invalid_request_error", "invalid_request_error" },
	{ 401, "authentication_error", "invalid_request_error" },
	{ 402, "billing_error", "insufficient_quota" },
	{ 403, "permission_error", "permission_error" },
	{ 404, "not_found_error", "invalid_request_error" },
	{ 405, "invalid_request_error", "invalid_request_error" },
	{ 413, "request_too_large", "invalid_request_error" },
	{ 415, "invalid_request_error", "invalid_request_error" },
	{ 426, "invalid_request_error", "invalid_request_error" },
	{ 409, "conflict_error", "invalid_request_error" },
	{ 429, "rate_limit_error", "rate_limit_error" },
	{ 529, "overloaded_error", "server_error" },
	{ 504, "timeout_error", "server_error" },
};

/* 503 and 529 are one condition in two dialects. */
int error_status(const struct err *e, bool anthropic)
{
	int status = e->status ? e->status : err_status(e->code);

	if (e->code != ERR_PASSED)
		return status;
	if (anthropic && status == 503)
		return 529;
	if (anthropic && status == 422)
		return 400;
	if (!anthropic && status == 529)
		return 503;
	return status;
}

static const char *type_of(const struct err *e, bool anthropic)
{
	int status = error_status(e, anthropic);

	if (e->code == ERR_SPENT)
		return anthropic ? "billing_error" : "insufficient_quota";
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (types[i].status == status)
			return anthropic ? types[i].anthropic : types[i].openai;
	if (status / 100 == 4)
		return "invalid_request_error";
	return anthropic ? "api_error" : "server_error";
}

/* Codes that OpenAI's clients look for, by the status alone. */
const char *error_code(const struct err *e)
{
	static const struct {
		int status;
		const char *code;
	} codes[] = {
		{ 401, "invalid_api_key" },     { 404, "model_not_found" },
		{ 429, "rate_limit_exceeded" }, { 503, "overloaded" },
		{ 413, "request_too_large" },
	};

	if (e->code != ERR_PASSED)
		return err_name(e->code);
	if (e->type[0] && !strstr(e->type, "_error"))
		return e->type;
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (codes[i].status == error_status(e, false))
			return codes[i].code;
	return NULL;
}

/* --- an upstream's error ------------------------------------------------ */

/* Where the status is not said, the code or the type says it. */
static const struct {
	const char *word;
	int status;
} statuses[] = {
	{ "rate_limit", 429 },
	{ "Throttling", 429 }, /* DashScope */
	{ "insufficient_quota", 429 },
	{ "context_length_exceeded", 400 },
	{ "exceed_context_size", 400 },
	{ "model_not_found", 404 },
	{ "invalid_api_key", 401 },
	{ "invalid_prompt", 400 },
	{ "content_filter", 400 },
	{ "overloaded", 529 },
	{ "timeout", 504 },
	{ "invalid_request_error", 400 },
	{ "authentication_error", 401 },
	{ "billing_error", 402 },
	{ "permission_error", 403 },
	{ "not_found_error", 404 },
	{ "request_too_large", 413 },
	{ "server_error", 500 },
	{ "api_error", 500 },
};

static int status_of_word(const char *word)
{
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
		if (strstr(word, statuses[i].word))
			return statuses[i].status;
	return 0;
}

/* platform.minimax.io/docs/api-reference/errorcode */
static int status_of_minimax(int64_t code)
{
	static const struct {
		int code, status;
	} codes[] = {
		{ 1001, 504 }, { 1002, 429 }, { 1004, 401 }, { 1008, 402 },
		{ 1026, 400 }, { 1027, 400 }, { 1039, 429 }, { 2013, 400 },
		{ 2049, 401 }, { 2056, 429 },
	};

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (codes[i].code == code)
			return codes[i].status;
	return 0;
}

static int status_of(const struct jval *o, const char *code, const char *type)
{
	int found;
	static const char *const keys[] = { "status_code", "code", "status" };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		int64_t v = jval_int(o, keys[i], 0);

		if (v >= 400 && v <= 599)
			return (int)v;
	}
	found = status_of_minimax(
		jval_int(jval_get(o, "base_resp"), "status_code", 0));
	if (found)
		return found;
	found = status_of_word(code);
	if (!found)
		found = status_of_word(type);
	return found ? found : 502;
}

/* MiniMax, DashScope, Cloudflare, Groq. */
static struct span elsewhere(const struct jval *top)
{
	const struct jval *first = jval_at(jval_get(top, "errors"), 0);
	const struct jval *const at[] = {
		jval_get(jval_get(top, "base_resp"), "status_msg"),
		jval_get(top, "msg"),
		jval_get(first, "message"),
		first,
		jval_get(jval_get(top, "x_groq"), "error"),
	};

	for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++)
		if (jval_text(at[i]).n)
			return jval_text(at[i]);
	return SPAN("");
}

static struct span first_text(const struct jval *top, const struct jval *o)
{
	const struct jval *const at[] = {
		jval_get(o, "message"),
		jval_get(top, "message"),
		jval_get(top, "error"),
		jval_get(top, "detail"),
	};

	for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++)
		if (jval_text(at[i]).n)
			return jval_text(at[i]);
	for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		const struct jval *list = jval_get(at[i], "detail");
		const struct jval *first = jval_at(list ? list : at[i], 0);

		if (jval_str(first, "msg").n)
			return jval_str(first, "msg");
	}
	return elsewhere(top);
}

/* Of a provider behind the provider, as OpenRouter hands it on. */
static struct span inner_text(const struct jval *o)
{
	return jval_str(jval_get(o, "metadata"), "raw");
}

/* What no key, account or pause would change is not looked at. */
static bool may_be_too_long(int status, const char *code)
{
	return status != 401 && status != 402 && status != 403 &&
	       status != 404 && status != 429 &&
	       !(code && strstr(code, "rate_limit"));
}

/* Claude Code begins to compact when it reads words that it knows. */
static void note_too_long(struct err *e, const struct jval *o,
			  const char *inner)
{
	struct too_long t, within;

	if (!may_be_too_long(e->status, e->type))
		return;
	if (!too_long_read(e->msg, e->type, &t)) {
		if (!too_long_read(inner, NULL, &within))
			return;
		t.got = within.got;
		t.max = within.max;
	}
	if (!t.got && jval_int(o, "n_ctx", 0) > 0 &&
	    jval_int(o, "n_prompt_tokens", 0) > 0) { /* llama.cpp */
		t.got = (long)jval_int(o, "n_prompt_tokens", 0);
		t.max = (long)jval_int(o, "n_ctx", 0);
	}
	too_long_tell(&t, e);
	snprintf(e->type, sizeof(e->type), "%s", TOO_LONG_CODE);
	e->status = 400;
	e->reword = !t.known;
}

/* Gemini puts its error into a list. */
static const struct jval *unwrapped(const struct jval *o)
{
	return jval_items(o) ? jval_at(o, 0) : o;
}

/* What is wrong with the request, though it comes as the server's failure:
 * as llama.cpp, Ollama and LM Studio word it. */
static bool is_requests_fault(const char *text)
{
	static const char *const words[] = {
		"image input is not supported",
		"audio input is not supported",
		"does not support image",
		"does not support multimodal",
		"missing data required for image input",
		"unable to make llava embedding",
		"Failed to parse messages",
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasestr(text, words[i]))
			return true;
	return false;
}

bool error_is(const struct jval *o)
{
	const struct jval *error;

	o = unwrapped(o);
	error = jval_get(o, "error");
	return jval_is(error, JVAL_OBJECT) || jval_text(error).n ||
	       jval_text(jval_get(jval_get(o, "x_groq"), "error")).n ||
	       span_is(jval_str(o, "object"), "error");
}

/* MiniMax's, which stands in its answers, too. */
static bool says_no(const struct jval *o)
{
	return jval_int(jval_get(o, "base_resp"), "status_code", 0) != 0;
}

bool error_is_told(const struct jval *o)
{
	const struct jval *detail = jval_get(o, "detail");
	const struct jval *no = jval_get(o, "success");
	int64_t code = jval_int(o, "code", 0);

	if (jval_text(detail).n || jval_items(detail))
		return true;
	if (says_no(o))
		return true;
	return first_text(o, o).n &&
	       ((code && code / 100 != 2) || jval_str(o, "code").n ||
		span_is(jval_str(o, "status"), "error") ||
		jval_int(o, "status", 0) >= 400 ||
		(no && span_is(no->text, "false")));
}

void error_read(const struct jval *top, int status, struct err *out)
{
	char code[sizeof(out->type)], type[sizeof(out->type)];
	char inner[PLAIN_MAX];
	const struct jval *o;
	struct span text;

	top = unwrapped(top);
	o = jval_get(top, "error");
	if (!jval_is(o, JVAL_OBJECT))
		o = top;
	text = first_text(top, o);
	span_text(code, sizeof(code), jval_str(o, "code"));
	span_text(type, sizeof(type), jval_str(o, "type"));
	span_text(inner, sizeof(inner), inner_text(o));
	if (strcmp(type, "error") == 0)
		type[0] = '\0';
	err_set(out, ERR_PASSED, "%.*s", text.n ? (int)text.n : 16,
		text.n ? text.p : "upstream failed");
	memcpy(out->type,
	       jval_is(jval_get(o, "code"), JVAL_STRING) ? code : type,
	       sizeof(out->type));
	span_text(out->param, sizeof(out->param), jval_str(o, "param"));
	out->status = status >= 400 ? status : status_of(o, code, type);
	note_too_long(out, o, inner);
	if (out->status >= 500 && is_requests_fault(out->msg))
		out->status = 400;
}

void error_read_body(struct span body, int status, struct err *out)
{
	const struct jval *o;
	char text[PLAIN_MAX];
	struct err unused;
	struct jdoc d;

	jdoc_init(&d);
	o = jdoc_read(&d, body, &unused);
	if (jval_is(unwrapped(o), JVAL_OBJECT)) {
		error_read(o, status, out);
	} else {
		err_set(out, ERR_PASSED, "the upstream answered HTTP %d",
			status);
		out->status = status;
		snprintf(text, sizeof(text), "%.*s",
			 body.n < sizeof(text) ? (int)body.n : 0, body.p);
		note_too_long(out, NULL, text);
	}
	jdoc_release(&d);
}

bool error_find(struct span text, struct err *out)
{
	const struct jval *o;
	struct err unused;
	struct jdoc d;
	bool is;

	jdoc_init(&d);
	o = jdoc_read(&d, text, &unused);
	is = error_is(o) || (says_no(o) && !jval_items(jval_get(o, "choices")));
	if (is && out)
		error_read(o, 0, out);
	jdoc_release(&d);
	return is;
}

bool error_unread(struct err *e, const char *what)
{
	if (e->code == ERR_TOO_BIG) {
		e->code = ERR_UPSTREAM;
		err_add(e, what);
	}
	return e->code == ERR_UPSTREAM || e->code == ERR_MEMORY;
}

static void put_details(struct jw *w, const struct err *e)
{
	const char *code = e->code == ERR_PASSED ? e->type : err_name(e->code);

	if (!*code)
		return;
	jw_key(w, "details");
	jw_obj(w);
	jw_kcstr(w, "error_code", code);
	if (e->code == ERR_THREAD) {
		jw_key(w, "unsupported");
		jw_arr(w);
		jw_str(w, span_of(e->param));
		jw_arr_end(w);
	}
	jw_obj_end(w);
}

void error_body_anthropic(struct buf *out, const struct err *e, const char *id)
{
	struct jw w = jw_to(out);

	jw_obj(&w);
	jw_kcstr(&w, "type", "error");
	jw_key(&w, "error");
	jw_obj(&w);
	jw_kcstr(&w, "type", type_of(e, true));
	jw_kcstr(&w, "message", e->msg);
	put_details(&w, e);
	jw_obj_end(&w);
	jw_kcstr(&w, "request_id", id);
	jw_obj_end(&w);
}

void error_body_openai(struct buf *out, const struct err *e, const char *id)
{
	struct jw w = jw_to(out);

	(void)id; /* OpenAI carries it in x-request-id only */
	jw_obj(&w);
	jw_key(&w, "error");
	jw_obj(&w);
	jw_kcstr(&w, "message", e->msg);
	jw_kcstr(&w, "type", type_of(e, false));
	jw_kcstr(&w, "param", e->param[0] ? e->param : NULL);
	jw_kcstr(&w, "code", error_code(e));
	jw_obj_end(&w);
	jw_obj_end(&w);
}

static void event(struct buf *out, const char *name, struct buf *body)
{
	dialect_event(out, name, buf_get(body));
	buf_release(body);
}

void error_event_anthropic(struct buf *out, const struct err *e, const char *id)
{
	struct buf body;

	buf_init(&body, 8192);
	error_body_anthropic(&body, e, id);
	event(out, "error", &body);
}

void error_event_openai(struct buf *out, const struct err *e, const char *id)
{
	struct buf body;

	buf_init(&body, 8192);
	error_body_openai(&body, e, id);
	event(out, NULL, &body);
}

/* Flat, as in OpenAI's ResponseErrorEvent. The sequence number is not known
 * for a stream that passes through; readers do not check it on an error. */
void error_event_responses(struct buf *out, const struct err *e, const char *id)
{
	struct buf body;
	struct jw w = jw_to(&body);

	(void)id;
	buf_init(&body, 8192);
	jw_obj(&w);
	jw_kcstr(&w, "type", "error");
	jw_kcstr(&w, "code", error_code(e));
	jw_kcstr(&w, "message", e->msg);
	jw_kcstr(&w, "param", e->param[0] ? e->param : NULL);
	jw_kint(&w, "sequence_number", 0);
	jw_obj_end(&w);
	event(out, "error", &body);
}
