/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "dialect/chat-read.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int read_bad(struct err *e, const char *param, const char *fmt, ...)
{
	char msg[300];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	err_set(e, ERR_BAD_REQUEST, "%s", msg);
	snprintf(e->param, sizeof(e->param), "%s", param);
	return -1;
}

int read_faults(struct chat *c, struct err *e)
{
	struct span rest = span_of(c->fault);
	struct span key = span_cut(&rest, ' ');

	if (!*c->fault)
		return 0;
	return read_bad(e, arena_str(c->arena, key), "%s", c->fault);
}

void read_dropped(struct chat *c, struct json_object *body,
		  const char *const *handled)
{
	json_object_object_foreach(body, key, value)
	{
		bool known = !value; /* null says the same as nothing */

		for (size_t i = 0; handled[i] && !known; i++)
			known = strcmp(handled[i], key) == 0;
		if (!known)
			chat_dropped(c, key);
	}
}

void read_rest(struct chat *c, struct json_object *o, const char *where,
	       const char *const *known)
{
	if (!json_object_is_type(o, json_type_object))
		return;
	json_object_object_foreach(o, key, value)
	{
		if (value && !json_known(key, known))
			chat_dropped(
				c, arena_fmt(c->arena, "%s.%.40s", where, key));
	}
}

int read_tokens(struct json_object *body, const char *key, int64_t *to,
		struct err *e)
{
	int64_t n = json_int(body, key, -1);

	if (!json_get(body, key))
		return 0;
	/* LM Studio's and llama.cpp's clients mean by -1 that there is none. */
	if (n == -1 && json_int(body, key, -2) == -1)
		return 0;
	if (n < 0)
		return read_bad(e, key, "%s must be a whole number", key);
	*to = n;
	return 0;
}

/* 1e999 is valid JSON and no number that can be handed on. */
static int read_number(struct json_object *body, const char *key, double *to,
		       struct err *e)
{
	struct json_object *v = json_get(body, key);

	*to = json_number(body, key, (double)NAN);
	if (v && !isfinite(*to))
		return read_bad(e, key, "%s must be a number", key);
	return 0;
}

int read_samplers(struct chat *c, struct json_object *body, struct err *e)
{
	struct json_object *stream = json_get(body, "stream");

	if (stream && !json_object_is_type(stream, json_type_boolean))
		return read_bad(e, "stream", "stream must be true or false");
	c->stream = chat_flag(c, body, "stream", false);
	if (read_number(body, "temperature", &c->temperature, e) ||
	    read_number(body, "top_p", &c->top_p, e))
		return -1;
	return read_tokens(body, "top_k", &c->top_k, e);
}

static bool all_blank(struct span s)
{
	return span_trim(s).n == 0;
}

static void add_stop(struct chat *c, struct span s)
{
	size_t room = sizeof(c->stop) / sizeof(c->stop[0]);

	if (all_blank(s) || c->n_stop == room)
		chat_dropped(c, "stop");
	else
		c->stop[c->n_stop++] = s;
}

int read_stop(struct chat *c, struct json_object *body, const char *key,
	      struct err *e)
{
	struct json_object *stop = json_get(body, key);
	bool one = json_object_is_type(stop, json_type_string);
	bool list = json_object_is_type(stop, json_type_array);

	if (one)
		add_stop(c, json_span(stop));
	for (size_t i = 0; i < json_length(stop); i++) {
		list = list &&
		       json_object_is_type(json_at(stop, i), json_type_string);
		add_stop(c, json_span(json_at(stop, i)));
	}
	return !stop || one || list
		     ? 0
		     : read_bad(e, key,
				"%s must be a string or a list of "
				"strings",
				key);
}

struct part *read_text(struct chat *c, struct msg *m, struct json_object *o,
		       const char *key, struct err *e)
{
	struct json_object *v = json_get(o, key);

	if (!v || json_object_is_type(v, json_type_string))
		return chat_text(c, m, json_span(v));
	read_bad(e, "content", "the %s of a part must be a string", key);
	return NULL;
}

/* One part; some clients write a text without its object. */
static int read_one(struct chat *c, struct msg *m, struct json_object *o,
		    read_part_fn *part, struct err *e)
{
	if (json_str(o, "type").n)
		return part(c, m, o, e);
	if (json_object_is_type(o, json_type_object))
		return read_bad(e, "content", CHAT_NO_CONTENT);
	if (!json_object_is_type(o, json_type_string))
		return read_bad(e, "content", CHAT_NO_CONTENT);
	if (json_span(o).n)
		chat_text(c, m, json_span(o));
	return 0;
}

int read_content(struct chat *c, struct msg *m, struct json_object *content,
		 read_part_fn *part, struct err *e)
{
	if (!content)
		return 0;
	if (!json_object_is_type(content, json_type_array))
		return read_one(c, m, content, part, e);
	for (size_t i = 0; i < json_length(content); i++)
		if (read_one(c, m, json_at(content, i), part, e))
			return -1;
	return 0;
}

int read_parts(struct chat *c, struct msg *m, struct json_object *content,
	       read_part_fn *part, struct err *e)
{
	bool list = json_object_is_type(content, json_type_array);

	for (size_t i = 0; list && i < json_length(content); i++)
		if (!json_object_is_type(json_at(content, i), json_type_object))
			return read_bad(e, "content", CHAT_NO_CONTENT);
	return read_content(c, m, content, part, e);
}

int read_at(struct err *e, const char *list, size_t i)
{
	char msg[sizeof(e->msg)];

	if (strcmp(e->param, "content"))
		return -1;
	snprintf(e->param, sizeof(e->param), "%s.%zu.content", list, i);
	memcpy(msg, e->msg, sizeof(msg));
	snprintf(e->msg, sizeof(e->msg), "%s.%zu: %.*s", list, i,
		 (int)sizeof(msg) - 40, msg);
	return -1;
}

int read_image_url(struct chat *c, struct msg *m, struct json_object *o,
		   struct err *e)
{
	struct json_object *image = json_get(o, "image_url");
	struct span url = json_span(image);
	struct part *p = chat_part(c, m, PART_IMAGE);

	p->cache = chat_object(c, o, "cache_control");
	p->detail = chat_str(c, url.n ? o : image, "detail");
	return chat_media(c, p, url.n ? url : chat_str(c, image, "url"), e);
}

bool read_are_parts(struct json_object *list)
{
	for (size_t i = 0; i < json_length(list); i++)
		if (!json_str(json_at(list, i), "type").n)
			return false;
	return json_object_is_type(list, json_type_array);
}

int read_result(struct chat *c, struct msg *m, struct json_object *output,
		read_part_fn *part, struct err *e)
{
	struct span text;

	if (read_are_parts(output))
		return read_content(c, m, output, part, e);
	text = chat_said(c, output);
	if (text.n)
		chat_text(c, m, text);
	return 0;
}

static void read_no_text(struct chat *c, struct json_object *o)
{
	struct span type = json_str(o, "type");

	chat_dropped(c, arena_fmt(c->arena, "content.%.*s",
				  type.n > 40 ? 40 : (int)type.n, type.p));
}

struct span read_joined(struct chat *c, struct json_object *list,
			const char *separator)
{
	struct span out;
	struct buf b;

	buf_init(&b, REQUEST_TEXT_MAX);
	for (size_t i = 0; i < json_length(list); i++) {
		struct json_object *o = json_at(list, i);
		struct span s = chat_str(c, o, "text");

		if (!json_object_is_type(o, json_type_object))
			chat_fault(c, "content", "a list of objects");
		else if (!json_get(o, "text"))
			read_no_text(c, o);
		if (b.n && s.n)
			buf_str(&b, separator);
		buf_span(&b, s);
	}
	out = arena_all(c->arena, &b);
	buf_release(&b);
	return out;
}

int read_format(struct chat *c, struct json_object *format, bool nested,
		struct err *e)
{
	static const char *const known[] = { "type",   "json_schema",
					     "name",   "schema",
					     "strict", "description",
					     NULL };
	const char *param = nested ? "response_format" : "text.format";
	struct span type = chat_str(c, format, "type");
	struct json_object *f = nested ? chat_object(c, format, "json_schema")
				       : format;

	if (!type.n && format && json_object_object_length(format))
		return read_bad(e, param, "the format has no type");
	read_rest(c, format, "format", known);
	if (f != format)
		read_rest(c, f, "format", known);
	if (!type.n || span_is(type, "text"))
		return 0;
	if (span_is(type, "json_object")) {
		c->format = FORMAT_JSON;
		return 0;
	}
	if (!span_is(type, "json_schema"))
		return read_bad(e, param, "unknown format \"%.40s\"",
				json_cstr(format, "type"));
	c->format = FORMAT_SCHEMA;
	c->format_name = chat_str(c, f, "name");
	c->format_about = chat_str(c, f, "description");
	c->format_schema = chat_object(c, f, "schema");
	c->format_strict = chat_flag(c, f, "strict", false);
	return 0;
}

/* By its name, in its namespace where it has one; by the namespace alone; a
 * tool without a name by its type. */
static bool allows(struct json_object *o, const struct tool *t)
{
	struct json_object *f = json_get(o, "function");
	struct span name, space = json_str(o, "namespace");

	f = f ? f : json_get(o, "custom");
	name = json_str(f ? f : o, "name");
	if (!name.n)
		return span_eq(json_str(o, "type"), t->name);
	if (span_is(json_str(o, "type"), "namespace"))
		return span_eq(name, t->space);
	if (span_eq(name, t->name))
		return true;
	return t->local.n && span_eq(name, t->local) &&
	       (!space.n || span_eq(space, t->space));
}

static bool allowed(struct json_object *list, const struct tool *t)
{
	for (size_t i = 0; i < json_length(list); i++)
		if (allows(json_at(list, i), t))
			return true;
	return false;
}

static void keep_allowed(struct chat *c, struct json_object *choice)
{
	struct json_object *list = chat_objects(c, choice, "tools");
	struct tool **at = &c->tools;

	while (*at) {
		if (allowed(list, *at))
			at = &(*at)->next;
		else
			*at = (*at)->next;
	}
	c->tools_tail = at;
}

/* Some write it as Anthropic does, as an object's type. */
static bool is_word(struct span type)
{
	return span_is(type, "auto") || span_is(type, "required") ||
	       span_is(type, "any") || span_is(type, "none");
}

static int choice_word(struct chat *c, struct span word, struct err *e)
{
	if (span_is(word, "auto"))
		c->choice = CHOICE_AUTO;
	else if (span_is(word, "required") || span_is(word, "any"))
		c->choice = CHOICE_ANY;
	else if (span_is(word, "none"))
		c->choice = CHOICE_NONE;
	else
		return read_bad(e, "tool_choice", "unknown tool_choice");
	return 0;
}

int read_choice(struct chat *c, struct json_object *choice, struct err *e)
{
	struct span type = chat_str(c, choice, "type");
	struct json_object *f;

	if (!choice)
		return 0;
	if (json_object_is_type(choice, json_type_string))
		return choice_word(c, json_span(choice), e);
	if (span_is(type, "allowed_tools")) {
		f = chat_object(c, choice, "allowed_tools");
		f = f ? f : choice;
		keep_allowed(c, f);
		return choice_word(c, chat_str(c, f, "mode"), e);
	}
	f = json_get(choice, "function");
	f = f ? f : json_get(choice, "custom");
	f = f ? f : choice;
	if (!chat_str(c, f, "name").n && span_starts(type, "web_search")) {
		c->choice = CHOICE_NAMED;
		c->choice_name = type;
		return 0;
	}
	if (!chat_str(c, f, "name").n && is_word(type))
		return choice_word(c, type, e);
	if (!chat_str(c, f, "name").n)
		return read_bad(e, "tool_choice",
				"tool_choice names a tool that runs at the "
				"provider, and this backend has none");
	c->choice = CHOICE_NAMED;
	c->choice_name = chat_str(c, f, "name");
	return 0;
}

int read_objects(struct json_object *body, const char *key, struct err *e)
{
	struct json_object *v = json_get(body, key);

	if (v && !json_object_is_type(v, json_type_array))
		return read_bad(e, key, "%s must be a list", key);
	for (size_t i = 0; i < json_length(v); i++)
		if (!json_object_is_type(json_at(v, i), json_type_object))
			return read_bad(e, key, "%s.%zu is no object", key, i);
	return 0;
}

void read_user(struct chat *c, struct json_object *body)
{
	struct span user = chat_str(c, body, "user");

	c->user = chat_str(c, body, "safety_identifier");
	if (!c->user.n)
		c->user = user;
}

void read_effort(struct chat *c, struct json_object *o, const char *key)
{
	struct span said = chat_str(c, o, key);

	c->effort = effort_find(said);
	if (said.n && c->effort == EFFORT_UNSET)
		chat_dropped(c, key);
}

static void think_not(struct chat *c)
{
	c->thinking_off = true;
	c->effort = EFFORT_NONE;
}

int read_budget(struct chat *c, struct json_object *thinking, struct err *e)
{
	struct span type = chat_str(c, thinking, "type");

	if (span_is(type, "enabled")) {
		if (read_tokens(thinking, "budget_tokens", &c->budget, e))
			return -1;
		if (c->effort == EFFORT_UNSET && c->budget >= 0)
			c->effort = effort_of_budget(c->budget);
	} else if (span_is(type, "disabled") ||
		   span_is(type, "between_tools")) {
		think_not(c);
	} else if (type.n && !span_is(type, "adaptive")) {
		chat_dropped(c, "thinking.type");
	}
	return 0;
}

int read_reasoning(struct chat *c, struct json_object *body, struct err *e)
{
	struct json_object *reasoning = chat_object(c, body, "reasoning");

	read_effort(c, body, "reasoning_effort");
	if (c->effort == EFFORT_UNSET)
		read_effort(c, reasoning, "effort");
	if (c->effort == EFFORT_UNSET) {
		if (read_tokens(reasoning, "max_tokens", &c->budget, e))
			return -1;
		if (c->budget >= 0)
			c->effort = effort_of_budget(c->budget);
		if (read_budget(c, chat_object(c, body, "thinking"), e))
			return -1;
	}
	if (!chat_flag(c, reasoning, "enabled", true) ||
	    !chat_flag(c, body, "enable_thinking", true))
		think_not(c);
	c->thinking_off |= c->effort == EFFORT_NONE;
	return 0;
}

/* Its grammar, wherever that stands. */
static void read_custom_format(struct chat *c, struct tool *t,
			       struct json_object *f)
{
	struct json_object *grammar;

	t->schema = chat_object(c, f, "format");
	if (!span_is(chat_str(c, t->schema, "type"), "grammar"))
		return;
	grammar = chat_object(c, t->schema, "grammar");
	chat_str(c, grammar ? grammar : t->schema, "syntax");
	chat_str(c, grammar ? grammar : t->schema, "definition");
}

/* PHP writes an empty object as a list. */
struct json_object *read_schema(struct chat *c, struct json_object *f,
				const char *key)
{
	struct json_object *v = json_get(f, key), *properties;

	if (json_object_is_type(v, json_type_array) && !json_length(v))
		return NULL;
	v = chat_object(c, f, key);
	properties = json_get(v, "properties");
	if (properties && !json_object_is_type(properties, json_type_object) &&
	    !(json_object_is_type(properties, json_type_array) &&
	      !json_length(properties)))
		chat_fault(c, "properties", "an object");
	return v;
}

struct tool *read_tool(struct chat *c, struct json_object *tool,
		       struct json_object *f, struct err *e)
{
	bool custom = span_is(chat_str(c, tool, "type"), "custom");
	struct tool *t;

	if (!chat_str(c, f, "name").n) {
		read_bad(e, "tools", "a tool has no name");
		return NULL;
	}
	t = chat_tool(c, custom ? TOOL_CUSTOM : TOOL_FUNCTION,
		      chat_str(c, f, "name"));
	t->description = chat_str(c, f, "description");
	t->schema = custom ? NULL : read_schema(c, f, "parameters");
	if (!t->schema && !custom)
		t->schema = read_schema(c, f, "input_schema");
	t->cache = chat_object(c, tool, "cache_control");
	if (!t->cache)
		t->cache = chat_object(c, f, "cache_control");
	if (custom)
		read_custom_format(c, t, f);
	t->strict = chat_choice(c, f, "strict");
	return t;
}

void read_same_tools(struct chat *c)
{
	struct tool **at = &c->tools, **list;
	struct names known = { 0 };
	size_t n = 0;

	for (struct tool *t = c->tools; t; t = t->next)
		n++;
	list = n ? arena_try(c->arena, n * sizeof(*list)) : NULL;
	if (!list)
		return;
	for (n = 0; *at;) {
		struct tool *t = *at;
		bool hosted = t->kind == TOOL_HOSTED;
		int *number = names_at(&known, c->arena,
				       hosted ? SPAN("") : t->name);

		if (!*number || hosted) {
			list[n] = t;
			*number = (int)++n;
			at = &t->next;
			continue;
		}
		if (t->kind != list[*number - 1]->kind ||
		    t->shape != list[*number - 1]->shape)
			chat_dropped(c, "a tool of the same name");
		*at = t->next;
		t->next = list[*number - 1]->next;
		*list[*number - 1] = *t;
	}
	c->tools_tail = at;
}

void read_deferred(struct chat *c, bool searchable)
{
	struct tool **at = &c->tools;

	for (struct msg *m = c->msgs; m && searchable; m = m->next)
		for (struct part *p = m->parts; p; p = p->next)
			if (p->kind == PART_TOOL_USE)
				*names_at(&c->found, c->arena, p->name) = 1;
	while (*at) {
		struct tool *t = *at;

		if (!searchable || !t->deferred ||
		    *names_at(&c->found, c->arena, t->name) ||
		    (c->choice == CHOICE_NAMED &&
		     span_eq(c->choice_name, t->name))) {
			at = &t->next;
			continue;
		}
		chat_dropped(c, "deferred tools");
		*at = t->next;
	}
	c->tools_tail = at;
}

/* Results first, in order, then the rest, in order. */
static void results_first(struct msg *m)
{
	struct part *results = NULL, **r = &results;
	struct part *rest = NULL, **o = &rest;

	for (struct part *p = m->parts; p; p = p->next) {
		struct part ***to = p->kind == PART_TOOL_RESULT ? &r : &o;

		**to = p;
		*to = &p->next;
	}
	*o = NULL;
	*r = rest;
	m->parts = results;
	m->tail = rest ? o : r;
}

/* The next message becomes one with this. */
static void join(struct msg *m)
{
	struct msg *next = m->next;

	if (next->parts && m->answer.n && next->answer.n &&
	    !span_eq(m->answer, next->answer))
		next->parts->begins = true;
	m->answer = next->answer;
	*m->tail = next->parts;
	if (next->parts)
		m->tail = next->tail;
	m->next = next->next;
}

void read_merge(struct chat *c)
{
	for (struct msg *m = c->msgs; m; m = m->next) {
		while (m->next && m->role != ROLE_SYSTEM &&
		       m->next->role == m->role)
			join(m);
		if (!m->next)
			c->tail = &m->next;
		if (m->role == ROLE_USER)
			results_first(m);
	}
}
