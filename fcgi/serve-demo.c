/* SPDX-License-Identifier: MIT */
/*
 * serve-demo: the built-in provider, for trying the router without an account.
 *
 * It stands behind the router like any other provider and speaks all dialects:
 * a prompt gives a paced answer about that prompt, a prompt that asks for a
 * declared tool gives a call of it. A prompt about silence makes it fall silent
 * after the first word, as a model that thinks. It always says that it is a
 * demo.
 */
#include "config.h"

#include "base/clock.h"
#include "base/json.h"
#include "fcgi/reply.h"
#include "fcgi/serve.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define PACE_MS 20 /* between two words */
#define SILENCE_MS 6000
#define QUOTE_MAX 200 /* bytes of the prompt that are repeated */
#define CHARS_PER_TOKEN 4

struct demo {
	struct request *r;
	struct json_object *body;
	struct span prompt;
	struct json_object *tool; /* to be called, or NULL */
	bool tool_result;         /* the conversation ends with one */
	bool stream, silence;
	ev_fn *sink;
	void *sink_arg;
	struct buf out;
	int64_t tokens;
};

static struct json_object *last_of(struct json_object *list)
{
	size_t n;

	if (!json_object_is_type(list, json_type_array))
		return NULL;
	n = json_object_array_length(list);
	return n ? json_object_array_get_idx(list, n - 1) : NULL;
}

static bool text_is(struct json_object *o, const char *key, const char *want)
{
	const char *s = json_cstr(o, key);

	return s && strcmp(s, want) == 0;
}

/* What the user said last, in any of the three dialects. */
static void read_prompt(struct demo *d)
{
	struct json_object *turn = json_get(d->body, "messages");
	struct json_object *content;

	if (!turn)
		turn = json_get(d->body, "input");
	if (json_object_is_type(turn, json_type_string)) {
		d->prompt = json_span(turn);
		return;
	}
	turn = last_of(turn);
	content = json_get(turn, "content");
	d->prompt = json_span(content);
	d->tool_result = text_is(turn, "role", "tool") ||
			 text_is(turn, "type", "function_call_output");
	if (json_object_is_type(content, json_type_array)) {
		struct json_object *part = last_of(content);

		d->prompt = json_span(json_get(part, "text"));
		d->tool_result |= text_is(part, "type", "tool_result");
	}
}

/* Chat wraps a function in an object of its own; the others are flat. */
static struct json_object *function_of(struct json_object *tool)
{
	struct json_object *f = json_get(tool, "function");

	return f ? f : tool;
}

static bool mentions(struct span text, const char *word)
{
	size_t n = strlen(word);

	for (size_t i = 0; n && i + n <= text.n; i++)
		if (strncasecmp(text.p + i, word, n) == 0)
			return true;
	return false;
}

static void pick_tool(struct demo *d)
{
	struct json_object *tools = json_get(d->body, "tools");
	size_t n = json_object_is_type(tools, json_type_array)
			 ? json_object_array_length(tools)
			 : 0;

	if (d->tool_result)
		return;
	for (size_t i = 0; i < n && !d->tool; i++) {
		struct json_object *f =
			function_of(json_object_array_get_idx(tools, i));
		const char *name = json_cstr(f, "name");

		if (name && mentions(d->prompt, name))
			d->tool = f;
	}
	if (!d->tool && n && mentions(d->prompt, "tool"))
		d->tool = function_of(json_object_array_get_idx(tools, 0));
	if (d->tool && !json_cstr(d->tool, "name"))
		d->tool = NULL;
}

/* A value of the type that the tool's schema asks for. */
static struct json_object *sample(struct json_object *schema)
{
	struct json_object *choices = json_get(schema, "enum");
	const char *type = json_cstr(schema, "type");

	if (json_object_is_type(choices, json_type_array) &&
	    json_object_array_length(choices))
		return json_object_get(json_object_array_get_idx(choices, 0));
	if (!type || strcmp(type, "string") == 0)
		return json_object_new_string("demo");
	if (strcmp(type, "integer") == 0 || strcmp(type, "number") == 0)
		return json_object_new_int(1);
	if (strcmp(type, "boolean") == 0)
		return json_object_new_boolean(true);
	if (strcmp(type, "array") == 0)
		return json_object_new_array();
	return json_object_new_object();
}

static struct json_object *sample_input(struct json_object *tool)
{
	struct json_object *schema = json_get(tool, "parameters");
	struct json_object *input = json_object_new_object();
	struct json_object *properties;

	if (!schema)
		schema = json_get(tool, "input_schema");
	properties = json_get(schema, "properties");
	if (json_object_is_type(properties, json_type_object)) {
		json_object_object_foreach(properties, name, property)
			json_object_object_add(input, name, sample(property));
	}
	return input;
}

/* So long, or until the client left, or the worker must go. */
static int rest(const struct demo *d, long ms, struct err *e)
{
	int64_t until = clock_ms() + ms;

	while (clock_ms() < until) {
		if (gateway_wait(d->r->gw, until - clock_ms()))
			return reply_gone(e);
		if (atomic_load(&d->r->app->cut))
			return err_set(e, ERR_SHUTDOWN,
				       "the router is stopping: try again");
	}
	return 0;
}

/* Send what has been written, then wait a moment. */
static int pace(struct demo *d, struct err *e)
{
	struct request *r = d->r;

	if (!d->stream)
		return 0;
	if (!r->head_sent) {
		reply_field(r, "Cache-Control", SPAN("no-cache"));
		reply_stream_fields(r);
		reply_field(r, r->dialect->request_id_header, span_of(r->id));
		if (reply_head(r, 200))
			return reply_gone(e);
	}
	if (reply_write(r, buf_get(&d->out)) || reply_flush(r))
		return reply_gone(e);
	buf_reset(&d->out);
	return rest(d, PACE_MS, e);
}

static int emit(struct demo *d, const struct ev *v, struct err *e)
{
	if (d->sink(d->sink_arg, v, e))
		return -1;
	return pace(d, e);
}

/* A text block, word by word. */
static int say(struct demo *d, struct span text, struct err *e)
{
	struct ev v = { .kind = EV_OPEN, .part = PART_TEXT };

	if (emit(d, &v, e))
		return -1;
	v.kind = EV_DELTA;
	while (text.n) {
		size_t n = 1;

		while (n < text.n && text.p[n] != ' ')
			n++;
		v.text = (struct span){ text.p, n };
		text = span_skip(text, n);
		if (emit(d, &v, e) ||
		    (!d->tokens++ && d->silence && rest(d, SILENCE_MS, e)))
			return -1;
	}
	v.kind = EV_CLOSE;
	v.text = SPAN("");
	return emit(d, &v, e);
}

static int call_tool(struct demo *d, struct err *e)
{
	struct json_object *input = sample_input(d->tool);
	struct ev v = { .kind = EV_OPEN, .part = PART_TOOL_USE };
	char id[64];
	int rc;

	snprintf(id, sizeof(id), "call_%s", d->r->id + strlen("req_"));
	v.id = span_of(id);
	v.name = span_of(json_cstr(d->tool, "name"));
	rc = emit(d, &v, e);
	v.kind = EV_DELTA;
	v.text = span_of(json_object_to_json_string_ext(
		input,
		JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
	d->tokens += (int64_t)v.text.n / CHARS_PER_TOKEN + 1;
	if (rc == 0)
		rc = emit(d, &v, e);
	v.kind = EV_CLOSE;
	v.text = SPAN("");
	if (rc == 0)
		rc = emit(d, &v, e);
	json_object_put(input);
	return rc;
}

/* The beginning of the prompt on one line, cut between characters. */
static struct span quote(struct request *r, struct span prompt)
{
	char *text;

	prompt = span_trim(prompt);
	if (prompt.n > QUOTE_MAX) {
		prompt.n = QUOTE_MAX;
		while (prompt.n &&
		       ((unsigned char)prompt.p[prompt.n] & 0xc0) == 0x80)
			prompt.n--;
	}
	text = memcpy(arena_take(r->arena, prompt.n + 1), prompt.p, prompt.n);
	for (char *p = text; *p; p++)
		if (isspace((unsigned char)*p))
			*p = ' ';
	return (struct span){ text, prompt.n };
}

static int answer(struct demo *d, struct err *e)
{
	struct span q = quote(d->r, d->prompt);
	const char *text;

	if (d->tool)
		return call_tool(d, e);
	if (d->tool_result)
		text = "This is dario's built-in demo, not a language model. "
		       "The tool's result arrived, so the whole loop works: "
		       "call, result, answer.";
	else
		text = arena_fmt(
			d->r->arena,
			"This is dario's built-in demo, "
			"not a language model. You asked: \"%.*s\". Your "
			"request went through the web server, the router and "
			"its HTTP client to this provider, and the words come "
			"back one by one the same way. Add a real backend with "
			"\"dario backend add\" to get a real answer.",
			SPAN_FMT(q));
	return say(d, span_of(text), e);
}

static int play(struct demo *d, struct err *e)
{
	struct ev v = { .kind = EV_START,
			.id = SPAN("demo"),
			.name = SPAN("demo") };

	v.usage.input = (int64_t)d->r->body.n / CHARS_PER_TOKEN + 1;
	if (emit(d, &v, e) || answer(d, e))
		return -1;
	v.kind = EV_FINISH;
	v.stop = d->tool ? STOP_TOOL_USE : STOP_END;
	v.usage.output = d->tokens;
	return emit(d, &v, e);
}

static int serve_stream(struct demo *d, struct writer *w, struct err *e)
{
	d->sink = writer_event;
	d->sink_arg = w;
	w->usage_wanted = json_flag(json_get(d->body, "stream_options"),
				    "include_usage", false);
	return play(d, e);
}

static int serve_whole(struct demo *d, struct writer *w, struct err *e)
{
	struct fold f;
	int rc;

	fold_init(&f, d->r->arena);
	d->sink = fold_feed;
	d->sink_arg = &f;
	rc = play(d, e);
	if (rc == 0) {
		w->dialect->whole(w, &f.answer);
		reply_field(d->r, w->dialect->request_id_header,
			    span_of(d->r->id));
		if (reply_json(d->r, 200, buf_get(&d->out)))
			rc = reply_gone(e);
	}
	fold_release(&f);
	return rc;
}

int serve_demo(struct request *r, struct err *e)
{
	struct demo d = { .r = r };
	struct writer w;
	int rc;

	if (request_read_body(r, NULL, NULL, e))
		return -1;
	d.body = json_read(buf_get(&r->body), e);
	if (!d.body)
		return -1;
	d.stream = json_flag(d.body, "stream", false);
	r->stream = d.stream;
	r->model = "demo";
	read_prompt(&d);
	pick_tool(&d);
	d.silence = mentions(d.prompt, "silence");
	buf_init(&d.out, WRITER_TEXT_MAX);
	writer_init(&w, r->dialect, &d.out);
	memcpy(w.model, "demo", sizeof("demo"));
	rc = d.stream ? serve_stream(&d, &w, e) : serve_whole(&d, &w, e);
	writer_release(&w);
	buf_release(&d.out);
	json_object_put(d.body);
	return rc;
}

int serve_demo_models(struct request *r, struct err *e)
{
	(void)e;
	reply_json(r, 200,
		   SPAN("{\"object\":\"list\",\"data\":[{\"id\":\"demo\","
			"\"object\":\"model\",\"created\":0,"
			"\"owned_by\":\"dario\"}]}"));
	return 0;
}
