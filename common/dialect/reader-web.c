/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "dialect/reader-web.h"

#include "base/utf8.h"

/* --- citations ----------------------------------------------------------- */

void reader_count(struct reader *r, struct slot *s, struct span text)
{
	int64_t n;

	if (s->kind != PART_TEXT)
		return;
	n = (int64_t)utf8_chars(text);
	s->chars += n;
	r->chars += n;
}

void reader_cite(struct reader *r, struct slot *s, struct citation c)
{
	struct citation *kept;

	if (!s || s->ended || r->cites == READER_CITES_MAX) {
		reader_dropped(r, SPAN("url_citation"));
		return;
	}
	r->cites++;
	kept = arena_take(r->arena, sizeof(*kept));
	*kept = c;
	kept->url = arena_span(r->arena, c.url);
	kept->title = arena_span(r->arena, c.title);
	kept->quote = arena_span(r->arena, c.quote);
	kept->opaque = arena_span(r->arena, c.opaque);
	*s->cites_tail = kept;
	s->cites_tail = &kept->next;
}

void reader_annotation(struct reader *r, struct slot *s, const struct jval *o)
{
	struct span type = jval_str(o, "type");
	const struct jval *inner = jval_get(o, "url_citation");
	int64_t base = s ? s->base : 0;
	struct citation c;

	if (!span_is(type, "url_citation")) {
		reader_dropped(r, type.n ? type : SPAN("annotations"));
		return;
	}
	o = inner ? inner : o;
	c = (struct citation){ .url = jval_str(o, "url"),
			       .title = jval_str(o, "title"),
			       .from = jval_count(o, "start_index", 0) - base,
			       .to = jval_count(o, "end_index", 0) - base };
	reader_cite(r, s, c);
}

void reader_annotations(struct reader *r, struct slot *s,
			const struct jval *list)
{
	for (const struct jval *v = jval_items(list); v; v = jval_next(list, v))
		reader_annotation(r, s, v);
}

static int64_t within(int64_t at, const struct slot *s)
{
	return at < 0 ? 0 : at > s->chars ? s->chars : at;
}

int reader_give_cites(struct reader *r, struct slot *s, struct err *e)
{
	struct ev v = { .kind = EV_CITE, .part = s->kind };

	for (struct citation *c = s->cites; c; c = c->next) {
		c->from = within(c->from, s);
		c->to = within(c->to, s);
		c->before = r->closed;
		v.cite = c;
		if (r->sink(r->arg, &v, e))
			return -1;
	}
	return 0;
}

/* --- searches ------------------------------------------------------------ */

struct slot *reader_search(struct reader *r, int64_t key, struct span id,
			   struct err *e)
{
	struct slot *s = reader_open(r, PART_SEARCH, key, e);

	if (!s)
		return NULL;
	s->wanted = true;
	s->search = arena_take(r->arena, sizeof(*s->search));
	s->search->id = arena_span(r->arena, id);
	return s;
}

void reader_hits(struct reader *r, struct web_search *s,
		 const struct jval *list)
{
	size_t n = jval_length(list);

	s->hits = arena_take(r->arena, (n + 1) * sizeof(*s->hits));
	for (const struct jval *o = jval_items(list); o;
	     o = jval_next(list, o)) {
		struct search_hit *hit = &s->hits[s->n];

		if (!jval_str(o, "url").n)
			continue;
		hit->url = arena_span(r->arena, jval_str(o, "url"));
		hit->title = arena_span(r->arena, jval_str(o, "title"));
		hit->age = arena_span(r->arena, jval_str(o, "page_age"));
		hit->opaque = arena_span(r->arena,
					 jval_str(o, "encrypted_content"));
		s->n++;
	}
}

/* What Anthropic's models ask for comes as a tool's input. */
static void read_query(struct reader *r, struct slot *s)
{
	struct span text = s->given ? span_of(s->given) : buf_get(&s->pending);
	struct err unused;
	struct jdoc d;

	if (s->search->query.n || !text.n)
		return;
	jdoc_init(&d);
	s->search->query = arena_span(
		r->arena, jval_str(jdoc_read(&d, text, &unused), "query"));
	jdoc_release(&d);
}

int reader_give_search(struct reader *r, struct slot *s, struct err *e)
{
	struct ev v = { .kind = EV_SEARCH, .part = PART_SEARCH };

	read_query(r, s);
	s->given = NULL;
	s->half_len = 0;
	v.search = s->search;
	if (reader_start(r, e))
		return -1;
	return r->sink(r->arg, &v, e);
}

/* By the names that its provider has for it. */
void reader_unsaid(struct reader *r, const struct dialect *client,
		   const struct ev *v)
{
	const struct web_search *s = v->search;

	if (v->kind != EV_SEARCH || (client->says && client->says(s)))
		return;
	if (s->item.n) {
		reader_dropped(r, SPAN("web_search_call"));
		return;
	}
	reader_dropped(r, SPAN("server_tool_use"));
	reader_dropped(r, SPAN("web_search_tool_result"));
}
