/* SPDX-License-Identifier: MIT */
/*
 * What claude-code-router has, in config.json:
 *
 *	{"Providers":[{"name":"x","api_base_url":"https://…/chat/completions",
 *	  "api_key":"$X_KEY","models":["m"],"transformer":{"use":["…"]}}],
 *	 "Router":{"default":"x,m","background":"x,m"}}
 *
 * It sends all of Claude Code there, small tasks to `background`: here that is
 * said of Claude's names. What it does by the size or kind of a request has no
 * place here.
 */
#include "config.h"

#include "cli/setup.h"

#include "base/file.h"
#include "base/log.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define USUAL ".claude-code-router/config.json"
#define MODELS_MAX 4096

/* Which backend a provider of theirs has become. */
struct named {
	const char *theirs, *ours;
};

struct ccr {
	struct setup *s;
	const char *source;
	struct named named[64];
	size_t n;
};

/* "$NAME" or "${NAME}"; false: it is the key itself. */
static bool is_variable(struct setup *s, const char *text, const char **out)
{
	struct span name = span_of(text);

	if (!name.n || *name.p != '$')
		return false;
	name = span_skip(name, 1);
	if (name.n > 1 && *name.p == '{' && name.p[name.n - 1] == '}')
		name = (struct span){ name.p + 1, name.n - 2 };
	for (size_t i = 0; i < name.n; i++)
		if (!isalnum((unsigned char)name.p[i]) && name.p[i] != '_')
			return false;
	*out = arena_str(&s->arena, name);
	return name.n;
}

static bool uses(struct json_object *provider, const char *transformer)
{
	struct json_object *list = json_get(json_get(provider, "transformer"),
					    "use");

	for (size_t i = 0; i < json_length(list); i++)
		if (span_ieq(json_span(json_at(list, i)), transformer))
			return true;
	return false;
}

/* Names that are no patterns; Claude's go to the accounts by themselves. */
static const char *models_of(struct setup *s, struct json_object *list)
{
	struct buf out;
	const char *text;

	buf_init(&out, MODELS_MAX);
	for (size_t i = 0; i < json_length(list); i++) {
		struct span m = json_span(json_at(list, i));

		if (m.n && !memchr(m.p, ',', m.n) && !strpbrk(m.p, "*?[\\") &&
		    !span_starts(m, "claude") && !log_is_secret(m))
			buf_fmt(&out, "%s%.*s", out.n ? "," : "", SPAN_FMT(m));
	}
	text = out.n ? arena_str(&s->arena, buf_get(&out)) : NULL;
	buf_release(&out);
	return text;
}

static void take_provider(struct ccr *c, struct json_object *p)
{
	struct setup_offer o = { .source = c->source,
				 .name = json_cstr(p, "name"),
				 .url = json_cstr(p, "api_base_url") };
	const char *key = json_cstr(p, "api_key"), *ours;

	if (!json_object_is_type(p, json_type_object))
		return;
	/* Gemini's own API is not spoken here, its other one is. */
	if (o.url && strstr(o.url, "generativelanguage.googleapis.com")) {
		o.provider = "google";
		o.url = NULL;
	}
	if (!o.url && !o.provider)
		o.url = "";
	if (uses(p, "Anthropic"))
		o.protocol = "anthropic";
	if (key && !is_variable(c->s, key, &o.env))
		o.key = key;
	o.models = models_of(c->s, json_get(p, "models"));
	ours = setup_offer(c->s, &o);
	if (ours && o.name && c->n < sizeof(c->named) / sizeof(c->named[0]))
		c->named[c->n++] = (struct named){
			arena_str(&c->s->arena, span_of(o.name)), ours
		};
}

/* "provider,model" as a target of ours. */
static const char *target_of(struct ccr *c, const char *text)
{
	const char *comma = text ? strchr(text, ',') : NULL;
	size_t n = comma ? (size_t)(comma - text) : 0;

	for (size_t i = 0; n && i < c->n; i++) {
		const char *theirs = c->named[i].theirs;

		if (strlen(theirs) == n && strncmp(theirs, text, n) == 0)
			return arena_fmt(&c->s->arena, "%s:%s",
					 c->named[i].ours, comma + 1);
	}
	return NULL;
}

static void take_router(struct ccr *c, struct json_object *router)
{
	static const struct {
		const char *theirs, *match;
	} rows[] = {
		{ "background", "*haiku*" }, /* before the next one */
		{ "default", "claude-*" },   { "think", NULL },
		{ "longContext", NULL },     { "webSearch", NULL },
		{ "image", NULL },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *text = json_cstr(router, rows[i].theirs);
		const char *target = target_of(c, text);
		const char *name = arena_fmt(&c->s->arena, "Router.%s",
					     rows[i].theirs);

		if (!text || !*text)
			continue;
		if (target && rows[i].match)
			setup_rule(c->s, rows[i].match, target, NULL,
				   c->source);
		else
			setup_other(c->s, SETUP_LEFT, name, c->source,
				    rows[i].match
					    ? "its provider is not taken over"
					    : "dario routes by a model's name "
					      "alone: choose that one by its "
					      "name");
	}
}

/* Past a comment, or where one does not begin. */
static const char *skip_comment(const char *p)
{
	const char *end = p;

	if (p[0] == '/' && p[1] == '/')
		end = p + strcspn(p, "\n");
	else if (p[0] == '/' && p[1] == '*')
		end = strstr(p + 2, "*/");
	if (!end)
		return p + strlen(p);
	return end != p && *end == '*' ? end + 2 : end;
}

/* As its program takes it: with comments, and a comma behind the last one. */
static void as_json(const char *p, struct buf *out)
{
	bool string = false;
	size_t comma = SIZE_MAX; /* where one stands that may be the last */

	while (*p) {
		const char *next = string ? p : skip_comment(p);

		if (next != p) {
			p = next;
			continue;
		}
		if (string && *p == '\\' && p[1])
			buf_byte(out, *p++);
		else if (*p == '"')
			string = !string;
		if (!string && (*p == '}' || *p == ']') && comma != SIZE_MAX)
			out->p[comma] = ' ';
		if (!string && *p == ',')
			comma = out->n;
		else if (string || !strchr(" \t\r\n", *p))
			comma = SIZE_MAX;
		buf_byte(out, *p++);
	}
}

static struct json_object *load(const char *path, struct err *e)
{
	struct json_object *file = NULL;
	struct buf text, plain;

	buf_init(&text, JSON_FILE_MAX);
	buf_init(&plain, JSON_FILE_MAX);
	if (file_read(path, &text, e) == 0) {
		as_json(buf_cstr(&text), &plain);
		file = json_read(buf_get(&plain), e);
		if (!file)
			err_add(e, path);
	}
	buf_release(&text);
	buf_release(&plain);
	return file;
}

int setup_find_ccr(struct setup *s, const char *path, struct err *e)
{
	struct ccr c = { .s = s };
	struct json_object *file, *list;
	struct err why = { 0 };
	const char *at = path ? path : setup_home_path(s, USUAL);

	if (!path && access(at, F_OK))
		return 0;
	c.source = setup_shown_path(s, at);
	file = load(at, &why);
	if (!file && path) {
		*e = why;
		return -1;
	}
	if (!file)
		setup_other(s, SETUP_LEFT, "claude-code-router", c.source,
			    why.msg);
	list = json_get(file, "Providers");
	for (size_t i = 0; i < json_length(list); i++)
		take_provider(&c, json_at(list, i));
	take_router(&c, json_get(file, "Router"));
	if (json_str(file, "APIKEY").n)
		setup_other(s, SETUP_LEFT, "APIKEY", c.source,
			    "the router's key is DARIO_API_KEY here, or apiKey "
			    "in config.json");
	json_object_put(file);
	return 0;
}
