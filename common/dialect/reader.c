/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "dialect/reader-web.h"

#include "base/digest.h"
#include "base/fnv.h"
#include "base/utf8.h"
#include "dialect/args.h"
#include "dialect/chat.h"
#include "dialect/error.h"

#include <stdio.h>
#include <string.h>

void reader_init(struct reader *r, const struct dialect *d, struct arena *a,
		 ev_fn *sink, void *arg)
{
	memset(r, 0, sizeof(*r));
	r->dialect = d;
	r->arena = a;
	r->sink = sink;
	r->arg = arg;
	r->id = r->model = "";
	jdoc_init(&r->json);
	buf_init(&r->dropped, CHAT_DROPPED_MAX);
}

void reader_release(struct reader *r)
{
	for (struct slot *s = r->head; s; s = s->next)
		buf_release(&s->pending);
	jdoc_release(&r->json);
	buf_release(&r->dropped);
}

void reader_dropped(struct reader *r, struct span what)
{
	char name[60];
	int n;

	if (!what.n || !span_visible(what) || memchr(what.p, ',', what.n))
		return;
	n = snprintf(name, sizeof(name), "answer.%.*s",
		     what.n > 40 ? 40 : (int)what.n, what.p);
	if (span_listed(buf_get(&r->dropped), span_of(name)) ||
	    r->dropped.n + (size_t)n + 2 >= CHAT_DROPPED_MAX)
		return;
	buf_fmt(&r->dropped, "%s%s", r->dropped.n ? ", " : "", name);
}

/* Was there room in the arena for all that was read? */
static int checked(const struct reader *r, int rc, struct err *e)
{
	return rc || !r->arena->full ? rc : err_memory(e);
}

/* What was read of the upstream: NULL unless it is an object. */
static const struct jval *need_object(const struct jval *o, const char *what,
				      struct err *e)
{
	const struct jval *first = jval_items(o);

	if (first && !jval_next(o, first)) /* Gemini wraps errors so */
		o = first;
	if (jval_is(o, JVAL_OBJECT))
		return o;
	if (!error_unread(e, what))
		err_set(e, ERR_UPSTREAM,
			"the upstream sent %s that is not a "
			"JSON object",
			what);
	return NULL;
}

int reader_event(void *reader, struct span name, struct span data,
		 struct err *e)
{
	struct reader *r = reader;
	const struct jval *o;
	int rc;

	if (r->finished)
		return 0;
	data = span_trim(data);
	while (span_starts(data, "data:")) /* said twice */
		data = span_trim(span_skip(data, strlen("data:")));
	if (span_ieq(data, "[DONE]"))
		return r->dialect == &dialects[DIALECT_OPENAI]
			     ? reader_finish(r, e)
			     : 0;
	if (!data.n || span_is(data, "null"))
		return 0;
	e->code = ERR_NONE;
	o = need_object(jdoc_read_next(&r->json, data, e), "an event", e);
	if (!o)
		return -1;
	rc = r->dialect->read_event(r, name, o, e);
	return checked(r, rc, e);
}

int reader_end(struct reader *r, struct err *e)
{
	return r->finished ? 0 : r->dialect->read_end(r, e);
}

int reader_whole(struct reader *r, struct span text, struct err *e)
{
	const struct jval *o;
	int rc;

	if (span_starts(text, UTF8_BOM))
		text = span_skip(text, sizeof(UTF8_BOM) - 1);
	e->code = ERR_NONE;
	o = need_object(jdoc_read(&r->json, text, e), "an answer", e);
	if (!o)
		return -1;
	if (error_is(o))
		rc = reader_error(r, o, e);
	else
		rc = r->dialect->read_whole(r, o, e);
	return checked(r, rc, e);
}

const char *reader_copy(struct reader *r, const struct jval *o, const char *key)
{
	return arena_str(r->arena, jval_str(o, key));
}

struct span reader_words(struct reader *r, const struct jval *o,
			 const char *key)
{
	const struct jval *v = jval_get(o, key);

	return jval_is(v, JVAL_BOOL) ? SPAN("") : jval_said(r->arena, v);
}

const struct jval *reader_first(const struct jval *list)
{
	return jval_is(list, JVAL_OBJECT) ? list : jval_items(list);
}

const struct jval *reader_next(const struct jval *list, const struct jval *v)
{
	return v == list ? NULL : jval_next(list, v);
}

static int emit(struct reader *r, struct ev *v, struct err *e)
{
	return r->sink(r->arg, v, e);
}

int reader_start(struct reader *r, struct err *e)
{
	struct ev v = { .kind = EV_START };

	if (r->started)
		return 0;
	r->started = true;
	v.id = span_of(r->id);
	v.name = span_of(r->model);
	v.usage = r->usage;
	return emit(r, &v, e);
}

struct slot *reader_keyed(const struct reader *r, int64_t key)
{
	return r->keys[(uint64_t)key % READER_KEYS];
}

struct slot *reader_open(struct reader *r, enum part_kind kind, int64_t key,
			 struct err *e)
{
	struct slot *s;

	if (r->slots++ == READER_SLOTS_MAX) {
		err_set(e, ERR_UPSTREAM, "the answer has more than %d parts",
			READER_SLOTS_MAX);
		return NULL;
	}
	s = arena_take(r->arena, sizeof(*s));
	s->kind = kind;
	s->key = key;
	s->id = s->name = s->signature = s->google = "";
	s->item = s->phase = "";
	buf_init(&s->pending, READER_PENDING_MAX);
	if (r->last)
		r->last->next = s;
	else
		r->head = s;
	r->last = s;
	s->older = r->all;
	r->all = s;
	s->near = reader_keyed(r, key);
	s->cites_tail = &s->cites;
	r->keys[(uint64_t)key % READER_KEYS] = s;
	if (kind == PART_TOOL_USE)
		r->tools++;
	return s;
}

/* `base` when nobody has it, else with the first number behind it that makes it
 * an id of its own. */
static const char *own_id(struct reader *r, const char *base)
{
	int *count = names_at(&r->ids, r->arena, span_of(base));
	const char *id = base;
	int *other = count;

	while (*other) {
		id = arena_fmt(r->arena, "%s_%d", base, ++*count);
		other = names_at(&r->ids, r->arena, span_of(id));
	}
	*other = 1;
	return id;
}

/* A call without an id gets one, and one of its own: clients pair results by
 * it. */
static void need_id(struct reader *r, struct slot *s)
{
	char id[48];

	if (s->kind != PART_TOOL_USE)
		return;
	if (!*s->id) {
		digest_random_id(id, sizeof(id), "call_");
		s->id = arena_str(r->arena, span_of(id));
	}
	s->id = own_id(r, s->id);
}

static int open_block(struct reader *r, struct slot *s, struct err *e)
{
	struct ev v = { .kind = EV_OPEN, .part = s->kind };

	if (s->kind == PART_TOOL_USE && !*s->name)
		return err_set(e, ERR_UPSTREAM,
			       "the upstream sent a tool call without a name");
	if (reader_start(r, e))
		return -1;
	need_id(r, s);
	s->opened = true;
	v.id = span_of(s->id);
	v.name = span_of(s->name);
	v.seal = s->seal;
	v.google = span_of(s->google);
	v.custom = s->custom;
	v.item = r->own ? span_of(s->item) : SPAN("");
	if (s->kind == PART_REDACTED)
		v.text = buf_get(&s->pending);
	if (emit(r, &v, e))
		return -1;
	if (!s->pending.n)
		return 0;
	v = (struct ev){ .kind = EV_DELTA,
			 .part = s->kind,
			 .custom = s->custom,
			 .text = buf_get(&s->pending) };
	return emit(r, &v, e);
}

static int close_block(struct reader *r, struct slot *s, struct err *e)
{
	struct ev v = { .kind = EV_CLOSE,
			.part = s->kind,
			.custom = s->custom };

	if (s->cites && reader_give_cites(r, s, e))
		return -1;
	r->closed += s->chars;
	v.text = span_of(s->signature);
	v.seal = s->seal;
	v.google = span_of(s->google);
	v.item = span_of(s->item);
	v.phase = span_of(s->phase);
	return emit(r, &v, e);
}

/* Redacted thinking and calls whose name is not there are opened when they are
 * whole; text without a character never is. */
static bool ready(const struct slot *s)
{
	if (!s->wanted || s->kind == PART_SEARCH)
		return false;
	if (s->kind == PART_REDACTED ||
	    (s->kind == PART_TOOL_USE && (!*s->name || s->naming)))
		return s->ended;
	return s->pending.n || s->kind == PART_TOOL_USE ||
	       s->kind == PART_THINKING;
}

/* Arguments that came whole and not as deltas. */
static int take_given(struct reader *r, struct slot *s, struct err *e)
{
	struct ev v = { .kind = EV_DELTA,
			.part = s->kind,
			.custom = s->custom };

	if (!s->given || s->got_text)
		return 0;
	s->got_text = s->wanted = true;
	v.text = span_of(s->given);
	if (s->kind == PART_TOOL_USE && !s->custom)
		v.text = args_meant(v.text);
	if (s->opened)
		return v.text.n ? emit(r, &v, e) : 0;
	buf_span(&s->pending, v.text);
	return 0;
}

static int put(struct reader *r, struct slot *s, struct span text,
	       struct err *e);

/* The other half has not come. */
static int give_half(struct reader *r, struct slot *s, struct err *e)
{
	bool any = s->half_len > 0;

	s->half_len = 0;
	return any ? put(r, s, SPAN("\xef\xbf\xbd"), e) : 0;
}

/* Let out what has its turn: only the first slot may be open. */
int reader_pump(struct reader *r, struct err *e)
{
	while (r->head) {
		struct slot *s = r->head;

		if (s->ended && s->search && reader_give_search(r, s, e))
			return -1;
		if (s->ended && (give_half(r, s, e) || take_given(r, s, e)))
			return -1;
		if (!s->opened && ready(s) && open_block(r, s, e))
			return -1;
		if (!s->ended)
			return 0;
		if (s->opened && close_block(r, s, e))
			return -1;
		if (!s->opened && s->cites) /* of no text */
			reader_dropped(r, SPAN("url_citation"));
		buf_release(&s->pending);
		r->head = s->next;
		if (!r->head)
			r->last = NULL;
	}
	return 0;
}

/* Follow the brackets of a call's arguments. */
static void follow(struct slot *s, struct span text)
{
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];

		if (s->escaped)
			s->escaped = false;
		else if (s->in_string && c == '\\')
			s->escaped = true;
		else if (c == '"')
			s->in_string = !s->in_string;
		else if (!s->in_string && (c == '{' || c == '['))
			s->depth++;
		else if (!s->in_string && (c == '}' || c == ']'))
			s->complete = --s->depth == 0;
	}
}

/* To the client, or kept until its turn. */
static int put(struct reader *r, struct slot *s, struct span text,
	       struct err *e)
{
	struct ev v = { .kind = EV_DELTA,
			.part = s->kind,
			.custom = s->custom,
			.text = text };

	reader_count(r, s, text);
	if (s == r->head && s->opened)
		return text.n ? emit(r, &v, e) : 0;
	buf_span(&s->pending, text);
	if (s->pending.full)
		return err_full(e, &s->pending, ERR_UPSTREAM,
				"a part of the answer is larger than %u bytes",
				READER_PENDING_MAX);
	return 0;
}

/* The same, with the half of a character that came before; that at the end
 * waits. */
static int put_whole(struct reader *r, struct slot *s, struct span text,
		     struct err *e)
{
	struct buf joined, mended;
	size_t end;
	int rc;

	buf_init(&joined, text.n + HALF_MAX);
	buf_init(&mended, 3 * (text.n + HALF_MAX));
	if (s->half_len) {
		halves_join(&joined, (struct span){ s->half, s->half_len },
			    text);
		text = buf_get(&joined);
	}
	end = halves_at_end(text);
	text.n -= end;
	memcpy(s->half, text.p + text.n, end);
	s->half_len = end;
	text = halves_mended(text, &mended);
	rc = joined.starved || mended.starved ? err_memory(e)
					      : put(r, s, text, e);
	buf_release(&joined);
	buf_release(&mended);
	return rc;
}

/* An empty object may be all, or stand before the real one: it waits. What
 * comes behind a whole object is nothing, or the same once more. */
static struct span arguments(struct slot *s, struct span text)
{
	if (!s->got_text && args_are_empty(text)) {
		if (!s->given)
			s->given = "{}";
		s->complete = true;
		return SPAN("");
	}
	if (!s->got_text) {
		s->complete = false;
		text = args_meant(text);
		s->all = FNV_START;
		s->all_n = 0;
	} else if (s->complete && text.n == s->all_n &&
		   fnv(FNV_START, text) == s->all) {
		return SPAN("");
	}
	s->all = fnv(s->all, text);
	s->all_n += text.n;
	return text;
}

int reader_text(struct reader *r, struct slot *s, struct span text,
		struct err *e)
{
	bool opened = s == r->head && s->opened;

	s->wanted = true;
	if (s->kind == PART_TOOL_USE && !s->custom && text.n) {
		text = arguments(s, text);
		follow(s, text);
	}
	if (s->kind == PART_TEXT && text.n)
		r->got_text = true;
	if (text.n)
		s->got_text = true;
	if (text.n && put_whole(r, s, text, e))
		return -1;
	return opened ? 0 : reader_pump(r, e);
}

int reader_close(struct reader *r, struct slot *s, struct err *e)
{
	s->ended = true;
	return reader_pump(r, e);
}

static int close_all(struct reader *r, struct err *e)
{
	for (struct slot *s = r->head; s; s = s->next)
		s->ended = true;
	r->current = NULL;
	return reader_pump(r, e);
}

/* A refusal's explanation stands where its text would be. */
static int explain(struct reader *r, struct err *e)
{
	struct slot *s;

	if (r->stop != STOP_REFUSAL || !r->explanation || !*r->explanation ||
	    r->got_text)
		return 0;
	s = reader_open(r, PART_REFUSAL, -1, e);
	if (!s || reader_text(r, s, span_of(r->explanation), e))
		return -1;
	return reader_close(r, s, e);
}

int reader_finish(struct reader *r, struct err *e)
{
	struct ev v = { .kind = EV_FINISH };

	if (r->finished)
		return 0;
	if (reader_start(r, e) || close_all(r, e) || explain(r, e))
		return -1;
	if (r->refused)
		r->stop = STOP_REFUSAL;
	/* Providers differ in what they call a turn that ends in calls. */
	if (r->stop == STOP_END && r->tools)
		r->stop = STOP_TOOL_USE;
	if (r->stop == STOP_TOOL_USE && !r->tools)
		r->stop = STOP_END;
	r->finished = true;
	v.stop = r->stop;
	v.text = span_of(r->stop_text);
	v.usage = r->usage;
	return emit(r, &v, e);
}

int reader_error(struct reader *r, const struct jval *o, struct err *e)
{
	struct err seen = { 0 };
	struct ev v = { .kind = EV_ERROR, .err = &seen };

	error_read(o, 0, &seen);
	r->finished = true;
	return emit(r, &v, e);
}
