/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "dialect/error.h"

#include "base/jw.h"
#include "dialect/dialect.h"

/* HTTP status → error type, both dialects. */
static const struct {
	int status;
	const char *anthropic, *openai;
} types[] = {
	{ 400, "invalid_request_error", "invalid_request_error" },
	{ 401, "authentication_error", "invalid_request_error" },
	{ 403, "permission_error", "permission_error" },
	{ 404, "not_found_error", "invalid_request_error" },
	{ 405, "invalid_request_error", "invalid_request_error" },
	{ 413, "request_too_large", "invalid_request_error" },
	{ 415, "invalid_request_error", "invalid_request_error" },
	{ 426, "invalid_request_error", "invalid_request_error" },
	{ 429, "rate_limit_error", "rate_limit_error" },
	{ 504, "timeout_error", "server_error" },
};

static const char *type_of(const struct err *e, bool anthropic)
{
	int status = err_status(e->code);

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (types[i].status == status)
			return anthropic ? types[i].anthropic : types[i].openai;
	return anthropic ? "api_error" : "server_error";
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
	jw_key(&w, "details");
	jw_obj(&w);
	jw_kcstr(&w, "error_code", err_name(e->code));
	jw_obj_end(&w);
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
	jw_kcstr(&w, "code", err_name(e->code));
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
	jw_kcstr(&w, "code", err_name(e->code));
	jw_kcstr(&w, "message", e->msg);
	jw_kcstr(&w, "param", e->param[0] ? e->param : NULL);
	jw_kint(&w, "sequence_number", 0);
	jw_obj_end(&w);
	event(out, "error", &body);
}
