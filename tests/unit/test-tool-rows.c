/* SPDX-License-Identifier: MIT */
/* Rows of the user, and that what any row maps comes back as it was. */
#include "unit-tools.h"

/* --- rows of the user --------------------------------------------------- */

static void user_rows_win(void **state)
{
	struct json_object *shipped = json(
		"{'tools':[{'name':'Bash','input_schema':{'properties':"
		"{'command':{'type':'string'}},'required':['command']}}],"
		"'map':[{'names':['bash','sh'],'tool':'Bash','fields':"
		"{'command':['command']}}]}");
	struct json_object *user = json(
		"{'tools':[{'name':'Mine','description':'d','input_schema':"
		"{'properties':{'x':{}}}}],'map':[{'names':['bash'],'tool':"
		"null},{'names':['mine'],'tool':'Mine','fields':{'x':['y']},"
		"'note':'any text'}]}");
	struct tool_rows *t, *saved = rows;
	struct err e = { 0 };
	struct run r;

	(void)state;
	t = tool_rows_parse(shipped, user, &e);
	if (!t)
		fail_msg("%s", e.msg);
	rows = t;
	begin(&r, TOOLS_MAP,
	      "{'tools':[{'name':'bash','input_schema':{'properties':"
	      "{'command':{}}}},{'name':'sh','input_schema':{'properties':"
	      "{'command':{}}}},{'name':'mine','input_schema':{'properties':"
	      "{'y':{},'z':{}}}}]}");
	assert_tool(&r, 0, "bash");
	assert_tool(&r, 1, "Bash");
	assert_json(tool_at(&r, 2),
		    "{'name':'Mine','description':'d','input_schema':"
		    "{'properties':{'x':{},'z':{}}}}");
	end(&r);
	rows = saved;
	tool_rows_free(t);
	json_object_put(shipped);
	json_object_put(user);
}

/* The files under the home: absent, good, wrong. */
static void files_of_the_user(void **state)
{
	char home[] = "/tmp/dario-tools.XXXXXX", command[80];
	struct err e = { 0 };
	struct tool_rows *t;
	struct template *p;

	(void)state;
	assert_non_null(mkdtemp(home));
	p = template_load(home, NULL, &e);
	assert_non_null(p);
	template_free(p);
	assert_null(template_load(home, "/nonexistent/t.json", &e));
	assert_non_null(strstr(e.msg, "/nonexistent/t.json"));
	assert_int_equal(store_replace(home, TOOLS_FILE,
				       SPAN("{\"map\":[{\"names\":[\"bash\"],"
					    "\"tool\":null}]}"),
				       &e),
			 0);
	t = tools_load(home, &e);
	assert_non_null(t);
	assert_null(tool_rows_find(t, SPAN("bash"))->form);
	assert_non_null(tool_rows_find(t, SPAN("exec"))->form);
	tool_rows_free(t);
	store_replace(home, TOOLS_FILE, SPAN("{\"map\":[{}]}"), &e);
	assert_null(tools_load(home, &e));
	assert_int_equal(e.code, ERR_CONFIG);
	assert_string_equal(e.msg, "tools.json: map[0]: names or tool is "
				   "missing");
	store_replace(home, TEMPLATE_FILE, SPAN("{\"effort\":1}"), &e);
	assert_null(template_load(home, NULL, &e));
	assert_string_equal(e.msg,
			    "template.json: effort must be low or medium "
			    "or high or xhigh or max");
	snprintf(command, sizeof(command), "rm -rf '%s'", home);
	assert_int_equal(system(command), 0);
}

static void refuses(const char *file, const char *part)
{
	struct json_object *o = json(file);
	struct err e = { 0 };
	struct tool_rows *t = tool_rows_parse(NULL, o, &e);

	if (t)
		fail_msg("taken, without \"%s\"", part);
	if (e.code != ERR_CONFIG || !strstr(e.msg, part))
		fail_msg("got \"%s\", wanted \"%s\"", e.msg, part);
	json_object_put(o);
}

static void wrong_rows_are_named(void **state)
{
	(void)state;
	refuses("[]", "not a JSON object");
	refuses("{'mapp':[]}", "unknown key \"mapp\"");
	refuses("{'map':[{'names':['a'],'tool':null,'field':{}}]}",
		"map[0]: unknown key \"field\"");
	refuses("{'tools':{}}", "tools must be a list");
	refuses("{'tools':[7]}", "tools[0]: name must be");
	refuses("{'tools':[{'name':'a b'}]}", "tools[0]: name must be");
	refuses("{'tools':[{'name':'A'}]}", "tools[0]: input_schema");
	refuses("{'map':[{'names':['a'],'tool':'No'}]}",
		"map[0]: no tool is called \"No\"");
	refuses("{'map':[{'names':['a']}]}",
		"map[0]: names or tool is missing");
	refuses("{'map':[{'names':'a','tool':null}]}", "map[0]: names must be");
	refuses("{'map':[{'names':[7],'tool':null}]}", "map[0]: names must be");
	refuses("{'tools':[{'name':'A','input_schema':{'properties':{}}}],"
		"'map':[{'names':['a'],'tool':'A','fields':{'x':['y']}}]}",
		"map[0]: fields names something that A does not have");
	refuses("{'tools':[{'name':'A','input_schema':{'properties':{'x':{}}}}]"
		",'map':[{'names':['a'],'tool':'A','fields':{'x':7}}]}",
		"map[0]: x must be a list of names");
}

/* --- the property ------------------------------------------------------- */

/* A generator of its own, so that the cases are the same everywhere. */
static uint32_t seed;

static uint32_t any(uint32_t n)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % n;
}

static struct json_object *any_value(int depth)
{
	struct json_object *o;

	switch (any(depth > 2 ? 6 : 8)) {
	case 0:
		return json_object_new_string("a \"quoted\"\n text \xc3\xa4");
	case 1:
		return json_object_new_int64((int64_t)any(1u << 20) - 1000);
	case 2:
		return json_object_new_double(any(1000) / 8.0);
	case 3:
		return json_object_new_boolean(1);
	case 4:
		return NULL;
	case 5:
		return json_object_new_string("");
	case 6:
		o = json_object_new_array();
		for (uint32_t n = any(4); n; n--)
			json_object_array_add(o, any_value(depth + 1));
		return o;
	}
	o = json_object_new_object();
	for (uint32_t n = any(4); n; n--) {
		char key[2] = { (char)('a' + any(26)), 0 };

		json_object_object_add(o, key, any_value(depth + 1));
	}
	return o;
}

/* A name that some row knows, or any other. */
static const char *any_name(const struct tool_row *row)
{
	static const char *const others[] = { "x",     "path",   "file_path",
					      "query", "limit",  "content",
					      "y",     "timeout" };

	if (row->form->n && any(3)) {
		size_t f = any((uint32_t)row->form->n);

		if (row->fields[f].n)
			return row->fields[f]
				.names[any((uint32_t)row->fields[f].n)]
				.p;
		return row->form->fields[f].name.p;
	}
	return others[any(8)];
}

/* A request with one tool of the row, and one call of it; the input comes
 * back in *input. */
static struct json_object *any_request(const struct tool_row *row,
				       struct json_object **input)
{
	struct json_object *body = json("{'tools':[{'input_schema':{'type':"
					"'object','properties':{}}}],"
					"'messages':[{'content':[{'type':"
					"'tool_use'}]}]}");
	struct json_object *tool = json_at(json_get(body, "tools"), 0);
	struct json_object *properties =
		json_get(json_get(tool, "input_schema"), "properties");
	struct json_object *call = json_at(
		json_get(json_at(json_get(body, "messages"), 0), "content"), 0);

	*input = json_object_new_object();
	json_set_str(tool, "name", row->client.p);
	json_set_str(call, "name", row->client.p);
	if (any(2))
		json_object_object_add(json_get(tool, "input_schema"),
				       "additionalProperties",
				       json_object_new_boolean(0));
	for (size_t i = 0; i < row->form->n; i++)
		if (row->fields[i].n && any(8))
			json_object_object_add(
				properties,
				row->fields[i]
					.names[any((uint32_t)row->fields[i].n)]
					.p,
				json("{}"));
	for (uint32_t n = any(5); n; n--)
		json_object_object_add(properties, any_name(row), json("{}"));
	json_object_object_foreach(properties, key, value)
	{
		(void)value;
		if (any(4))
			json_object_object_add(*input, key, any_value(0));
	}
	json_object_object_add(call, "input", json_object_get(*input));
	return body;
}

/* Through the stream in pieces, out of it again. */
static struct json_object *streamed_back(struct run *r, struct span name,
					 struct json_object *mapped)
{
	struct span text = json_text(mapped);
	struct json_object *o = NULL;
	struct buf got;
	struct err e;
	char copy[129];

	snprintf(copy, sizeof(copy), "%.*s", SPAN_FMT(name));
	start_call(r, 0, copy);
	while (text.n) {
		size_t n = 1 + any(20);
		struct json_object *v = json("{'type':'content_block_delta',"
					     "'index':0,'delta':{'type':"
					     "'input_json_delta'}}");

		while (n < text.n && (text.p[n] & 0xc0) == 0x80)
			n++; /* a JSON string cannot hold half a character */
		n = n < text.n ? n : text.n;
		json_object_object_add(
			json_get(v, "delta"), "partial_json",
			json_object_new_string_len(text.p, (int)n));
		assert_int_equal(tool_map_event(r->map,
						SPAN("content_block_delta"),
						json_text(v), &e),
				 0);
		json_object_put(v);
		text.p += n;
		text.n -= n;
	}
	stop(r, 0);
	/* Collect what the client sees. */
	buf_init(&got, 1u << 20);
	for (char *p = r->out.p; (p = strstr(p, "data: ")); p++) {
		struct span line = { p + 6, strcspn(p + 6, "\n") };
		struct json_object *v = json_read(line, &e);

		buf_span(&got, json_str(json_get(v, "delta"), "partial_json"));
		json_object_put(v);
	}
	o = json_read(buf_get(&got), &e);
	buf_release(&got);
	return o;
}

static bool same_members(struct json_object *declared, struct json_object *a,
			 struct json_object *b)
{
	json_object_object_foreach(declared, key, value)
	{
		struct json_object *x = NULL, *y = NULL;

		(void)value;
		if (json_object_object_get_ex(a, key, &x) !=
			    json_object_object_get_ex(b, key, &y) ||
		    !json_object_equal(x, y))
			return false;
	}
	return true;
}

/* Map, then map back: the same on every declared field, whole and streamed. */
static void there_and_back_again(void **state)
{
	size_t mapped = 0;

	(void)state;
	seed = 20261122;
	for (int n = 0; n < 20000; n++) {
		const struct tool_row *row =
			&rows->rows[any((uint32_t)rows->n_rows)];
		struct json_object *input, *call, *back, *declared;
		struct json_object *body = any_request(row, &input);
		struct json_object *before = NULL;
		struct run r;

		json_object_deep_copy(input, &before, NULL);
		json_object_put(input);
		declared = json_object_get(
			json_get(json_get(json_at(json_get(body, "tools"), 0),
					  "input_schema"),
				 "properties"));
		arena_init(&r.arena);
		buf_init(&r.out, 1u << 20);
		r.body = body;
		r.map = tool_map_request(rows, TOOLS_MAP, NULL, &r.arena, body);
		if (r.map) {
			mapped++;
			tool_map_sink(r.map, tool_map_write, &r.out);
			sse_init(&r.sse, tool_map_event, r.map);
			call = json_at(
				json_get(json_at(json_get(body, "messages"), 0),
					 "content"),
				0);
			assert_true(span_eq(json_str(call, "name"),
					    row->form->name));
			back = streamed_back(&r, row->form->name,
					     json_get(call, "input"));
			if (!same_members(declared, before, back))
				fail_msg("case %d, %s: %s became %s and %s", n,
					 row->client.p, json_text(before).p,
					 json_text(json_get(call, "input")).p,
					 json_text(back).p);
			json_object_put(back);
			tool_map_whole(r.map,
				       json_at(json_get(body, "messages"), 0));
			assert_span(json_str(call, "name"), row->client.p);
			assert_true(same_members(declared, before,
						 json_get(call, "input")));
		}
		json_object_put(before);
		json_object_put(declared);
		end(&r);
	}
	if (mapped < 5000)
		fail_msg("only %zu cases were mapped", mapped);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(user_rows_win),
		cmocka_unit_test(files_of_the_user),
		cmocka_unit_test(wrong_rows_are_named),
		cmocka_unit_test(there_and_back_again),
	};

	return cmocka_run_group_tests(tests, load_rows, drop_rows);
}
