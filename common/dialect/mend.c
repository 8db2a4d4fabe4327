/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "dialect/mend.h"

#include "base/jw.h"
#include "dialect/anthropic-mend.h"
#include "dialect/mend-chat.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void mend_init(struct mend *m, struct arena *a, struct span text,
	       const struct upstream_model *target)
{
	memset(m, 0, sizeof(*m));
	m->arena = a;
	m->text = text;
	m->target = target;
	buf_init(&m->names, MEND_NAMES_MAX);
	buf_init(&m->dropped, CHAT_DROPPED_MAX);
	buf_init(&m->tools, REQUEST_TEXT_MAX);
}

void mend_release(struct mend *m)
{
	free(m->splices);
	buf_release(&m->names);
	buf_release(&m->dropped);
	buf_release(&m->tools);
}

static unsigned wants(enum dialect_id dialect, const struct upstream_model *t)
{
	const struct quirks *q = &t->quirks;
	unsigned marks = MARK_SEAL;

	if (q->no_images || q->no_named_tool)
		return (unsigned)MARK_ALL;
	switch (dialect) {
	case DIALECT_ANTHROPIC:
		return marks | MARK_SYSTEM | MARK_BLANK | MARK_ID_ODD |
		       MARK_ID_EMPTY | MARK_ID_LONG | MARK_ID_TWICE |
		       MARK_UNSIGNED | MARK_THINKING | MARK_PAIRS | MARK_INPUT |
		       (q->strict_messages ? anthropic_wants(t) : 0);
	case DIALECT_RESPONSES:
		return marks | MARK_PARSED | MARK_UNSIGNED | MARK_REASONING |
		       MARK_ID_LONG | MARK_ID_EMPTY | MARK_ID_ITEM |
		       MARK_ID_TWICE | MARK_PAIRS | MARK_PART | MARK_INPUT |
		       (q->paired ? MARK_ID_ODD : 0);
	case DIALECT_OPENAI:
	case DIALECTS:
		break;
	}
	if (mend_chat_wanted(t))
		return (unsigned)MARK_ALL;
	marks |= MARK_DEVELOPER | MARK_THINKING_PART | MARK_INPUT;
	if (quirks_lack_custom(q))
		marks |= MARK_CUSTOM;
	if (q->no_foreign)
		marks |= MARK_PARSED | MARK_BLANK;
	if (q->nine_ids)
		marks |= MARK_ID_NOT_NINE;
	if (q->reasoning_content || q->thought_signatures)
		marks |= MARK_CALLS;
	if (q->paired)
		marks |= MARK_PAIRS | MARK_ID_ODD | MARK_PART;
	return marks;
}

/* The limit of the answer: too small, or by another name? Of two, who knows
 * which counts. */
static bool wants_limit(const struct peek *k, struct span text,
			enum dialect_id dialect, const struct upstream_model *t)
{
	const struct quirks *q = &t->quirks;
	bool other = dialect == DIALECT_OPENAI && k->limited &&
		     (q->max_completion_tokens || t->family.reasoning);

	if (!k->limits || k->limit_at >= text.n)
		return false;
	return other || k->limits > 1 ||
	       (q->min_tokens &&
		strtol(text.p + k->limit_at, NULL, 10) < q->min_tokens);
}

bool mend_wanted(const struct peek *k, struct span text,
		 enum dialect_id dialect, const struct upstream_model *t)
{
	int64_t longest = t->quirks.id_max;

	return (k->marks & wants(dialect, t)) ||
	       wants_limit(k, text, dialect, t) ||
	       (k->media &&
		(dialect == DIALECT_OPENAI ? t->quirks.paired
					   : t->quirks.strict_messages)) ||
	       (k->legacy && dialect == DIALECT_OPENAI &&
		mend_legacy_wanted(&t->quirks)) ||
	       (k->blocks && dialect == DIALECT_OPENAI && t->quirks.paired) ||
	       (k->chats && t->quirks.no_foreign &&
		dialect == DIALECT_RESPONSES) ||
	       (dialect == DIALECT_OPENAI && longest &&
		(int64_t)k->longest > longest);
}

/* --- splices ------------------------------------------------------------- */

/* What is not there ("" of a member that is missing) has no place in it. */
static bool is_inside(const struct mend *m, const char *at, size_t del)
{
	uintptr_t from = (uintptr_t)m->text.p, to = from + m->text.n;

	return (uintptr_t)at >= from && (uintptr_t)at <= to &&
	       del <= to - (uintptr_t)at;
}

static void add(struct mend *m, const char *at, size_t del, struct span ins)
{
	if (!is_inside(m, at, del))
		return;
	if (m->n == m->cap) {
		size_t cap = m->cap ? 2 * m->cap : 64;
		struct splice *more = realloc(m->splices, cap * sizeof(*more));

		if (!more) {
			m->arena->full = true;
			return;
		}
		m->splices = more;
		m->cap = cap;
	}
	m->splices[m->n] = (struct splice){ .at = (size_t)(at - m->text.p),
					    .del = del,
					    .ins = ins,
					    .turn = m->n };
	m->n++;
}

void mend_replace(struct mend *m, struct span what, struct span by)
{
	add(m, what.p, what.n, by);
}

void mend_insert(struct mend *m, const char *at, struct span text)
{
	add(m, at, 0, text);
}

void mend_insert_moved(struct mend *m, const char *at, struct span part)
{
	size_t n = m->n;

	add(m, at, 0, SPAN(""));
	if (m->n > n)
		m->splices[n].moved = part;
}

void mend_put_first(struct mend *m, struct span object, struct span member)
{
	struct jwalk w = jwalk_in(object);
	size_t n = m->n;

	if (!jwalk_is_object(object))
		return;
	if (!jwalk_next(&w)) {
		mend_replace(m, object,
			     span_of(arena_fmt(m->arena, "{%.*s}",
					       SPAN_FMT(member))));
		return;
	}
	add(m, w.item.p, 0, member);
	if (m->n > n)
		m->splices[n].comma = true;
}

/* With the comma before it where something stays there, else with the one
 * behind: so any number of neighbours may go. */
void mend_cut(struct mend *m, struct jwalk *w)
{
	const char *from = w->kept ? w->before : w->item.p;
	const char *to = w->item.p + w->item.n;

	if (!w->kept && jwalk_peek(w))
		to = jwalk_peek(w);
	add(m, from, (size_t)(to - from), SPAN(""));
	w->gone = true;
}

void mend_add(struct mend *m, const struct jwalk *w, struct span member)
{
	const char *at = w->item.p + w->item.n;

	mend_insert(m, at, SPAN(","));
	mend_insert(m, at, member);
}

bool mend_has_top(struct mend *m, const char *key)
{
	int *known = names_at(&m->tops, m->arena, span_of(key));

	if (!*known)
		*known = jwalk_get(m->text, key).n ? 1 : -1;
	return *known > 0;
}

struct span mend_key(struct mend *m, const struct jwalk *w)
{
	if (!w->object) /* a list where an object should be */
		return SPAN("");
	return jwalk_text(m->arena,
			  (struct span){ w->key.p - 1, w->key.n + 2 });
}

struct span mend_quoted(struct mend *m, struct span text)
{
	struct buf b;
	struct jw w = jw_to(&b);
	struct span out;

	buf_init(&b, REQUEST_TEXT_MAX);
	jw_str(&w, text);
	out = arena_all(m->arena, &b);
	if (b.full)
		m->arena->full = true;
	buf_release(&b);
	return out;
}

static void name_once(struct buf *list, const char *name)
{
	if (span_has(buf_get(list), span_of(name)))
		return;
	buf_fmt(list, "%s%s", list->n ? ", " : "", name);
}

void mend_note(struct mend *m, const char *name)
{
	name_once(&m->names, name);
}

void mend_dropped(struct mend *m, const char *name)
{
	name_once(&m->dropped, name);
}

/* By place; what begins with the larger range first, insertions before it. */
static int by_place(const void *a, const void *b)
{
	const struct splice *x = a, *y = b;

	if (x->at != y->at)
		return x->at < y->at ? -1 : 1;
	if (!x->del != !y->del)
		return x->del ? 1 : -1;
	if (x->del != y->del)
		return x->del > y->del ? -1 : 1;
	return x->turn < y->turn ? -1 : 1;
}

/* The first splice at or behind a place. */
static size_t first_from(const struct mend *m, size_t at)
{
	size_t from = 0, to = m->n;

	while (from < to) {
		size_t mid = from + (to - from) / 2;

		if (m->splices[mid].at < at)
			from = mid + 1;
		else
			to = mid;
	}
	return from;
}

/* Does its object end behind the splice, since all that was in it goes? */
static bool is_last(const struct mend *m, size_t i)
{
	size_t at = m->splices[i].at + m->splices[i].del;

	for (i++; i < m->n; i++) {
		const struct splice *s = &m->splices[i];

		if (s->at < at) /* within what is gone */
			continue;
		while (at < s->at && strchr(" \t\r\n", m->text.p[at]))
			at++;
		if (at < s->at || s->ins.n || s->moved.n)
			break;
		at += s->del;
	}
	return span_starts(span_trim(span_skip(m->text, at)), "}");
}

static void put_in(const struct mend *m, struct buf *out, size_t i)
{
	buf_span(out, m->splices[i].ins);
	if (m->splices[i].comma && !is_last(m, i))
		buf_byte(out, ',');
}

/* What stands at its beginning is about all of it: it goes from there. */
static void put_moved(const struct mend *m, struct buf *out, struct span part)
{
	size_t at = (size_t)(part.p - m->text.p), end = at + part.n;

	for (size_t i = first_from(m, at + 1); i < m->n; i++) {
		const struct splice *s = &m->splices[i];

		if (s->at >= end)
			break;
		if (s->at < at || s->at + s->del > end)
			continue;
		buf_add(out, m->text.p + at, s->at - at);
		put_in(m, out, i);
		at = s->at + s->del;
	}
	buf_add(out, m->text.p + at, end - at);
}

void mend_rename(struct mend *m, struct span value, const char *model)
{
	if (m->anew)
		value = jwalk_get(m->text, "model");
	mend_replace(m, value, mend_quoted(m, span_of(model)));
}

bool mend_any(const struct mend *m)
{
	return m->n || m->anew || m->arena->full || m->ill;
}

static int no_request(const struct mend *m, struct err *e)
{
	err_set(e, ERR_BAD_REQUEST, "%s", m->ill);
	snprintf(e->param, sizeof(e->param), "%s", m->ill_param);
	return -1;
}

int mend_apply(struct mend *m, struct buf *out, struct err *e)
{
	size_t at = 0;

	if (m->ill)
		return no_request(m, e);
	if (m->n)
		qsort(m->splices, m->n, sizeof(*m->splices), by_place);
	for (size_t i = 0; i < m->n; i++) {
		const struct splice *s = &m->splices[i];

		if (s->at < at) /* within what is gone */
			continue;
		buf_add(out, m->text.p + at, s->at - at);
		put_in(m, out, i);
		if (s->moved.n)
			put_moved(m, out, s->moved);
		at = s->at + s->del;
	}
	buf_span(out, span_skip(m->text, at));
	if (m->arena->full)
		return err_memory(e);
	return out->full ? err_full(e, out, ERR_TOO_BIG,
				    "the body is too large to be mended")
			 : 0;
}

bool mend_rebase(struct mend *m)
{
	struct err unused = { 0 };
	struct buf now;

	if (!m->n)
		return false;
	buf_init(&now, REQUEST_TEXT_MAX);
	m->arena->full |= mend_apply(m, &now, &unused) != 0;
	m->text = arena_all(m->arena, &now);
	m->tops = (struct names){ 0 };
	m->n = 0;
	m->anew = true;
	buf_release(&now);
	return true;
}

/* --- what the dialects' rules share --------------------------------------- */

void mend_ill_schema(struct mend *m, struct span schema)
{
	struct jwalk w = jwalk_in(schema);

	while (jwalk_is_object(schema) && jwalk_next(&w)) {
		if (jwalk_key_is(&w, "properties") &&
		    !jwalk_is_object(w.value) && mend_is_nothing(w.value))
			mend_replace(m, w.value, SPAN("{}"));
		else if (jwalk_key_is(&w, "required") &&
			 !jwalk_is_array(w.value))
			mend_cut(m, &w);
		else
			continue;
		mend_note(m, "schemas of tools");
	}
}

/* Some servers read a part by its text alone. */
static bool is_part(struct span part, bool strict)
{
	return jwalk_is_object(part) &&
	       (jwalk_is_string(jwalk_get(part, "type")) ||
		(!strict && jwalk_get(part, "text").n));
}

/* Is it content of another type, or with a list of parts that are none? */
static bool is_ill(struct span content, bool strict)
{
	struct jwalk w = jwalk_in(content);

	if (jwalk_is_object(content))
		return !is_part(content, strict);
	if (!jwalk_is_array(content))
		return content.n && !jwalk_is_string(content) &&
		       !span_is(content, "null");
	while (jwalk_next(&w))
		if (!jwalk_is_object(w.value) &&
		    (strict || !jwalk_is_string(w.value)))
			return true;
	return false;
}

static void refuse(struct mend *m, const char *param, const char *what)
{
	m->ill = what;
	m->ill_param = param;
}

/* The text, and the member that it is about. */
static void check_message(struct mend *m, const char *key, size_t i,
			  struct span message, bool strict)
{
	struct span role = jwalk_get(message, "role");
	int n = (int)i;

	if (!jwalk_is_object(message)) {
		if (*key == 'm')
			refuse(m, key,
			       arena_fmt(m->arena, "%s.%d is no object", key,
					 n));
		return;
	}
	if (role.n && !jwalk_is(role, "tool") && !jwalk_is(role, "function") &&
	    is_ill(jwalk_get(message, "content"), strict))
		refuse(m, arena_fmt(m->arena, "%s.%d.content", key, n),
		       arena_fmt(m->arena, "%s.%d: " CHAT_NO_CONTENT, key, n));
}

void mend_check_content(struct mend *m, const char *key, bool strict)
{
	struct span list = jwalk_get(m->text, key);
	struct jwalk w = jwalk_in(list);

	if (*key == 'm' && list.n && !jwalk_is_array(list))
		refuse(m, key, "messages must be a list");
	for (size_t i = 0; jwalk_is_array(list) && !m->ill && jwalk_next(&w);
	     i++)
		check_message(m, key, i, w.value, strict);
}

bool mend_is_nothing(struct span value)
{
	struct jwalk w = jwalk_in(value);

	return !value.n || span_is(value, "null") ||
	       ((jwalk_is_array(value) || jwalk_is_object(value)) &&
		!jwalk_peek(&w));
}

void mend_id(struct mend *m, struct span value, struct span now)
{
	if (jwalk_is(value, "") ? !now.n
				: span_eq(jwalk_text(m->arena, value), now))
		return;
	mend_replace(m, value, mend_quoted(m, now));
	mend_note(m, "tool ids");
}

void mend_lonely(struct mend *m, bool call)
{
	mend_note(m, call ? "calls without results" : "results without calls");
	mend_dropped(m, call ? "a tool call without its output"
			     : "a tool output without its call");
}

struct seal mend_open(struct mend *m, struct span value)
{
	return seal_open(m->arena, jwalk_text(m->arena, value));
}

bool mend_unseal(struct mend *m, struct span value, enum seal_kind kind)
{
	struct seal s = mend_open(m, value);
	const struct upstream_model *t = m->target;

	if (s.kind != kind || !seal_is_of(&s, t->origin))
		return false;
	mend_replace(m, value, mend_quoted(m, s.original));
	return true;
}

void mend_limit(struct mend *m, struct span value)
{
	int64_t min = m->target->quirks.min_tokens;
	char *end;
	long n = value.n ? strtol(value.p, &end, 10) : -1;

	if (n < 0 || n >= min || end != value.p + value.n)
		return;
	mend_replace(m, value, span_of(arena_fmt(m->arena, "%d", (int)min)));
	mend_note(m, "limit of the answer");
}
