/* SPDX-License-Identifier: MIT */
/* unit-tools: requests with tools, mapped, and the events that come back. */
#ifndef DARIO_UNIT_TOOLS_H
#define DARIO_UNIT_TOOLS_H

#include "unit.h"

#include "base/store.h"
#include "dialect/dialect.h"
#include "dialect/tool-map.h"
#include "state/config/tools.h"

/* Single quotes stand for double ones in the texts below. */
static inline struct json_object *json(const char *text)
{
	char *copy = xstrdup(text);
	struct json_object *o;
	struct err e;

	for (char *p = copy; *p; p++)
		if (*p == '\'')
			*p = '"';
	o = json_read(span_of(copy), &e);
	if (!o)
		fail_msg("%s in %s", e.msg, copy);
	free(copy);
	return o;
}

static inline void assert_json(struct json_object *got, const char *want)
{
	struct json_object *o = json(want);

	if (!json_object_equal(got, o))
		fail_msg("got %s, wanted %s", json_text(got).p, json_text(o).p);
	json_object_put(o);
}

static struct tool_rows *rows;

static inline int load_rows(void **state)
{
	struct err e = { 0 };

	(void)state;
	rows = tools_load("/nonexistent", &e);
	if (!rows)
		fprintf(stderr, "%s\n", e.msg);
	return rows ? 0 : -1;
}

static inline int drop_rows(void **state)
{
	(void)state;
	tool_rows_free(rows);
	return 0;
}

/* A request and what became of it. */
struct run {
	struct arena arena;
	struct json_object *body;
	struct tool_map *map;
	struct buf out;
	struct sse sse;
};

static const struct tool_context context = {
	.session_id = SPAN_INIT("s-1"),
	.request_id = SPAN_INIT("42"),
	.user_id = SPAN_INIT("bad\nvalue"),
	.now_ms = 1764000000123,
};

static inline void begin(struct run *r, enum tool_mode mode, const char *body)
{
	arena_init(&r->arena);
	buf_init(&r->out, 64u << 20);
	r->body = json(body);
	r->map = tool_map_request(rows, mode, &context, &r->arena, r->body);
	if (!r->map)
		return;
	tool_map_sink(r->map, tool_map_write, &r->out);
	sse_init(&r->sse, tool_map_event, r->map);
}

static inline void end(struct run *r)
{
	if (r->map)
		sse_release(&r->sse);
	tool_map_free(r->map);
	json_object_put(r->body);
	buf_release(&r->out);
	arena_release(&r->arena);
}

static inline struct json_object *tool_at(const struct run *r, size_t i)
{
	return json_at(json_get(r->body, "tools"), i);
}

static inline void assert_tool(const struct run *r, size_t i, const char *name)
{
	assert_span(json_str(tool_at(r, i), "name"), name);
}

/* An event without quotes to escape: {...} of the given type. */
static inline void event(struct run *r, const char *type, const char *rest)
{
	struct err e = { 0 };
	char text[2000], *p;

	snprintf(text, sizeof(text), "event: %s\ndata: {'type':'%s'%s%s}\n\n",
		 type, type, *rest ? "," : "", rest);
	for (p = text; *p; p++)
		if (*p == '\'')
			*p = '"';
	if (sse_feed(&r->sse, span_of(text), &e))
		fail_msg("%s", e.msg);
}

static inline void start_call(struct run *r, int index, const char *name)
{
	char text[300];

	snprintf(text, sizeof(text),
		 "'index':%d,'content_block':{'type':'tool_use','id':'t',"
		 "'name':'%s','input':{}}",
		 index, name);
	event(r, "content_block_start", text);
}

static inline void delta(struct run *r, int index, const char *json_part)
{
	struct buf text;

	buf_init(&text, 4000);
	buf_fmt(&text,
		"'index':%d,'delta':{'type':'input_json_delta',"
		"'partial_json':'",
		index);
	for (; *json_part; json_part++) {
		if (*json_part == '"')
			buf_byte(&text, '\\');
		buf_byte(&text, *json_part);
	}
	buf_str(&text, "'}");
	event(r, "content_block_delta", buf_cstr(&text));
	buf_release(&text);
}

static inline void stop(struct run *r, int index)
{
	char text[40];

	snprintf(text, sizeof(text), "'index':%d", index);
	event(r, "content_block_stop", text);
}

/* What came out since the last time: names and inputs, in short. */
struct short_form {
	struct buf text;
};

static inline int shorten(void *arg, struct span name, struct span data,
			  struct err *e)
{
	struct short_form *f = arg;
	struct json_object *o = json_read(data, e);
	struct json_object *block = json_get(o, "content_block");
	struct json_object *d = json_get(o, "delta");

	assert_non_null(o);
	assert_true(span_eq(name, json_str(o, "type")));
	if (block)
		buf_fmt(&f->text, "<%.*s>", SPAN_FMT(json_str(block, "name")));
	else if (json_get(d, "partial_json"))
		buf_fmt(&f->text, "[%.*s]",
			SPAN_FMT(json_str(d, "partial_json")));
	else if (span_is(name, "content_block_stop"))
		buf_str(&f->text, "/");
	else
		buf_fmt(&f->text, "(%.*s)", SPAN_FMT(name));
	json_object_put(o);
	return 0;
}

static inline void assert_out(struct run *r, const char *want)
{
	struct short_form f;
	struct err e = { 0 };
	struct sse s;

	buf_init(&f.text, 1u << 20);
	sse_init(&s, shorten, &f);
	assert_int_equal(sse_feed(&s, buf_get(&r->out), &e), 0);
	assert_string_equal(buf_cstr(&f.text), want);
	buf_reset(&r->out);
	sse_release(&s);
	buf_release(&f.text);
}

#define READ_FILE \
	"{'name':'read_file','input_schema':{'type':'object','properties':" \
	"{'path':{'type':'string'},'note':{'type':'string'}}," \
	"'required':['path']}}"
#define EXEC \
	"{'name':'exec','input_schema':{'type':'object','properties':" \
	"{'command':{'type':'string'}}}}"

#endif
