/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "dialect/chat-write.h"

#include "dialect/args.h"

#include "base/digest.h"
#include "base/jwalk.h"
#include "dialect/peek.h"
#include "dialect/schema.h"

#include <math.h>
#include <string.h>

bool write_has(const struct part *parts, enum part_kind kind)
{
	for (; parts; parts = parts->next)
		if (parts->kind == kind)
			return true;
	return false;
}

bool write_is_media(const struct part *p)
{
	return p->kind == PART_IMAGE ||
	       (p->kind == PART_DOCUMENT && !p->text.n);
}

bool write_is_text(const struct part *p)
{
	bool text = p->kind == PART_TEXT || p->kind == PART_REFUSAL ||
		    p->kind == PART_DOCUMENT;

	return text && p->text.n;
}

bool write_has_media(const struct part *parts)
{
	for (; parts; parts = parts->next)
		if (write_is_media(parts))
			return true;
	return false;
}

/* A text document begins with its title. */
struct span write_text(struct arena *a, const struct part *p)
{
	if (p->kind != PART_DOCUMENT || !p->name.n)
		return p->text;
	return span_of(arena_fmt(a, "%.*s\n%.*s", SPAN_FMT(p->name),
				 SPAN_FMT(p->text)));
}

static struct span joined(struct arena *a, const struct part *parts,
			  bool (*wanted)(const struct part *),
			  const char *separator)
{
	const struct part *only = NULL;
	struct buf b;
	struct span out;
	int n = 0;

	for (const struct part *p = parts; p; p = p->next) {
		if (wanted(p) && p->text.n) {
			only = p;
			n++;
		}
	}
	if (n <= 1)
		return only ? write_text(a, only) : SPAN("");
	buf_init(&b, REQUEST_TEXT_MAX);
	for (const struct part *p = parts; p; p = p->next) {
		if (!wanted(p) || !p->text.n)
			continue;
		if (b.n)
			buf_str(&b, separator);
		buf_span(&b, write_text(a, p));
	}
	out = arena_all(a, &b);
	buf_release(&b);
	return out;
}

static bool is_thinking(const struct part *p)
{
	return p->kind == PART_THINKING;
}

struct span write_joined(struct arena *a, const struct part *parts,
			 const char *separator)
{
	return joined(a, parts, write_is_text, separator);
}

struct span write_thinking(struct arena *a, const struct part *parts)
{
	return joined(a, parts, is_thinking, "\n\n");
}

struct span write_data_url(struct arena *a, const struct part *p)
{
	if (p->url.n)
		return p->url;
	return span_of(arena_fmt(a, "data:%.*s;base64,%.*s", SPAN_FMT(p->mime),
				 SPAN_FMT(p->data)));
}

int write_no_message(struct err *e)
{
	err_set(e, ERR_BAD_REQUEST,
		"no message has any content that this backend takes");
	memcpy(e->param, "messages", sizeof("messages"));
	return -1;
}

bool write_takes_custom(const struct upstream_model *t, bool nested)
{
	return !nested || t->quirks.custom_tools;
}

/* One JSON value, but for a number, which is text here? */
static bool is_value(struct span text)
{
	struct buf list;
	struct jwalk item;
	bool one;

	buf_init(&list, REQUEST_TEXT_MAX);
	buf_str(&list, "{\"\":[");
	buf_span(&list, text);
	buf_str(&list, "]}");
	item = jwalk_in(text.n ? (struct span){ list.p + 4, list.n - 5 }
			       : text);
	one = !list.full && text.n && !strchr("-0123456789", *text.p) &&
	      peek_is_object(buf_get(&list)) && jwalk_next(&item) &&
	      item.value.n == text.n;
	buf_release(&list);
	return one;
}

bool write_inner(struct jw *w, struct span text)
{
	struct arena a;
	struct span inner;
	bool is;

	if (!jwalk_is_string(text) || !memchr(text.p, '{', text.n) ||
	    !is_value(text))
		return false;
	arena_init(&a);
	inner = span_trim(jwalk_text(&a, text));
	is = peek_is_object(inner);
	if (is)
		jw_raw(w, inner);
	if (a.full)
		buf_starve(w->out);
	arena_release(&a);
	return is;
}

/* Arguments as an object: what is none is wrapped. */
static void put_object(struct jw *w, struct span args)
{
	struct span text = span_trim(args_meant(args));

	if (!text.n) {
		jw_raw(w, SPAN("{}"));
	} else if (peek_is_object(text)) {
		jw_raw(w, text);
	} else if (!write_inner(w, text)) {
		jw_obj(w);
		jw_key(w, "rawInvalidInput");
		if (is_value(text))
			jw_raw(w, text);
		else
			jw_str(w, args);
		jw_obj_end(w);
	}
}

static void put_input(struct jw *w, struct span text)
{
	jw_obj(w);
	jw_kstr(w, "input", text);
	jw_obj_end(w);
}

void write_input(struct jw *w, struct span args, bool custom)
{
	jw_key(w, "input");
	if (custom)
		put_input(w, args);
	else
		put_object(w, args);
}

static struct span object_by(void (*put)(struct jw *w, struct span text),
			     struct arena *a, struct span text)
{
	struct buf b;
	struct jw w = jw_to(&b);
	struct span out;

	buf_init(&b, REQUEST_TEXT_MAX);
	put(&w, text);
	a->full |= b.full;
	out = arena_all(a, &b);
	buf_release(&b);
	return out;
}

struct span write_object(struct arena *a, struct span args)
{
	return object_by(put_object, a, args);
}

struct span write_arguments(struct arena *a, const struct part *p,
			    const struct quirks *q)
{
	struct span args;

	if (p->custom)
		return object_by(put_input, a, p->text);
	if (q->json_arguments)
		return write_object(a, p->text);
	args = args_meant(p->text);
	return args.n ? args : SPAN("{}");
}

bool write_must_wait(struct write_wait *w, const struct msg *m)
{
	const struct msg *end = m;

	if (m->role != ROLE_SYSTEM) {
		w->inside = false;
		return false;
	}
	if (!w->inside) { /* the first of several: all go one way */
		while (end && end->role == ROLE_SYSTEM)
			end = end->next;
		w->inside = true;
		w->first = end && end->role == ROLE_USER && end->parts &&
					   end->parts->kind == PART_TOOL_RESULT
				 ? m
				 : NULL;
	}
	return w->first;
}

struct span write_attachment(struct arena *a, const struct part *result,
			     const struct quirks *q)
{
	struct span id = chat_call_id(a, result, q);

	return span_of(arena_fmt(a, WRITE_ATTACHMENT, SPAN_FMT(id)));
}

void write_no_effort(struct chat *c)
{
	if (c->effort > EFFORT_NONE)
		chat_dropped(c, "reasoning effort");
}

void write_no_marks(struct chat *c)
{
	bool any = false, cites = false;

	for (const struct tool *t = c->tools; t; t = t->next)
		any |= t->cache != NULL;
	for (const struct msg *m = c->msgs; m; m = m->next) {
		for (const struct part *p = m->parts; p; p = p->next) {
			any |= p->cache != NULL;
			cites |= p->cites.n > 0;
		}
	}
	if (cites)
		chat_dropped(c, "citations");
	if (any)
		chat_dropped(c, "cache_control");
}

int write_hosted(struct chat *c, const struct tool *t, struct err *e)
{
	if (c->choice == CHOICE_NAMED &&
	    (span_eq(c->choice_name, t->name) ||
	     span_eq(c->choice_name, t->description)))
		return err_set(e, ERR_BAD_REQUEST,
			       "tool_choice asks for "
			       "%.60s, which this backend does not have",
			       arena_str(c->arena, c->choice_name));
	chat_dropped(c, arena_fmt(c->arena, "tools.%.*s", SPAN_FMT(t->name)));
	return 0;
}

static const char *choice_word(enum choice choice)
{
	switch (choice) {
	case CHOICE_ANY:
		return "required";
	case CHOICE_NONE:
		return "none";
	case CHOICE_UNSET:
	case CHOICE_AUTO:
	case CHOICE_NAMED:
		break;
	}
	return "auto";
}

bool write_offers(const struct upstream_model *t, const struct chat *c,
		  const struct tool *tool)
{
	return !t->quirks.no_named_tool || c->choice != CHOICE_NAMED ||
	       span_eq(tool->name, c->choice_name);
}

bool write_strict(struct chat *c, const struct tool *t)
{
	bool lowered = schema_has_choice(t->schema);

	if (t->strict <= 0 ||
	    (!lowered &&
	     (!t->optional || (t->schema && schema_is_strict(t->schema)))))
		return t->strict > 0;
	chat_dropped(c, "tools.strict");
	return false;
}

bool write_takes(const struct upstream_model *t, struct chat *c,
		 const char *field)
{
	if (quirks_take_field(&t->quirks, span_of(field)))
		return true;
	chat_dropped(c, field);
	return false;
}

const char *write_limit(const struct upstream_model *t)
{
	static const char *const new_name = "max_completion_tokens";
	bool wanted = t->quirks.max_completion_tokens || t->family.reasoning;

	return wanted && quirks_take_field(&t->quirks, span_of(new_name))
		     ? new_name
		     : "max_tokens";
}

int64_t write_floor(const struct upstream_model *t, int64_t max)
{
	return max < t->quirks.min_tokens ? t->quirks.min_tokens : max;
}

/* `name` is a tool of free text, in an API that has such. */
static bool names_custom(const struct upstream_model *t, const struct chat *c,
			 bool nested)
{
	for (const struct tool *i = c->tools; i; i = i->next)
		if (i->kind == TOOL_CUSTOM && span_eq(i->name, c->choice_name))
			return write_takes_custom(t, nested);
	return false;
}

void write_choice(struct jw *w, const struct upstream_model *t, struct chat *c,
		  bool nested)
{
	if (c->choice == CHOICE_NAMED && t->quirks.no_named_tool) {
		jw_kcstr(w, "tool_choice", "required");
	} else if (c->choice == CHOICE_NAMED) {
		const char *type = names_custom(t, c, nested) ? "custom"
							      : "function";

		jw_key(w, "tool_choice");
		jw_obj(w);
		jw_kcstr(w, "type", type);
		if (nested) {
			jw_key(w, type);
			jw_obj(w);
		}
		jw_kstr(w, "name",
			chat_tool_name(c->arena, c->choice_name,
				       WRITE_NAME_MAX));
		if (nested)
			jw_obj_end(w);
		jw_obj_end(w);
	} else if (c->choice != CHOICE_UNSET) {
		jw_kcstr(w, "tool_choice", choice_word(c->choice));
	}
	if (c->no_parallel && write_takes(t, c, "parallel_tool_calls"))
		jw_kbool(w, "parallel_tool_calls", false);
}

const char *write_effort(const struct upstream_model *t, const struct chat *c)
{
	enum effort f = c->effort;

	if (!t->family.reasoning && !t->quirks.reasoning)
		return NULL;
	if (f == EFFORT_UNSET || (f == EFFORT_NONE && !t->family.xhigh))
		return NULL;
	if (f >= EFFORT_XHIGH)
		f = t->family.xhigh ? EFFORT_XHIGH : EFFORT_HIGH;
	return effort_name(f);
}

void write_schema(struct jw *w, struct chat *c)
{
	bool strict = c->format_strict > 0;

	/* Anthropic's format has no such flag: it is always kept to. */
	if (!c->format_name.n)
		strict = schema_is_strict(c->format_schema);
	jw_kstr(w, "name",
		c->format_name.n ? c->format_name : SPAN("response"));
	if (c->format_about.n)
		jw_kstr(w, "description", c->format_about);
	jw_key(w, "schema");
	jw_raw(w,
	       c->format_schema ? chat_said(c, c->format_schema) : SPAN("{}"));
	jw_kbool(w, "strict", strict);
}

static void put_sampler(struct jw *w, const struct upstream_model *t,
			struct chat *c, const char *name, double v)
{
	if (isnan(v))
		return;
	if (t->family.reasoning) {
		chat_dropped(c, name);
		return;
	}
	jw_key(w, name);
	jw_double(w, v);
}

void write_samplers(struct jw *w, const struct upstream_model *t,
		    struct chat *c)
{
	put_sampler(w, t, c, "temperature", c->temperature);
	put_sampler(w, t, c, "top_p", c->top_p);
	if (c->top_k < 0)
		return;
	if (t->quirks.top_k)
		jw_kint(w, "top_k", c->top_k);
	else
		chat_dropped(c, "top_k");
}

void write_user(struct jw *w, const struct upstream_model *t, struct chat *c)
{
	bool openai = t->quirks.max_completion_tokens;
	char hash[65];

	if (!c->user.n ||
	    !write_takes(t, c, openai ? "safety_identifier" : "user"))
		return;
	jw_key(w, openai ? "safety_identifier" : "user");
	if (c->user.n <= (openai ? 128 : 64)) {
		jw_str(w, c->user);
		return;
	}
	digest_hex(c->user, hash, sizeof(hash));
	jw_str(w, span_of(hash));
}

void write_reasoning_detail(struct jw *w, enum part_kind kind, struct span text,
			    struct span signature, int index)
{
	jw_obj(w);
	if (kind == PART_REDACTED) {
		jw_kcstr(w, "type", "reasoning.encrypted");
		jw_kstr(w, "data", text);
	} else {
		jw_kcstr(w, "type", "reasoning.text");
		if (text.n || !signature.n)
			jw_kstr(w, "text", text);
		if (signature.n)
			jw_kstr(w, "signature", signature);
	}
	jw_kcstr(w, "format", "anthropic-claude-v1");
	jw_kint(w, "index", index);
	jw_obj_end(w);
}
