/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "dialect/item-seal.h"

#include "base/jw.h"
#include "dialect/anthropic-write.h"
#include "dialect/peek.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/*
 * A line for each item: "r" reasoning, "s" a search, "m ID BYTES PHASE" a text,
 * "c ID HASH" the call with that hash of the client's id. "-" is nothing. Of
 * Messages: "t" thinking, "d" redacted thinking, and before the text that it
 * belongs to "q JSON", a citation.
 */

#define NOTES_MAX (256u << 10) /* bytes */
#define LINES_MAX 4096
#define STEP 16 /* bytes that going past a part is worth */

void item_notes_init(struct item_notes *n)
{
	memset(n, 0, sizeof(*n));
	n->said = seal_hash(0, SPAN(""));
	buf_init(&n->lines, NOTES_MAX);
}

void item_notes_release(struct item_notes *n)
{
	buf_release(&n->lines);
}

static struct span word(struct span s)
{
	return seal_is_clean(s) ? s : SPAN("-");
}

static void take_text(struct item_notes *n, const struct ev *v)
{
	if (v->kind == EV_OPEN) {
		n->text = 0;
	} else if (v->kind == EV_DELTA) {
		n->said = seal_hash(n->said, v->text);
		n->text += v->text.n;
	} else if (v->kind == EV_CLOSE) {
		n->wanted |= v->phase.n > 0 || (n->blocks && n->spoken);
		n->incomplete |= !v->item.n && !n->blocks;
		n->spoken = true;
		buf_fmt(&n->lines, "m %.*s %zu %.*s\n", SPAN_FMT(word(v->item)),
			n->text, SPAN_FMT(word(v->phase)));
	}
}

static void take_citation(struct item_notes *n, const struct citation *c)
{
	struct jw w = jw_to(&n->lines);

	if (!c->opaque.n) /* nothing to bring home */
		return;
	n->wanted = true;
	buf_str(&n->lines, "q ");
	anthropic_citation(&w, c);
	buf_byte(&n->lines, '\n');
}

/* Of Messages. */
static void take_thinking(struct item_notes *n, bool redacted)
{
	n->wanted |= n->spoken;
	buf_str(&n->lines, redacted ? "d\n" : "t\n");
}

void item_notes_take(struct item_notes *n, const struct ev *v, struct span id)
{
	if (!n->on)
		return;
	if (v->kind == EV_CITE && n->blocks) {
		take_citation(n, v->cite);
		return;
	}
	if (v->kind == EV_SEARCH) {
		buf_str(&n->lines, "s\n");
		return;
	}
	if (v->kind != EV_OPEN && v->kind != EV_DELTA && v->kind != EV_CLOSE)
		return;
	if (v->part == PART_TEXT) {
		take_text(n, v);
	} else if (v->part == PART_REFUSAL) {
		n->incomplete = true;
	} else if (v->kind == EV_CLOSE && v->part == PART_TOOL_USE) {
		buf_fmt(&n->lines, "c %.*s %" PRIx64 "\n",
			SPAN_FMT(word(v->item)), seal_hash(0, id));
	} else if (v->kind == EV_CLOSE && n->blocks) {
		take_thinking(n, v->part == PART_REDACTED);
	} else if (v->kind == EV_CLOSE && v->seal == SEAL_OPENAI) {
		n->wanted = true;
		buf_str(&n->lines, "r\n");
	}
}

struct span item_notes_get(const struct item_notes *n)
{
	if (!n->wanted || n->incomplete || n->lines.full)
		return SPAN("");
	return buf_get(&n->lines);
}

/* --- back ---------------------------------------------------------------- */

struct restore {
	struct chat *c;
	struct msg *m;
	/* What it was made of: behind the text `before`, in front of the text
	 * `end`. Neighbours of one role are one message by now. */
	struct part *before, *end;
	struct span text; /* of those between, joined */
	size_t at;        /* in it */
	struct part *first, **tail;
	struct part *from; /* where the next call is looked for */
	struct buf cites;  /* of the next text, as the items of a list */
	int n_cites;
};

static struct span given(struct span s)
{
	return span_is(s, "-") ? SPAN("") : s;
}

static struct part *text_behind(const struct msg *m, const struct part *p)
{
	struct part *next = p ? p->next : m->parts;

	while (next && next->kind != PART_TEXT)
		next = next->next;
	return next;
}

/* Nothing was said: the texts around are of others. */
static void find_silence(struct restore *x, const struct part *carrier)
{
	for (struct part *p = x->m->parts; p; p = p->next) {
		if (p->text.p == carrier->text.p)
			break;
		if (p->kind == PART_TEXT)
			x->before = p;
	}
	x->end = text_behind(x->m, x->before);
}

/* Is there as much left to look at? A step costs too, whatever it is over. */
static bool afford(size_t *left, size_t n)
{
	if (*left < n + STEP) {
		*left = 0;
		return false;
	}
	*left -= n + STEP;
	return true;
}

/* From the text behind x->before on: does it begin there? */
static bool begins_here(struct restore *x, uint64_t about, size_t *left)
{
	uint64_t hash = seal_hash(0, SPAN(""));
	struct part *p = x->before ? x->before->next : x->m->parts;

	for (; p; p = p->next) {
		if (p->kind == PART_TEXT && p->placed)
			return false;
		if (!afford(left, p->kind == PART_TEXT ? p->text.n : 0))
			return false;
		if (p->kind != PART_TEXT)
			continue;
		hash = seal_hash(hash, p->text);
		if (hash == about) {
			x->end = text_behind(x->m, p);
			return true;
		}
	}
	return false;
}

/* The texts with that hash; false: the client has changed what was said. */
static bool find_said(struct restore *x, const struct part *carrier,
		      size_t *left)
{
	if (carrier->about == seal_hash(0, SPAN(""))) {
		find_silence(x, carrier);
		return true;
	}
	do {
		if (begins_here(x, carrier->about, left))
			return true;
		x->before = text_behind(x->m, x->before);
	} while (x->before && *left);
	return false;
}

static struct part *first_of(const struct restore *x)
{
	return x->before ? x->before->next : x->m->parts;
}

static struct span joined(struct restore *x)
{
	struct span out;
	struct buf b;

	buf_init(&b, REQUEST_TEXT_MAX);
	for (const struct part *p = first_of(x); p != x->end; p = p->next)
		if (p->kind == PART_TEXT)
			buf_span(&b, p->text);
	if (b.full)
		x->c->arena->full = true;
	out = arena_all(x->c->arena, &b);
	buf_release(&b);
	return out;
}

static struct part *find_call(struct restore *x, struct span hash)
{
	uint64_t want = strtoull(hash.p, NULL, 16);
	struct part *p = x->from ? x->from : x->m->parts, *begin = p;

	while (p) {
		x->from = p->next;
		if (p->kind == PART_TOOL_USE && seal_hash(0, p->id) == want)
			return p;
		p = p->next ? p->next : x->m->parts;
		if (p == begin)
			break;
	}
	return NULL;
}

/* The next one that is not in its place yet. */
static struct part *find_kind(struct restore *x, enum seal_kind seal)
{
	struct part *p = first_of(x);

	while (p && (p->seal != seal || p->foreign || p->gone))
		p = p->next;
	return p;
}

static struct part *next_text(struct restore *x, struct span bytes)
{
	struct part *p = arena_try(x->c->arena, sizeof(*p));
	size_t n = strtoull(bytes.p, NULL, 10);

	if (!p || n > x->text.n - x->at)
		return NULL;
	p->kind = PART_TEXT;
	p->placed = true;
	p->text = (struct span){ x->text.p + x->at, n };
	x->at += n;
	return p;
}

static void add_citation(struct restore *x, struct span json)
{
	if (!peek_is_object(json)) /* no seal of ours */
		return;
	buf_str(&x->cites, x->n_cites++ ? "," : "");
	buf_span(&x->cites, json);
}

/* They belong to this text. */
static void put_citations(struct restore *x, struct part *p)
{
	if (x->cites.full)
		x->c->arena->full = true;
	p->cites = arena_all(x->c->arena, &x->cites);
	x->c->citations -= x->n_cites;
	x->n_cites = 0;
	buf_reset(&x->cites);
}

/* The part that a line tells of; NULL: there is none. */
static struct part *part_of(struct restore *x, struct span line, bool texts)
{
	struct span kind = span_cut(&line, ' ');
	struct span json = line;
	struct span id = given(span_cut(&line, ' '));
	struct span what = span_cut(&line, ' ');
	struct part *p = NULL;

	if (span_is(kind, "r"))
		return find_kind(x, SEAL_OPENAI);
	if (span_is(kind, "s"))
		return find_kind(x, SEAL_SEARCH);
	if (span_is(kind, "t"))
		return find_kind(x, SEAL_CLAUDE);
	if (span_is(kind, "d"))
		return find_kind(x, SEAL_REDACTED);
	if (span_is(kind, "q") && texts)
		add_citation(x, json);
	if (span_is(kind, "c"))
		p = find_call(x, what);
	else if (span_is(kind, "m") && texts)
		p = next_text(x, what);
	if (!p)
		return NULL;
	p->item = id;
	if (p->kind == PART_TEXT) {
		p->phase = given(line);
		put_citations(x, p);
	}
	return p;
}

/* A copy, for the old list is gone through all the while. */
static void put(struct restore *x, struct part *p)
{
	struct part *copy = arena_try(x->c->arena, sizeof(*copy));

	if (!copy)
		return;
	*copy = *p;
	copy->next = NULL;
	p->gone = true;
	*x->tail = copy;
	x->tail = &copy->next;
}

/* What of the message is not in its place: texts stay where others said them.
 */
static void put_rest(struct restore *x, struct part *p, const struct part *end)
{
	for (; p && p != end; p = p->next)
		if (!p->gone && p->kind != PART_TEXT)
			put(x, p);
	for (; p; p = p->next)
		if (!p->gone)
			put(x, p);
}

void item_notes_restore(struct chat *c, struct msg *m,
			const struct part *carrier, size_t *left)
{
	struct restore x = { .c = c, .m = m };
	bool same = find_said(&x, carrier, left);
	struct span lines = carrier->text;

	if (same)
		x.text = joined(&x);
	x.tail = &x.first;
	buf_init(&x.cites, NOTES_MAX);
	for (int i = 0; lines.n && i < LINES_MAX; i++) {
		struct part *p = part_of(&x, span_cut(&lines, '\n'), same);

		if (p && same && !p->gone)
			put(&x, p);
	}
	buf_release(&x.cites);
	if (!same || x.at < x.text.n) /* said by nobody */
		return;
	put_rest(&x, first_of(&x), x.end);
	if (x.before)
		x.before->next = x.first;
	else
		m->parts = x.first;
	m->tail = x.first || !x.before ? x.tail : &x.before->next;
}
