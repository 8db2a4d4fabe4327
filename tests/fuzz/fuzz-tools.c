/* SPDX-License-Identifier: MIT */
/* Tools: a mode, a request, a line feed, an answer. What goes out is valid
 * JSON, a stream gives the same whole and bytewise, and a call in the history
 * comes back with the client's name. */
#include "config.h"

#include "dialect/template.h"
#include "dialect/tool-map.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const char table[] =
	"{\"tools\":[{\"name\":\"Bash\",\"description\":\"d\",\"input_schema\":"
	"{\"properties\":{\"command\":{\"type\":\"string\"},\"timeout\":{}},"
	"\"required\":[\"command\"]}},{\"name\":\"Read\",\"input_schema\":"
	"{\"properties\":{\"file_path\":{\"type\":\"string\"},\"limit\":"
	"{\"type\":\"number\"}},\"required\":[\"file_path\"]}},{\"name\":"
	"\"Plan\",\"input_schema\":{\"properties\":{}}}],\"map\":[{\"names\":"
	"[\"bash\",\"exec\",\"process\"],\"tool\":\"Bash\",\"fields\":"
	"{\"command\":[\"command\",\"cmd\",\"action\"],\"timeout\":"
	"[\"command\",\"ms\"]}},{\"names\":[\"read\"],\"tool\":\"Read\","
	"\"fields\":{\"file_path\":[\"path\",\"file\"],\"limit\":"
	"[\"file_path\"]},\"unless\":[\"mode\"]},{\"names\":[\"plan\"],"
	"\"tool\":\"Plan\"}]}";

static const struct tool_context context = {
	.session_id = SPAN_INIT("s"),
	.request_id = SPAN_INIT("1"),
	.now_ms = 1764000000123,
};

static const struct tool_rows *rows(void)
{
	static struct tool_rows *t;
	struct json_object *o;
	struct err e;

	if (!t) {
		o = json_read(span_of(table), &e);
		t = tool_rows_parse(o, NULL, &e);
		json_object_put(o);
		if (!t)
			abort();
	}
	return t;
}

static int run(struct tool_map *m, struct span in, size_t step, struct buf *out)
{
	struct sse s;
	struct err e;
	int rc = 0;

	tool_map_sink(m, tool_map_write, out);
	sse_init(&s, tool_map_event, m);
	while (in.n && rc == 0) {
		size_t n = step < in.n ? step : in.n;

		rc = sse_feed(&s, (struct span){ in.p, n }, &e);
		in.p += n;
		in.n -= n;
	}
	rc = rc || sse_end(&s, &e) || tool_map_end(m, &e);
	sse_release(&s);
	return rc;
}

/* A map is of one answer: each run has its own. */
static int stream(struct span body, enum tool_mode mode, struct span answer,
		  size_t step, struct buf *out)
{
	struct json_object *o, *again;
	struct tool_map *m;
	struct arena a;
	struct err e;
	int rc = -1;

	buf_init(out, 1u << 24);
	o = json_read(body, &e);
	arena_init(&a);
	m = tool_map_request(rows(), mode, &context, &a, o);
	if (m) {
		again = json_read(json_text(o), &e);
		if (!again)
			abort();
		json_object_put(again);
		rc = run(m, answer, step, out);
	}
	tool_map_free(m);
	arena_release(&a);
	json_object_put(o);
	return rc;
}

/* No canonical name may reach the client where it has another. */
static void check_whole(struct json_object *body, enum tool_mode mode,
			struct span answer)
{
	struct err e;
	struct json_object *message = json_read(answer, &e);
	struct tool_map *m;
	struct arena a;

	arena_init(&a);
	m = tool_map_request(rows(), mode, &context, &a, body);
	if (m) {
		tool_map_whole(m, message);
		if (tool_map_whole(m, message))
			abort();
	}
	tool_map_free(m);
	arena_release(&a);
	json_object_put(message);
}

static void check_template(struct json_object *body, struct span file)
{
	struct err e;
	struct json_object *o = json_read(file, &e), *again;
	struct template *t = template_parse(o, &e);

	if (!t)
		t = template_parse(NULL, &e);
	template_apply(t, body, &(struct template_use){ .count = file.n % 2 });
	again = json_read(json_text(body), &e);
	if (!again)
		abort();
	json_object_put(again);
	template_free(t);
	json_object_put(o);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct span body = { (const char *)data + 1, 0 }, answer;
	struct json_object *o;
	struct buf whole, parts;
	enum tool_mode mode;
	const char *feed;
	struct err e;

	if (n < 2)
		return 0;
	mode = data[0] % 2 ? TOOLS_HYBRID : TOOLS_MAP;
	feed = memchr(body.p, '\n', n - 1);
	body.n = feed ? (size_t)(feed - body.p) : n - 1;
	answer.p = body.p + body.n;
	answer.n = n - 1 - body.n;
	o = json_read(body, &e);
	if (!json_object_is_type(o, json_type_object)) {
		json_object_put(o);
		return 0; /* peek lets nothing else through */
	}
	if (stream(body, mode, answer, answer.n + 1, &whole) !=
		    stream(body, mode, answer, 1, &parts) ||
	    !span_eq(buf_get(&whole), buf_get(&parts)))
		abort();
	buf_release(&whole);
	buf_release(&parts);
	check_whole(o, mode, answer);
	check_template(o, answer);
	json_object_put(o);
	return 0;
}
