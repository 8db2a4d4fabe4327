/* SPDX-License-Identifier: MIT */
/* Tools of clients, as the canonical ones and back. */
#include "unit-tools.h"

#include "dialect/answer-restore.h"

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
	};

	return cmocka_run_group_tests(tests, load_rows, drop_rows);
}
