/* SPDX-License-Identifier: MIT */
/* The template that a subscription's request is shaped by. */
#include "unit-tools.h"

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
			     "{'role':'user','content':[" TEXT(
				     "1") "]},{'role':'user','content':[" MARKED(
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
	applies("",
		"{'messages':[{'role':'user','content':'1'},{'role':'user',"
		"'content':[" MARKED("a") "]}]}",
		"{'messages':[{'role':'user','content':[" TEXT(
			"1") "]},{'role':'user','content':[" MARKED("a") "]}]}");
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(breakpoints),
		cmocka_unit_test(defaults),
		cmocka_unit_test(order_betas_and_counting),
		cmocka_unit_test(wrong_templates_are_named),
	};

	return cmocka_run_group_tests(tests, load_rows, drop_rows);
}
