/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "base/store.h"
#include "dialect/answer-restore.h"
#include "dialect/dialect.h"
#include "dialect/tool-map.h"
#include "state/config/tools.h"

/* Single quotes stand for double ones in the texts below. */
static struct json_object *json(const char *text)
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

static void assert_json(struct json_object *got, const char *want)
{
	struct json_object *o = json(want);

	if (!json_object_equal(got, o))
		fail_msg("got %s, wanted %s", json_text(got).p, json_text(o).p);
	json_object_put(o);
}

static struct tool_rows *rows;

static int load_rows(void **state)
{
	struct err e = { 0 };

	(void)state;
	rows = tools_load("/nonexistent", &e);
	if (!rows)
		fprintf(stderr, "%s\n", e.msg);
	return rows ? 0 : -1;
}

static int drop_rows(void **state)
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

static void begin(struct run *r, enum tool_mode mode, const char *body)
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

static void end(struct run *r)
{
	if (r->map)
		sse_release(&r->sse);
	tool_map_free(r->map);
	json_object_put(r->body);
	buf_release(&r->out);
	arena_release(&r->arena);
}

static struct json_object *tool_at(const struct run *r, size_t i)
{
	return json_at(json_get(r->body, "tools"), i);
}

static void assert_tool(const struct run *r, size_t i, const char *name)
{
	assert_span(json_str(tool_at(r, i), "name"), name);
}

/* An event without quotes to escape: {...} of the given type. */
static void event(struct run *r, const char *type, const char *rest)
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

static void start_call(struct run *r, int index, const char *name)
{
	char text[300];

	snprintf(text, sizeof(text),
		 "'index':%d,'content_block':{'type':'tool_use','id':'t',"
		 "'name':'%s','input':{}}",
		 index, name);
	event(r, "content_block_start", text);
}

static void delta(struct run *r, int index, const char *json_part)
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

static void stop(struct run *r, int index)
{
	char text[40];

	snprintf(text, sizeof(text), "'index':%d", index);
	event(r, "content_block_stop", text);
}

/* What came out since the last time: names and inputs, in short. */
struct short_form {
	struct buf text;
};

static int shorten(void *arg, struct span name, struct span data, struct err *e)
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

static void assert_out(struct run *r, const char *want)
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

/* --- requests ----------------------------------------------------------- */

static void renames_tools_choice_and_history(void **state)
{
	struct run r;

	(void)state;
	begin(&r, TOOLS_MAP,
	      "{'tools':[" READ_FILE "," EXEC ",{'name':'other'}],"
	      "'tool_choice':{'type':'tool','name':'exec'},"
	      "'context_management':{'edits':[{'exclude_tools':['exec','z'],"
	      "'clear_tool_inputs':true},7]},'messages':["
	      "{'role':'user','content':'read_file and exec'},"
	      "{'role':'assistant','content':[{'type':'tool_use','id':'1',"
	      "'name':'read_file','input':{'note':'n','path':'a'}},"
	      "{'type':'tool_use','id':'2','name':'other','input':"
	      "{'path':'b'}}]},"
	      "{'role':'user','content':[{'type':'tool_result',"
	      "'tool_use_id':'1','content':[{'type':'tool_reference',"
	      "'tool_name':'exec'},{'type':'text','text':'exec'}]}]},"
	      "{'role':'assistant','content':[{'type':'tool_use','id':'3',"
	      "'name':'exec','input':{'command':'x'}}]}]}");
	assert_non_null(r.map);
	assert_tool(&r, 0, "Read");
	assert_tool(&r, 1, "Bash");
	assert_tool(&r, 2, "other");
	assert_json(json_get(tool_at(&r, 0), "input_schema"),
		    "{'type':'object','properties':{'file_path':{'type':"
		    "'string','description':'Path of the file'},'note':"
		    "{'type':'string'}},'required':['file_path']}");
	assert_json(json_get(r.body, "tool_choice"),
		    "{'type':'tool','name':'Bash'}");
	assert_json(json_get(r.body, "context_management"),
		    "{'edits':[{'exclude_tools':['Bash','z'],"
		    "'clear_tool_inputs':true},7]}");
	assert_true(tool_map_wanted(json_text(r.body)));
	assert_false(tool_map_wanted(SPAN("{\"messages\":[]}")));
	assert_json(json_get(r.body, "messages"),
		    "[{'role':'user','content':'read_file and exec'},"
		    "{'role':'assistant','content':[{'type':'tool_use',"
		    "'id':'1','name':'Read','input':{'note':'n','file_path':"
		    "'a'}},{'type':'tool_use','id':'2','name':'other',"
		    "'input':{'path':'b'}}]},"
		    "{'role':'user','content':[{'type':'tool_result',"
		    "'tool_use_id':'1','content':[{'type':'tool_reference',"
		    "'tool_name':'Bash'},{'type':'text','text':'exec'}]}]},"
		    "{'role':'assistant','content':[{'type':'tool_use',"
		    "'id':'3','name':'Bash','input':{'command':'x'}}]}]");
	end(&r);
}

static void keeps_what_it_does_not_know(void **state)
{
	struct run r;

	(void)state;
	begin(&r, TOOLS_MAP,
	      "{'tools':[{'name':'read_file','description':' Own words.',"
	      "'type':'custom','strict':true,'cache_control':{'type':"
	      "'ephemeral'},'defer_loading':true,'eager_input_streaming':true,"
	      "'input_examples':[{'path':'a','sessionId':'x'},7],"
	      "'input_schema':{'$defs':{'a':1},'type':'object','properties':"
	      "{'path':{'description':'mine','minLength':1},'sessionId':{}},"
	      "'additionalProperties':false}}]}");
	assert_json(tool_at(&r, 0),
		    "{'name':'Read','description':'Reads a file and returns "
		    "its text. Large files can be read in pieces.\\n\\n Own "
		    "words.','type':'custom','strict':true,'cache_control':"
		    "{'type':'ephemeral'},'defer_loading':true,"
		    "'eager_input_streaming':true,"
		    "'input_examples':[{'file_path':'a'},7],'input_schema':"
		    "{'$defs':{'a':1},'type':'object','properties':"
		    "{'file_path':{'description':'mine','minLength':1}},"
		    "'additionalProperties':false}}");
	end(&r);
}

/* Nothing is mapped, and not a byte is changed. */
static void passes(const char *body)
{
	struct json_object *before = json(body);
	struct run r;

	begin(&r, TOOLS_MAP, body);
	if (r.map)
		fail_msg("mapped: %s", json_text(r.body).p);
	assert_true(json_object_equal(before, r.body));
	json_object_put(before);
	end(&r);
}

#define ONE(name, schema) \
	"{'tools':[{'name':'" name "','input_schema':" schema "}]}"
#define OBJECT(rest) "{'type':'object'" rest "}"
#define PATH OBJECT(",'properties':{'path':{'type':'string'}}")

static void passes_what_does_not_fit(void **state)
{
	(void)state;
	/* no row, or none that is meant */
	passes("{}");
	passes("{'tools':[]}");
	passes("{'tools':["
	       "{'name':'todo_read'},{'name':'apply_patch'},"
	       "{'name':'message'},{'name':'notebook_read'}]}");
	passes(ONE("Read", OBJECT("")));
	passes(ONE("READ_FILE", PATH));
	/* other shapes */
	passes(ONE("edit_file", OBJECT(",'properties':{'target_file':{},"
				       "'instructions':{},'code_edit':{}}")));
	passes(ONE("shell", OBJECT(",'properties':{'command':{'type':"
				   "'array'}}")));
	passes(ONE("list_files", OBJECT(",'properties':{'path':{},"
					"'recursive':{}}")));
	passes(ONE("browser", OBJECT(",'properties':{'action':{},"
				     "'url':{}}")));
	passes(ONE("read_file", OBJECT(",'properties':{}")));
	passes(ONE("read_file", OBJECT(",'additionalProperties':false")));
	passes(ONE("read_file", OBJECT(",'required':['p']")));
	/* two properties of one name */
	passes(ONE("read_file",
		   OBJECT(",'properties':{'path':{},'file_path':{}}")));
	/* schemas that name properties elsewhere */
	passes(ONE("read_file", OBJECT(",'properties':{'path':{}},'anyOf':"
				       "[{'required':['path']}]")));
	passes(ONE("read_file", OBJECT(",'properties':{'path':{},'b':{'$ref':"
				       "'#/properties/path'}}")));
	/* not tools of the client */
	passes("{'tools':[{'type':'bash_20250124','name':'bash'}]}");
	passes("{'tools':[{'type':7,'name':'bash'}]}");
	/* declared twice */
	passes("{'tools':[" READ_FILE "," READ_FILE "]}");
	passes("{'tools':[" EXEC ",{'type':'bash_20250124','name':'exec'}]}");
}

static void passes_hostile_shapes(void **state)
{
	(void)state;
	passes("[]");
	passes("'tools'");
	passes("{'tools':{'name':'bash'}}");
	passes("{'tools':[null,7,'bash',[],{},{'name':7},{'name':null}]}");
	passes(ONE("read_file", "7"));
	passes(ONE("read_file", "[]"));
	passes(ONE("read_file", "{'type':7,'properties':{'path':{}}}"));
	passes(ONE("read_file", "{'type':['object'],'properties':{}}"));
	passes(ONE("read_file", OBJECT(",'properties':[]")));
	passes(ONE("read_file", OBJECT(",'properties':{'path':{'type':7}}")));
	passes(ONE("read_file", OBJECT(",'properties':{'path':{}},"
				       "'required':7")));
}

static void one_tool_for_each_canonical_name(void **state)
{
	struct run r;

	(void)state;
	begin(&r, TOOLS_MAP,
	      "{'tools':[" EXEC ",{'name':'shell','input_schema':" OBJECT(
		      ",'properties':{'command':{}}") "}," READ_FILE
						      ",{'name':'Read'}]}");
	assert_tool(&r, 0, "Bash");
	assert_tool(&r, 1, "shell");
	assert_tool(&r, 2, "read_file");
	assert_tool(&r, 3, "Read");
	end(&r);
}

static void hostile_parts_of_a_mapped_request(void **state)
{
	struct run r;

	(void)state;
	begin(&r, TOOLS_HYBRID,
	      "{'tools':[{'name':'read_file','description':7,'input_examples':"
	      "{},'input_schema':{'properties':{'path':null,'session_id':null,"
	      "'a':true},'required':[7,null,'session_id','path']}}],"
	      "'tool_choice':'x','messages':[7,null,{'content':7},{'content':["
	      "null,7,{'type':'tool_use','name':'read_file'},{'type':"
	      "'tool_use','name':'read_file','input':'text'},{'type':"
	      "'tool_use','name':7,'input':{}},{'type':'tool_result',"
	      "'content':[null]}]}]}");
	assert_non_null(r.map);
	assert_json(json_get(tool_at(&r, 0), "input_schema"),
		    "{'properties':{'file_path':null,'a':true},"
		    "'required':['file_path']}");
	assert_json(json_at(json_get(json_at(json_get(r.body, "messages"), 3),
				     "content"),
			    3),
		    "{'type':'tool_use','name':'Read','input':'text'}");
	end(&r);
}

static void deep_nesting(void **state)
{
	struct buf text;
	struct run r;

	(void)state;
	buf_init(&text, 1u << 20);
	buf_str(&text, "{'tools':[{'name':'read_file','input_schema':"
		       "{'properties':{'path':{},'deep':");
	for (int i = 0; i < 50; i++)
		buf_str(&text, "{'properties':{'sessionId':{},'x':");
	buf_str(&text, "{}");
	for (int i = 0; i < 50; i++)
		buf_str(&text, "}}");
	buf_str(&text, "}}}]}");
	begin(&r, TOOLS_HYBRID, buf_cstr(&text));
	assert_non_null(r.map);
	assert_false(span_has(json_text(r.body), SPAN("sessionId")));
	end(&r);
	buf_release(&text);
}

static void unsaid_shape_takes_the_usual_names(void **state)
{
	struct json_object *m;
	struct run r;

	(void)state;
	begin(&r, TOOLS_MAP, ONE("write_file", OBJECT("")));
	assert_json(json_get(tool_at(&r, 0), "input_schema"),
		    "{'type':'object','properties':{'file_path':{'type':"
		    "'string','description':'Path of the file'},'content':"
		    "{'type':'string','description':'The complete text of the "
		    "file'}},'required':['file_path','content']}");
	m = json("{'content':[{'type':'tool_use','name':'Write','input':"
		 "{'file_path':'a','content':'b'}}]}");
	assert_true(tool_map_whole(r.map, m));
	assert_json(m, "{'content':[{'type':'tool_use','name':'write_file',"
		       "'input':{'path':'a','content':'b'}}]}");
	json_object_put(m);
	end(&r);
}

/* --- answers ------------------------------------------------------------ */

static void whole_answers(void **state)
{
	struct json_object *m;
	struct run r;

	(void)state;
	begin(&r, TOOLS_MAP, "{'tools':[" READ_FILE "]}");
	m = json("{'content':[{'type':'text','text':'Read'},{'type':"
		 "'tool_use','id':'1','name':'Read','input':{'note':'n',"
		 "'file_path':'a','limit':1}},{'type':'tool_use','name':'Bash',"
		 "'input':{'file_path':1}},{'type':'server_tool_use','name':"
		 "'Read','input':{'file_path':1}},7,null]}");
	assert_true(tool_map_whole(r.map, m));
	assert_json(m, "{'content':[{'type':'text','text':'Read'},{'type':"
		       "'tool_use','id':'1','name':'read_file','input':"
		       "{'note':'n','path':'a','limit':1}},{'type':'tool_use',"
		       "'name':'Bash','input':{'file_path':1}},{'type':"
		       "'server_tool_use','name':'Read','input':{'file_path':"
		       "1}},7,null]}");
	json_object_put(m);
	assert_false(tool_map_whole(r.map, NULL));
	end(&r);
}

/* What only the canonical tool has is kept from a schema that is closed. */
static void closed_schemas(void **state)
{
	struct json_object *m;
	struct run r;

	(void)state;
	begin(&r, TOOLS_MAP,
	      ONE("read_file", OBJECT(",'properties':{'path':{}},"
				      "'additionalProperties':false")));
	m = json("{'content':[{'type':'tool_use','name':'Read','input':"
		 "{'file_path':'a','limit':1,'strange':2}}]}");
	tool_map_whole(r.map, m);
	assert_json(m, "{'content':[{'type':'tool_use','name':'read_file',"
		       "'input':{'path':'a','strange':2}}]}");
	json_object_put(m);
	end(&r);
}

static void streams(void **state)
{
	struct run r;

	(void)state;
	begin(&r, TOOLS_MAP, "{'tools':[" READ_FILE "," EXEC "]}");
	event(&r, "message_start", "'message':{'content':[]}");
	start_call(&r, 0, "Read");
	assert_out(&r, "(message_start)<read_file>");
	delta(&r, 0, "");
	delta(&r, 0, "{\"file_pa");
	event(&r, "ping", "");
	delta(&r, 0, "th\": \"x\"}");
	assert_out(&r, "(ping)");
	stop(&r, 0);
	assert_out(&r, "[{\"path\":\"x\"}]/");
	/* only the name differs: nothing is held */
	start_call(&r, 1, "Bash");
	delta(&r, 1, "{\"comm");
	assert_out(&r, "<exec>[{\"comm]");
	delta(&r, 1, "and\":1}");
	stop(&r, 1);
	/* nobody's */
	start_call(&r, 2, "Write");
	delta(&r, 2, "{\"file_path\":1}");
	stop(&r, 2);
	event(&r, "message_delta", "'delta':{}");
	event(&r, "message_stop", "");
	assert_out(&r, "[and\":1}]/<Write>[{\"file_path\":1}]/"
		       "(message_delta)(message_stop)");
	end(&r);
}

static void streams_side_by_side(void **state)
{
	struct run r;

	(void)state;
	begin(&r, TOOLS_MAP, "{'tools':[" READ_FILE "," EXEC "]}");
	start_call(&r, 0, "Read");
	start_call(&r, 1, "Read");
	delta(&r, 1, "{\"file_path\":1}");
	delta(&r, 0, "{\"file_path\":0}");
	stop(&r, 1);
	stop(&r, 0);
	assert_out(&r, "<read_file><read_file>[{\"path\":1}]/[{\"path\":0}]/");
	/* a block that gives its input at once */
	event(&r, "content_block_start",
	      "'index':2,'content_block':{'type':'tool_use','name':'Read',"
	      "'input':{'file_path':'a'}}");
	assert_true(span_has(buf_get(&r.out), SPAN("{\"path\":\"a\"}")));
	stop(&r, 2);
	assert_out(&r, "<read_file>/");
	/* no input at all */
	start_call(&r, 3, "Read");
	delta(&r, 3, "");
	stop(&r, 3);
	assert_out(&r, "<read_file>/");
	end(&r);
}

static void cut_streams(void **state)
{
	struct err e = { 0 };
	struct run r;

	(void)state;
	begin(&r, TOOLS_MAP, "{'tools':[" READ_FILE "]}");
	/* stopped in the middle of its input */
	start_call(&r, 0, "Read");
	delta(&r, 0, "{\"file_path\": \"");
	stop(&r, 0);
	assert_out(&r, "<read_file>[{\"file_path\": \"]/");
	/* the message ends, the block does not */
	start_call(&r, 1, "Read");
	delta(&r, 1, "{\"file_path\":");
	event(&r, "message_delta", "'delta':{'stop_reason':'max_tokens'}");
	assert_out(&r, "<read_file>[{\"file_path\":](message_delta)");
	delta(&r, 1, "late");
	stop(&r, 1);
	assert_out(&r, "[late]/");
	/* whole, but never stopped */
	start_call(&r, 2, "Read");
	delta(&r, 2, "{\"file_path\":1}");
	event(&r, "error", "'error':{}");
	assert_out(&r, "<read_file>[{\"path\":1}](error)");
	/* what is not an object */
	start_call(&r, 3, "Read");
	delta(&r, 3, "[1]");
	stop(&r, 3);
	assert_out(&r, "<read_file>[[1]]/");
	/* begun again without a stop; the stream just ends */
	start_call(&r, 4, "Read");
	delta(&r, 4, "{");
	start_call(&r, 4, "Read");
	delta(&r, 4, "{\"file");
	assert_int_equal(tool_map_end(r.map, &e), 0);
	assert_out(&r, "<read_file>[{]<read_file>[{\"file]");
	end(&r);
}

/* A second attempt knows nothing of the first. */
static void reset_between_attempts(void **state)
{
	struct err e = { 0 };
	struct run r;

	(void)state;
	begin(&r, TOOLS_MAP, "{'tools':[" READ_FILE "]}");
	start_call(&r, 0, "Read");
	delta(&r, 0, "{\"file_path\":");
	tool_map_reset(r.map);
	assert_int_equal(tool_map_end(r.map, &e), 0);
	assert_out(&r, "<read_file>");
	start_call(&r, 0, "Read");
	delta(&r, 0, "{\"file_path\":1}");
	stop(&r, 0);
	assert_out(&r, "<read_file>[{\"path\":1}]/");
	end(&r);
}

static void too_much_is_an_error(void **state)
{
	struct err e = { 0 };
	struct buf text;
	struct run r;
	int rc = 0;

	(void)state;
	begin(&r, TOOLS_MAP, "{'tools':[" READ_FILE "]}");
	start_call(&r, 0, "Read");
	buf_init(&text, 2u << 20);
	buf_str(&text, "{\"type\":\"content_block_delta\",\"index\":0,"
		       "\"delta\":{\"type\":\"input_json_delta\","
		       "\"partial_json\":\"");
	memset(buf_room(&text, 1u << 20), 'x', 1u << 20);
	buf_took(&text, 1u << 20);
	buf_str(&text, "\"}}");
	for (int i = 0; i < 17 && rc == 0; i++)
		rc = tool_map_event(r.map, SPAN("content_block_delta"),
				    buf_get(&text), &e);
	assert_int_equal(rc, -1);
	assert_int_equal(e.code, ERR_UPSTREAM);
	end(&r);
	begin(&r, TOOLS_MAP, "{'tools':[" READ_FILE "]}");
	rc = 0;
	for (int i = 0; i <= TOOL_OPEN_MAX && rc == 0; i++) {
		char data[200];

		snprintf(data, sizeof(data),
			 "{\"index\":%d,\"content_block\":{\"type\":"
			 "\"tool_use\",\"name\":\"Read\"}}",
			 i);
		rc = tool_map_event(r.map, SPAN("content_block_start"),
				    span_of(data), &e);
	}
	assert_int_equal(rc, -1);
	end(&r);
	buf_release(&text);
}

/* Data and names go through as they are: blanks, order, no JSON at all. */
static void other_events_are_not_touched(void **state)
{
	static const char text[] =
		"event: content_block_start\ndata: {\"index\": 0, "
		"\"content_block\" :{\"type\":\"text\",\"text\":\"Read "
		"tool_use\"} }\n\nevent: content_block_delta\ndata: not JSON\n\n"
		"event: new_kind\ndata: {  }\n\ndata: [DONE]\n\n";
	struct err e = { 0 };
	struct run r;

	(void)state;
	begin(&r, TOOLS_MAP, "{'tools':[" READ_FILE "]}");
	assert_int_equal(sse_feed(&r.sse, span_of(text), &e), 0);
	assert_span(buf_get(&r.out), text);
	end(&r);
}

/* A server that leaves the type to the data, and one that sends all at once. */
static void other_servers(void **state)
{
	static const char text[] =
		"data: {\"type\":\"content_block_start\",\"index\":0,"
		"\"content_block\":{\"type\":\"tool_use\",\"name\":\"Read\"}}"
		"\n\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n";
	struct err e = { 0 };
	struct run r;

	(void)state;
	begin(&r, TOOLS_MAP, "{'tools':[" READ_FILE "]}");
	assert_int_equal(sse_feed(&r.sse, span_of(text), &e), 0);
	assert_true(span_has(buf_get(&r.out), SPAN("\"read_file\"")));
	buf_reset(&r.out);
	event(&r, "message_start",
	      "'message':{'content':[{'type':'tool_use','name':'Read','input':"
	      "{'file_path':1}}]}");
	assert_true(span_has(buf_get(&r.out), SPAN("\"read_file\"")));
	assert_true(span_has(buf_get(&r.out), SPAN("{\"path\":1}")));
	end(&r);
}

/* --- modes -------------------------------------------------------------- */

#define PROCESS \
	"{'tools':[{'name':'process','input_schema':" OBJECT( \
		",'properties':{'action':{'type':'string'},'sessionId':" \
		"{'type':'string'}},'required':['action','sessionId']") "}]"

static void process_in(enum tool_mode mode, const char *want)
{
	struct run r;

	begin(&r, mode, PROCESS "}");
	assert_non_null(r.map);
	assert_tool(&r, 0, "Bash");
	assert_json(json_get(tool_at(&r, 0), "input_schema"),
		    "{'type':'object','properties':{'command':{'type':'string',"
		    "'description':'The command line to run'}},'required':"
		    "['command']}");
	start_call(&r, 0, "Bash");
	delta(&r, 0, "{\"command\":\"list\"}");
	stop(&r, 0);
	assert_out(&r, want);
	end(&r);
}

static void modes(void **state)
{
	struct run r;

	(void)state;
	process_in(TOOLS_MAP, "<process>[{\"action\":\"list\"}]/");
	process_in(TOOLS_HYBRID, "<process>[{\"action\":\"list\","
				 "\"sessionId\":\"s-1\"}]/");
	begin(&r, TOOLS_PRESERVE, PROCESS "}");
	assert_null(r.map);
	assert_tool(&r, 0, "process");
	end(&r);
}

#define HYBRID \
	"{'tools':[{'name':'bash','input_schema':" OBJECT( \
		",'properties':{'command':{},'request_id':{'type':'integer'}," \
		"'requestId':{'type':['string','null']},'channelId':{}," \
		"'userId':{},'timestamp':{'type':'number'},'createdAt':{" \
		"'type':'string'},'session_id':{'type':'boolean'}," \
		"'sessionId':{'enum':['a']},'meta':{'properties':{" \
		"'created_at':{'type':'integer'},'note':{}},'required':[" \
		"'note','created_at']},'list':{'items':{'properties':{" \
		"'sessionId':{'type':'string'}}}}}") "}],'messages':[{" \
						     "'content':[{'type':'tool_use','name':'bash','input':{'command':1," \
						     "'request_id':9,'meta':{'created_at':8,'note':7}}}]}]}"

static void hybrid_fills_what_is_missing(void **state)
{
	struct json_object *m;
	struct run r;

	(void)state;
	begin(&r, TOOLS_HYBRID, HYBRID);
	assert_json(json_get(tool_at(&r, 0), "input_schema"),
		    "{'type':'object','properties':{'command':{'type':'string',"
		    "'description':'The command line to run'},'meta':{"
		    "'properties':{'note':{}},'required':['note']},'list':"
		    "{'items':{'properties':{}}}}}");
	assert_json(json_get(r.body, "messages"),
		    "[{'content':[{'type':'tool_use','name':'Bash','input':"
		    "{'command':1,'meta':{'note':7}}}]}]");
	m = json("{'content':[{'type':'tool_use','name':'Bash','input':"
		 "{'command':1,'createdAt':'mine','meta':{},'list':[{},7,"
		 "{'sessionId':null}]}}]}");
	tool_map_whole(r.map, m);
	assert_json(m, "{'content':[{'type':'tool_use','name':'bash','input':"
		       "{'command':1,'createdAt':'mine','meta':{'created_at':"
		       "1764000000123},'list':[{'sessionId':'s-1'},7,"
		       "{'sessionId':null}],'request_id':42,'requestId':'42',"
		       "'timestamp':1764000000123}}]}");
	json_object_put(m);
	/* an input that never came, of a block that ended as it should */
	start_call(&r, 0, "Bash");
	stop(&r, 0);
	assert_out(&r, "<bash>[{\"requestId\":\"42\",\"request_id\":42,"
		       "\"timestamp\":1764000000123,\"createdAt\":"
		       "\"2025-11-24T16:00:00.123Z\"}]/");
	end(&r);
}

/* Optional fields as Pydantic writes them, and a call of before. */
static void hybrid_reads_variants(void **state)
{
	struct json_object *m;
	struct run r;

	(void)state;
	begin(&r, TOOLS_HYBRID,
	      "{'tools':[{'name':'bash','input_schema':{'type':'object',"
	      "'properties':{'command':{'type':'string'},"
	      "'created_at':{'anyOf':[{'type':'integer'},{'type':'null'}]},"
	      "'timestamp':{'anyOf':[{'type':'string'},{'type':'null'}]},"
	      "'userId':{'type':'boolean'},"
	      "'meta':{'anyOf':[{'type':'null'},{'properties':{'sessionId':"
	      "{'type':'string'}},'required':['sessionId']}]}}}}]}");
	assert_false(span_has(json_text(r.body), SPAN("sessionId")));
	m = json("{'content':[{'type':'tool_use','name':'Bash','input':"
		 "{'command':'x','meta':{}}}]}");
	tool_map_whole(r.map, m);
	assert_json(m, "{'content':[{'type':'tool_use','name':'bash','input':"
		       "{'command':'x','meta':{'sessionId':'s-1'},"
		       "'timestamp':'2025-11-24T16:00:00.123Z',"
		       "'created_at':1764000000123}}]}");
	json_object_put(m);
	end(&r);
}

static void history_is_what_the_model_may_say(void **state)
{
	struct run r;

	(void)state;
	begin(&r, TOOLS_MAP,
	      "{'tools':[{'name':'process','input_schema':{'type':'object',"
	      "'properties':{'action':{'type':'string'},'sessionId':{}}}},"
	      "{'name':'bash2','input_schema':{}}],'messages':[{'content':[{"
	      "'type':'tool_use','name':'process','input':{'action':'ls',"
	      "'sessionId':'s-9','more':1}}]}]}");
	assert_json(json_get(r.body, "messages"),
		    "[{'content':[{'type':'tool_use','name':'Bash','input':"
		    "{'command':'ls','more':1}}]}]");
	end(&r);
}

#define FOUND(name) \
	"{'type':'tool_search_tool_result','tool_use_id':'1','content':{" \
	"'tool_references':[{'type':'tool_reference','tool_name':'" name "'}," \
	"{'type':'tool_reference','tool_name':'other'}]}}"

static void found_tools_have_both_names(void **state)
{
	struct json_object *m;
	struct run r;

	(void)state;
	begin(&r, TOOLS_MAP,
	      "{'tools':[" EXEC
	      "],'messages':[{'content':[" FOUND("exec") "]}]}");
	assert_json(json_get(r.body, "messages"),
		    "[{'content':[" FOUND("Bash") "]}]");
	m = json("{'content':[" FOUND("Bash") "]}");
	assert_true(tool_map_whole(r.map, m));
	assert_json(m, "{'content':[" FOUND("exec") "]}");
	json_object_put(m);
	event(&r, "content_block_start",
	      "'index':0,'content_block':" FOUND("Bash"));
	assert_true(span_has(buf_get(&r.out), SPAN("\"exec\"")));
	assert_false(span_has(buf_get(&r.out), SPAN("\"Bash\"")));
	end(&r);
}

/* Names that are common, for tools that are others. */
static void other_tools_of_that_name(void **state)
{
	(void)state;
	passes("{'tools':[{'name':'bash','input_schema':{'properties':{"
	       "'command':{},'sessionId':{},'async':{}}}}]}");
	passes("{'tools':[{'name':'search_files','input_schema':{'properties':{"
	       "'path':{},'pattern':{},'excludePatterns':{}}}}]}");
}

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

/* --- the template ------------------------------------------------------- */

static void applies(const char *file, const char *body, const char *want)
{
	struct json_object *f = *file ? json(file) : NULL;
	struct json_object *b = json(body);
	struct err e = { 0 };
	struct template *t = template_parse(f, &e);

	if (!t)
		fail_msg("%s", e.msg);
	template_apply(t, b, &(struct template_use){ 0 });
	assert_json(b, want);
	json_object_put(f);
	json_object_put(b);
	template_free(t);
}

#define MARK "'cache_control':{'type':'ephemeral'}"
#define TEXT(t) "{'type':'text','text':'" t "'}"
#define MARKED(t) "{'type':'text','text':'" t "'," MARK "}"

static void breakpoints(void **state)
{
	(void)state;
	applies("",
		"{'system':'s','tools':[{'name':'a'},{'name':'b'},{'name':"
		"'c','defer_loading':true}],'messages':[{'role':'user',"
		"'content':'1'},{'role':'user','content':'2'},{'role':"
		"'assistant','content':'3'},{'role':'user','content':[" TEXT(
			"4") "," TEXT(" ") ",{'type':'thinking'}]}]}",
		"{'system':[" MARKED(
			"s") "],'tools':[{'name':'a'},{'name':'b'," MARK
			     "},{'name':'c','defer_loading':true}],'messages':["
			     "{'role':'user','content':'1'},{'role':'user','content':[" MARKED(
				     "2") "]},{'role':'assistant','content':'3'},{'role':"
					  "'user','content':[" MARKED("4") "," TEXT(
						  " ") ",{'type':"
						       "'thinking'}]}]}");
	/* none of its own beside the client's, wherever they stand */
	applies("", "{'system':'s'," MARK "}", "{'system':'s'," MARK "}");
	applies("",
		"{'system':'s','messages':[{'role':'user','content':[{"
		"'type':'tool_result','content':[" MARKED("a") "]}]}]}",
		"{'system':'s','messages':[{'role':'user','content':[{"
		"'type':'tool_result','content':[" MARKED("a") "]}]}]}");
	applies("", "{'system':'s','tools':[{" MARK "}]}",
		"{'system':'s','tools':[{" MARK "}]}");
	applies("{'cache':false}", "{'system':'s'}", "{'system':'s'}");
	applies("{'cache':{'tools':false,'turns':0,'ttl':'1h'}}",
		"{'tools':[{}],'system':'s'}",
		"{'tools':[{}],'system':[{'type':'text','text':'s',"
		"'cache_control':{'type':'ephemeral','ttl':'1h'}}]}");
	/* shapes that the API will refuse are not ours to repair */
	applies("",
		"{'system':7,'tools':[7,null],'messages':[7,null,{'role':"
		"'user','content':7},{'role':'user'}]}",
		"{'system':7,'tools':[7,null],'messages':[7,null,{'role':"
		"'user','content':7},{'role':'user'}]}");
	applies("", "[]", "[]");
}

#define QUIET "'cache':false,"

static void defaults(void **state)
{
	(void)state;
	applies("{" QUIET "'max_tokens':9,'effort':'low','metadata':{'user_id':"
		"'u','x':1},'system':['a','b'],'thinking':{'type':'adaptive'}}",
		"{}",
		"{'max_tokens':9,'output_config':{'effort':'low'},'metadata':"
		"{'user_id':'u','x':1},'system':[" TEXT("a") "," TEXT(
			"b") "],"
			     "'thinking':{'type':'adaptive'}}");
	applies("{" QUIET "'max_tokens':9,'effort':'low','metadata':{'user_id':"
		"'u','x':1},'system':'a','thinking':{'type':'adaptive'}}",
		"{'max_tokens':1,'output_config':{'effort':'max'},'metadata':"
		"{'user_id':'mine'},'system':'b','thinking':{'type':"
		"'disabled'}}",
		"{'max_tokens':1,'output_config':{'effort':'max'},'metadata':"
		"{'user_id':'mine','x':1},'system':[" TEXT("a") "," TEXT(
			"b") "],'thinking':{'type':'disabled'}}");
	/* thinking that the client's own values rule out */
#define BUDGET "{" QUIET "'thinking':{'type':'enabled','budget_tokens':2000}}"
	applies(BUDGET, "{'max_tokens':2000}", "{'max_tokens':2000}");
	applies(BUDGET, "{'max_tokens':4000,'tool_choice':{'type':'any'}}",
		"{'max_tokens':4000,'tool_choice':{'type':'any'}}");
	applies(BUDGET, "{'max_tokens':4000,'temperature':0.5}",
		"{'max_tokens':4000,'temperature':0.5}");
	applies(BUDGET,
		"{'max_tokens':4000,'messages':[{'role':'assistant','content':"
		"[{'type':'tool_use'}]},{'role':'user'}]}",
		"{'max_tokens':4000,'messages':[{'role':'assistant','content':"
		"[{'type':'tool_use'}]},{'role':'user'}]}");
	applies(BUDGET, "{'max_tokens':4000}",
		"{'max_tokens':4000,'thinking':{'type':'enabled',"
		"'budget_tokens':2000}}");
}

static void order_betas_and_counting(void **state)
{
	struct json_object *f = json("{'max_tokens':9,'metadata':{'a':1},"
				     "'order':['b','nope','a'],'betas':['x-1',"
				     "'y-2'],'system':'s'}");
	struct json_object *b = json("{'z':1,'a':2,'y':3,'b':4}");
	struct err e = { 0 };
	struct template *t = template_parse(f, &e);
	struct buf out;

	(void)state;
	template_apply(t, b, &(struct template_use){ .count = true });
	assert_string_equal(json_text(b).p,
			    "{\"b\":4,\"a\":2,\"z\":1,\"y\":3,\"system\":[{"
			    "\"type\":\"text\",\"text\":\"s\",\"cache_control\""
			    ":{\"type\":\"ephemeral\"}}]}");
	buf_init(&out, 1000);
	buf_str(&out, "c-3, x-1");
	template_betas(t, &out);
	assert_string_equal(buf_cstr(&out), "c-3, x-1,y-2");
	buf_reset(&out);
	template_betas(t, &out);
	assert_string_equal(buf_cstr(&out), "x-1,y-2");
	buf_release(&out);
	template_free(t);
	json_object_put(f);
	json_object_put(b);
}

static void bad_template(const char *file, const char *part)
{
	struct json_object *f = json(file);
	struct err e = { 0 };
	struct template *t = template_parse(f, &e);

	if (t)
		fail_msg("taken, without \"%s\"", part);
	if (e.code != ERR_CONFIG || !strstr(e.msg, part))
		fail_msg("got \"%s\", wanted \"%s\"", e.msg, part);
	json_object_put(f);
}

static void wrong_templates_are_named(void **state)
{
	(void)state;
	bad_template("[]", "not a JSON object");
	bad_template("{'max_tokens':'9'}", "max_tokens must be");
	bad_template("{'max_tokens':0}", "max_tokens must be");
	bad_template("{'system':7}", "system must be");
	bad_template("{'system':['']}", "system must be");
	bad_template("{'max_token':5}", "unknown key \"max_token\"");
	bad_template("{'cache':{'turn':1}}", "unknown key \"turn\"");
	bad_template("{'cache':{'tools':'no'}}", "true or false");
	bad_template("{'cache':{'turns':'none'}}", "0 to 4");
	bad_template("{'betas':['a,b']}", "betas must be");
	bad_template("{'thinking':true}", "thinking must be an object");
	bad_template("{'effort':'huge'}", "low or medium or high or xhigh");
	bad_template("{'cache':7}", "cache must be");
	bad_template("{'cache':{'turns':5}}", "cache.turns must be 0 to 4");
	bad_template("{'cache':{'turns':3}}", "4 breakpoints at most");
	bad_template("{'cache':{'ttl':'2d'}}", "ttl must be 5m or 1h");
}

static int take_name(void *arg, const struct ev *v, struct err *e)
{
	(void)e;
	*(struct span *)arg = v->name;
	return 0;
}

/* The request's tree is gone by then, and the memory used for other things. */
static void names_outlive_the_request(void **state)
{
	struct upstream_model t = { .model = "m" };
	struct json_object *body = json(
		"{'model':'m','max_tokens':9,'messages':[{'role':'user',"
		"'content':'x'}],'tools':[{'name':'a','input_schema':"
		"{'type':'object'}},{'name':'a.long.name.of.a.tool','input"
		"_schema':{'type':'object'}}]}");
	struct ev v = { .kind = EV_OPEN, .part = PART_TOOL_USE };
	struct answer_restore r;
	struct span got = SPAN("");
	struct arena a;
	struct chat c;
	struct buf out;
	struct err e;

	(void)state;
	arena_init(&a);
	buf_init(&out, 4096);
	chat_init(&c, &a);
	assert_int_equal(dialects[DIALECT_ANTHROPIC].read(&c, body, &e), 0);
	assert_int_equal(dialects[DIALECT_OPENAI].request(&t, &c, &out, &e), 0);
	v.name = chat_tool_name(&a, SPAN("a.long.name.of.a.tool"), 64);
	assert_false(span_is(v.name, "a.long.name.of.a.tool"));
	chat_keep_for_answer(&c);
	json_object_put(body);
	body = json("['other','text','that','takes','its','place']");
	assert_null(c.msgs);
	assert_non_null(chat_msg(&c, ROLE_USER)); /* still well formed */
	answer_restore_init(&r, &c, DIALECT_OPENAI, take_name, &got);
	assert_int_equal(answer_restore_event(&r, &v, &e), 0);
	assert_span(got, "a.long.name.of.a.tool");
	answer_restore_release(&r);
	json_object_put(body);
	chat_release(&c);
	buf_release(&out);
	arena_release(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_outlive_the_request),
		cmocka_unit_test(renames_tools_choice_and_history),
		cmocka_unit_test(keeps_what_it_does_not_know),
		cmocka_unit_test(passes_what_does_not_fit),
		cmocka_unit_test(passes_hostile_shapes),
		cmocka_unit_test(one_tool_for_each_canonical_name),
		cmocka_unit_test(hostile_parts_of_a_mapped_request),
		cmocka_unit_test(deep_nesting),
		cmocka_unit_test(unsaid_shape_takes_the_usual_names),
		cmocka_unit_test(whole_answers),
		cmocka_unit_test(closed_schemas),
		cmocka_unit_test(streams),
		cmocka_unit_test(streams_side_by_side),
		cmocka_unit_test(cut_streams),
		cmocka_unit_test(reset_between_attempts),
		cmocka_unit_test(too_much_is_an_error),
		cmocka_unit_test(other_events_are_not_touched),
		cmocka_unit_test(other_servers),
		cmocka_unit_test(modes),
		cmocka_unit_test(hybrid_fills_what_is_missing),
		cmocka_unit_test(hybrid_reads_variants),
		cmocka_unit_test(history_is_what_the_model_may_say),
		cmocka_unit_test(found_tools_have_both_names),
		cmocka_unit_test(other_tools_of_that_name),
		cmocka_unit_test(user_rows_win),
		cmocka_unit_test(files_of_the_user),
		cmocka_unit_test(wrong_rows_are_named),
		cmocka_unit_test(there_and_back_again),
		cmocka_unit_test(breakpoints),
		cmocka_unit_test(defaults),
		cmocka_unit_test(order_betas_and_counting),
		cmocka_unit_test(wrong_templates_are_named),
	};

	return cmocka_run_group_tests(tests, load_rows, drop_rows);
}
