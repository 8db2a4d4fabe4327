/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "dialect/chat.h"

#include "base/digest.h"
#include "base/json-source.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

void chat_init(struct chat *c, struct arena *a)
{
	memset(c, 0, sizeof(*c));
	c->arena = a;
	c->tail = &c->msgs;
	c->tools_tail = &c->tools;
	c->max_tokens = c->top_k = c->budget = -1;
	c->temperature = c->top_p = (double)NAN;
	c->format_strict = -1;
	buf_init(&c->dropped, CHAT_DROPPED_MAX);
}

void chat_release(struct chat *c)
{
	buf_release(&c->dropped);
}

void chat_keep_for_answer(struct chat *c)
{
	struct chat kept;

	chat_init(&kept, c->arena);
	kept.origin = c->origin;
	for (struct tool *t = c->tools; t; t = t->next) {
		struct tool *k = chat_tool(&kept, t->kind,
					   arena_span(c->arena, t->name));

		k->space = arena_span(c->arena, t->space);
		k->local = arena_span(c->arena, t->local);
		k->shape = t->shape;
	}
	kept.stream = c->stream;
	kept.usage_wanted = c->usage_wanted;
	kept.legacy = c->legacy;
	kept.json_tool = c->json_tool;
	kept.max_tokens = c->max_tokens;
	kept.effort = c->effort;
	buf_release(&c->dropped);
	*c = kept;
	if (!c->tools)
		c->tools_tail = &c->tools;
	c->tail = &c->msgs;
}

struct msg *chat_msg_at(struct chat *c, struct msg **at, enum role role)
{
	struct msg *m = arena_try(c->arena, sizeof(*m));

	if (!m) {
		c->no_msg = (struct msg){ .tail = &c->no_msg.parts };
		return &c->no_msg;
	}
	m->role = role;
	m->tail = &m->parts;
	m->next = *at;
	*at = m;
	return m;
}

struct msg *chat_msg(struct chat *c, enum role role)
{
	struct msg *m = chat_msg_at(c, c->tail, role);

	if (m != &c->no_msg)
		c->tail = &m->next;
	return m;
}

struct part *chat_part(struct chat *c, struct msg *m, enum part_kind kind)
{
	struct part *p = arena_try(c->arena, sizeof(*p));

	if (!p) {
		c->no_part = (struct part){ .kind = kind };
		return &c->no_part;
	}
	p->kind = kind;
	*m->tail = p;
	m->tail = &p->next;
	return p;
}

struct part *chat_text(struct chat *c, struct msg *m, struct span text)
{
	struct part *p = chat_part(c, m, PART_TEXT);

	p->text = text;
	return p;
}

struct tool *chat_tool(struct chat *c, enum tool_kind kind, struct span name)
{
	struct tool *t = arena_try(c->arena, sizeof(*t));

	if (!t) {
		c->no_tool = (struct tool){ .kind = kind };
		return &c->no_tool;
	}
	t->kind = kind;
	t->name = name;
	t->strict = -1;
	*c->tools_tail = t;
	c->tools_tail = &t->next;
	return t;
}

void chat_dropped(struct chat *c, const char *what)
{
	struct span all = buf_get(&c->dropped);

	if (span_listed(all, span_of(what)))
		return;
	buf_fmt(&c->dropped, "%s%s", all.n ? ", " : "", what);
}

struct span chat_said(struct chat *c, struct json_object *v)
{
	return json_wording(c->arena, v, c->source);
}

void chat_fault(struct chat *c, const char *key, const char *what)
{
	if (!*c->fault)
		snprintf(c->fault, sizeof(c->fault), "%s must be %s", key,
			 what);
}

/* The member, if it is of this type. */
static struct json_object *typed(struct chat *c, struct json_object *o,
				 const char *key, enum json_type type,
				 const char *what)
{
	struct json_object *v = json_get(o, key);

	if (!v || json_object_is_type(v, type))
		return v;
	chat_fault(c, key, what);
	return NULL;
}

struct span chat_str(struct chat *c, struct json_object *o, const char *key)
{
	return json_span(typed(c, o, key, json_type_string, "a string"));
}

int chat_choice(struct chat *c, struct json_object *o, const char *key)
{
	struct json_object *v = typed(c, o, key, json_type_boolean,
				      "true or false");

	return v ? json_object_get_boolean(v) : -1;
}

bool chat_flag(struct chat *c, struct json_object *o, const char *key,
	       bool otherwise)
{
	int choice = chat_choice(c, o, key);

	return choice < 0 ? otherwise : choice;
}

struct json_object *chat_object(struct chat *c, struct json_object *o,
				const char *key)
{
	return typed(c, o, key, json_type_object, "an object");
}

struct json_object *chat_list(struct chat *c, struct json_object *o,
			      const char *key)
{
	return typed(c, o, key, json_type_array, "a list");
}

struct json_object *chat_objects(struct chat *c, struct json_object *o,
				 const char *key)
{
	struct json_object *list = typed(c, o, key, json_type_array,
					 "a list of objects");

	for (size_t i = 0; i < json_length(list); i++)
		if (!json_object_is_type(json_at(list, i), json_type_object))
			chat_fault(c, key, "a list of objects");
	return list;
}

static const char *const efforts[] = {
	[EFFORT_UNSET] = "",          [EFFORT_NONE] = "none",
	[EFFORT_MINIMAL] = "minimal", [EFFORT_LOW] = "low",
	[EFFORT_MEDIUM] = "medium",   [EFFORT_HIGH] = "high",
	[EFFORT_XHIGH] = "xhigh",     [EFFORT_MAX] = "max",
};

enum effort effort_find(struct span name)
{
	for (int i = EFFORT_NONE; i <= EFFORT_MAX; i++)
		if (span_is(name, efforts[i]))
			return (enum effort)i;
	return EFFORT_UNSET;
}

/* Pydantic-like bounds that the table of efforts round-trips through. */
enum effort effort_of_budget(int64_t budget)
{
	if (budget < 4096)
		return EFFORT_LOW;
	if (budget < 16384)
		return EFFORT_MEDIUM;
	return budget < 32768 ? EFFORT_HIGH : EFFORT_XHIGH;
}

const char *effort_adaptive(enum effort f, bool xhigh)
{
	if (f <= EFFORT_LOW)
		return "low";
	if (f == EFFORT_XHIGH && !xhigh)
		return "max";
	return effort_name(f);
}

const char *effort_name(enum effort f)
{
	return efforts[f];
}

/* --- names and ids ------------------------------------------------------ */

static bool id_char(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '-';
}

/* The first `keep` characters, all within the set, and a hash of the whole. */
static struct span hashed(struct arena *a, struct span s, size_t keep)
{
	char hex[9];
	char *out = arena_try(a, keep + 10);

	if (!out)
		return SPAN("");
	digest_hex(s, hex, sizeof(hex));
	for (size_t i = 0; i < keep; i++)
		out[i] = id_char(s.p[i]) ? s.p[i] : '_';
	snprintf(out + keep, 10, "_%s", hex);
	return (struct span){ out, keep + 9 };
}

static bool clean(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!id_char(s.p[i]))
			return false;
	return s.n > 0;
}

/* Unchanged when it fits; the hash keeps apart what was different. */
static struct span fit(struct arena *a, struct span s, size_t max)
{
	if (clean(s) && s.n <= max)
		return s;
	return hashed(a, s, s.n < max - 9 ? s.n : max - 9);
}

struct span chat_tool_name(struct arena *a, struct span name, size_t max)
{
	return fit(a, name, max);
}

struct span chat_call_id(struct arena *a, const struct part *p,
			 const struct quirks *q)
{
	return p->own_id ? p->id : chat_id_openai(a, p->id, q);
}

struct span chat_id_anthropic(struct arena *a, struct span id)
{
	return fit(a, id, 128);
}

struct span chat_id_openai(struct arena *a, struct span id,
			   const struct quirks *q)
{
	size_t max = q->id_max ? (size_t)q->id_max : SEAL_ID_MAX;

	if (q->nine_ids) {
		char *nine = arena_try(a, 10);

		if (!nine || (id.n == 9 && clean(id) && !memchr(id.p, '_', 9) &&
			      !memchr(id.p, '-', 9)))
			return id;
		digest_base62(id, nine, 10);
		return (struct span){ nine, 9 };
	}
	if (id.n && id.n <= max)
		return id;
	return fit(a, id, max);
}

/* --- media -------------------------------------------------------------- */

static const struct {
	const char *bytes;
	size_t n;
	const char *mime;
} magic[] = {
	/* base64 of FF D8 FF, 89 50 4E 47, 47 49 46 38, RIFF, %PDF */
	{ "/9j/", 4, "image/jpeg" },       { "iVBORw", 6, "image/png" },
	{ "R0lGOD", 6, "image/gif" },      { "UklGR", 5, "image/webp" },
	{ "JVBER", 5, "application/pdf" },
};

static struct span sniff(struct span data)
{
	for (size_t i = 0; i < sizeof(magic) / sizeof(magic[0]); i++)
		if (data.n >= magic[i].n &&
		    memcmp(data.p, magic[i].bytes, magic[i].n) == 0)
			return span_of(magic[i].mime);
	return SPAN("");
}

static struct span lower(struct arena *a, struct span s)
{
	char *p = arena_try(a, s.n + 1);

	if (!p)
		return SPAN("");
	for (size_t i = 0; i < s.n; i++)
		p[i] = (char)tolower((unsigned char)s.p[i]);
	return (struct span){ p, s.n };
}

static struct span without_blanks(struct arena *a, struct span s)
{
	char *p;
	size_t n = 0;
	bool any = false;

	for (size_t i = 0; i < s.n && !any; i++)
		any = isspace((unsigned char)s.p[i]);
	if (!any)
		return s;
	p = arena_try(a, s.n + 1);
	for (size_t i = 0; p && i < s.n; i++)
		if (!isspace((unsigned char)s.p[i]))
			p[n++] = s.p[i];
	return (struct span){ p, n };
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static struct span percent_decoded(struct arena *a, struct span s)
{
	char *p = arena_try(a, s.n + 1);
	size_t n = 0;

	for (size_t i = 0; p && i < s.n; i++) {
		int hi, lo;

		if (s.p[i] == '%' && i + 2 < s.n &&
		    (hi = hex_value(s.p[i + 1])) >= 0 &&
		    (lo = hex_value(s.p[i + 2])) >= 0) {
			p[n++] = (char)(hi << 4 | lo);
			i += 2;
		} else {
			p[n++] = s.p[i];
		}
	}
	return (struct span){ p, n };
}

/* The media type and whether ";base64" follows, from "image/png;x=y;base64". */
static bool media_head(struct arena *a, struct span head, struct span *mime)
{
	bool base64 = false;
	bool first = true;

	*mime = SPAN("");
	while (head.n || first) {
		struct span item = span_trim(span_cut(&head, ';'));

		if (first)
			*mime = lower(a, item);
		else if (span_ieq(item, "base64"))
			base64 = true;
		first = false;
	}
	return base64;
}

struct span chat_media_type(struct arena *a, struct span mime, struct span data)
{
	struct span is = sniff(data);

	mime = lower(a, mime);
	if (is.n && !span_starts(mime, "audio/"))
		return is;
	return span_is(mime, "image/jpg") ? SPAN("image/jpeg") : mime;
}

static bool known_media(struct span mime)
{
	static const char *const known[] = {
		"image/jpeg", "image/png",       "image/gif",
		"image/webp", "application/pdf", "text/plain",
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (span_is(mime, known[i]))
			return true;
	return false;
}

/* A text file is text wherever it goes. */
static int plain_text(struct chat *c, struct part *p, bool base64,
		      struct err *e)
{
	p->kind = PART_DOCUMENT;
	p->text = p->data;
	p->data = SPAN("");
	if (base64 && !digest_unbase64(c->arena, p->text, &p->text))
		return c->arena->full ? err_memory(e)
				      : err_set(e, ERR_BAD_REQUEST,
						"a data: URL is not base64");
	return 0;
}

static int data_url(struct chat *c, struct part *p, struct span source,
		    struct err *e)
{
	const char *comma = memchr(source.p, ',', source.n);
	struct span head = { source.p + 5, 0 };
	bool base64;

	if (!comma)
		return err_set(e, ERR_BAD_REQUEST, "a data: URL has no comma");
	head.n = (size_t)(comma - head.p);
	p->data = (struct span){ comma + 1,
				 source.n - (size_t)(comma + 1 - source.p) };
	base64 = media_head(c->arena, head, &p->mime);
	if (base64)
		p->data = without_blanks(c->arena, p->data);
	else
		p->data = percent_decoded(c->arena, p->data);
	if (span_starts(p->mime, "text/"))
		return plain_text(c, p, base64, e);
	if (!base64)
		p->data = digest_base64(c->arena, p->data);
	p->mime = chat_media_type(c->arena, p->mime, p->data);
	if (!known_media(p->mime))
		return err_set(e, ERR_BAD_REQUEST,
			       "media type \"%.60s\" is not supported: use "
			       "JPEG, PNG, GIF, WebP or PDF",
			       arena_str(c->arena, p->mime));
	if (!span_starts(p->mime, "image/"))
		p->kind = PART_DOCUMENT;
	return 0;
}

static int media(struct chat *c, struct part *p, struct span source,
		 struct err *e)
{
	if (source.n >= 5 && strncasecmp(source.p, "data:", 5) == 0)
		return data_url(c, p, source, e);
	if ((source.n > 8 && strncasecmp(source.p, "https://", 8) == 0) ||
	    (source.n > 7 && strncasecmp(source.p, "http://", 7) == 0)) {
		p->url = source;
		return 0;
	}
	return err_set(e, ERR_BAD_REQUEST,
		       "an image must be a data: or an "
		       "http(s) URL");
}

int chat_media(struct chat *c, struct part *p, struct span source,
	       struct err *e)
{
	int rc = media(c, p, source, e);

	if (rc && !*e->param)
		memcpy(e->param, "content", sizeof("content"));
	return rc;
}
